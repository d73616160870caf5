# Helpers so that every module is declared the same way: listed sources, an alias, warnings, no globs.

# lapidary_library(engine_model SOURCES a.cpp b.cpp PUBLIC lapidary::x PRIVATE lapidary::y)
function(lapidary_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  set(target lapidary_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(lapidary::${name} ALIAS ${target})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include/lapidary>)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE} lapidary::warnings)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON EXPORT_NAME ${name})
endfunction()

# lapidary_gui_library(gui_chat SOURCES a.h a.cpp PUBLIC Qt6::Core): the same, with Qt's code generators; headers with Q_OBJECT are listed.
function(lapidary_gui_library name)
  lapidary_library(${name} ${ARGN})
  set_target_properties(lapidary_${name} PROPERTIES AUTOMOC ON)
endfunction()

# lapidary_test(data_files LABELS unit SOURCES a_test.cpp LIBS lapidary::data_files)
# One executable a module; every test case becomes a ctest entry with the given labels.  PROCESSORS 2 for tests that keep both cores
# busy: two such side by side would mostly wait for each other's threads.
function(lapidary_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;PROCESSORS" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT ARG_PROCESSORS)
    set(ARG_PROCESSORS 1)
  endif()
  set(target test_${name})
  add_executable(${target} ${ARG_SOURCES})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE ${ARG_LIBS} lapidary::test_support GTest::gtest GTest::gtest_main
                                          lapidary::warnings)
  # Without NO_PRETTY_VALUES the printed value, for a pointer an address, becomes part of the test's name.
  gtest_discover_tests(${target} NO_PRETTY_VALUES PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT} PROCESSORS ${ARG_PROCESSORS}
                       DISCOVERY_TIMEOUT 60)
endfunction()
