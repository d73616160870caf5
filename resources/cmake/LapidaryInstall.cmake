# cmake --install and CPack of the headless program: bin/lapidary, below share/lapidary the demo model, and below lib/lapidary the
# libraries of LibTorch and Arrow in the layout of their wheels, which their own RPATHs want.  Everything is found relative to the program, so the folder may be moved.
include(GNUInstallDirs)
set(private "lib/lapidary")
file(RELATIVE_PATH to_private "/${CMAKE_INSTALL_BINDIR}" "/${private}")
set_target_properties(lapidary PROPERTIES
  INSTALL_RPATH "$ORIGIN/${to_private}/torch/lib;$ORIGIN/${to_private}/nvidia/cu13/lib;$ORIGIN/${to_private}/pyarrow")
install(TARGETS lapidary RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT headless)
install(FILES "${LAPIDARY_TORCH_DIR}/torch/lib/libtorch_cpu.so" "${LAPIDARY_TORCH_DIR}/torch/lib/libc10.so"
              "${LAPIDARY_TORCH_DIR}/torch/lib/libgomp.so.1"
        DESTINATION "${private}/torch/lib" COMPONENT headless)
install(FILES "${LAPIDARY_TORCH_DIR}/nvidia/cu13/lib/libcudart.so.13" "${LAPIDARY_TORCH_DIR}/nvidia/cu13/lib/libcupti.so.13"
        DESTINATION "${private}/nvidia/cu13/lib" COMPONENT headless)
install(FILES "${LAPIDARY_ARROW_LIBRARY}" "${LAPIDARY_PARQUET_LIBRARY}" DESTINATION "${private}/pyarrow" COMPONENT headless)
# What is shipped beside the program; a build tree shows it in the same place (core/shared/base/shipped_files.h).
install(DIRECTORY "${PROJECT_SOURCE_DIR}/resources/demo/model/" DESTINATION share/lapidary/demo COMPONENT headless)
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/share/lapidary")
file(CREATE_LINK "${PROJECT_SOURCE_DIR}/resources/demo/model" "${PROJECT_BINARY_DIR}/share/lapidary/demo" SYMBOLIC)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/resources/demo/pictures/images/" DESTINATION share/lapidary/examples COMPONENT headless)
file(CREATE_LINK "${PROJECT_SOURCE_DIR}/resources/demo/pictures/images" "${PROJECT_BINARY_DIR}/share/lapidary/examples" SYMBOLIC)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/README.md" "${PROJECT_SOURCE_DIR}/CHANGELOG.md"
        DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT headless)

# The window finds its engine beside itself (gui/engine_client) and Qt in the system.
if(LAPIDARY_GUI)
  install(TARGETS lapidary_desktop RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT desktop)
  install(FILES "${PROJECT_SOURCE_DIR}/installer/lapidary.desktop" DESTINATION share/applications COMPONENT desktop)
  install(FILES "${PROJECT_SOURCE_DIR}/installer/lapidary.metainfo.xml" DESTINATION share/metainfo COMPONENT desktop)
  install(FILES "${PROJECT_SOURCE_DIR}/resources/icons/lapidary.svg" DESTINATION share/icons/hicolor/scalable/apps COMPONENT desktop)
endif()

# Core for other programs: cmake --install --component development, then find_package(lapidary) and lapidary::engine_session.  Only
# what lies in core and kernels; neither LibTorch nor Arrow is copied, both are found again by LAPIDARY_TORCH_DIR.
function(collect_libraries folder result)
  get_property(targets DIRECTORY "${folder}" PROPERTY BUILDSYSTEM_TARGETS)
  list(FILTER targets INCLUDE REGEX "^lapidary_")
  foreach(target ${targets})
    get_target_property(type ${target} TYPE)
    if(type MATCHES "STATIC_LIBRARY|INTERFACE_LIBRARY")
      list(APPEND ${result} ${target})
    endif()
  endforeach()
  set(${result} ${${result}} PARENT_SCOPE)
endfunction()
get_property(folders DIRECTORY PROPERTY SUBDIRECTORIES)
list(FILTER folders INCLUDE REGEX "^${PROJECT_SOURCE_DIR}/(core|kernels)")
set(core_libraries lapidary_warnings)
foreach(folder ${folders})
  collect_libraries("${folder}" core_libraries)
endforeach()
set_target_properties(lapidary_warnings PROPERTIES EXPORT_NAME warnings)
set(cmake_folder "${CMAKE_INSTALL_LIBDIR}/cmake/lapidary")
install(TARGETS ${core_libraries} EXPORT lapidaryTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}/lapidary" COMPONENT development)
install(EXPORT lapidaryTargets NAMESPACE lapidary:: DESTINATION "${cmake_folder}" COMPONENT development)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/core" "${PROJECT_SOURCE_DIR}/kernels" DESTINATION include/lapidary COMPONENT development
        FILES_MATCHING PATTERN "*.h")
include(CMakePackageConfigHelpers)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/lapidaryConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_SOURCE_DIR}/resources/cmake/lapidaryConfig.cmake" "${PROJECT_BINARY_DIR}/lapidaryConfigVersion.cmake"
              "${PROJECT_SOURCE_DIR}/resources/cmake/LapidaryTorch.cmake" "${PROJECT_SOURCE_DIR}/resources/cmake/LapidaryArrow.cmake"
        DESTINATION "${cmake_folder}" COMPONENT development)

set(CPACK_GENERATOR "TGZ;DEB")
set(CPACK_COMPONENTS_ALL headless)
if(LAPIDARY_GUI)
  list(APPEND CPACK_COMPONENTS_ALL desktop)
endif()
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_CONTACT "The Lapidary project")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_STRIP_FILES OFF)  # LibTorch's libraries come stripped as far as they may be
set(CPACK_DEBIAN_HEADLESS_PACKAGE_NAME lapidary-headless)
set(CPACK_DEBIAN_DESKTOP_PACKAGE_NAME lapidary-desktop)
set(CPACK_DEBIAN_DESKTOP_PACKAGE_DEPENDS "lapidary-headless (= ${PROJECT_VERSION}), libqt6sql6-sqlite, libqt6svg6, qt6-translations-l10n")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${LAPIDARY_TORCH_DIR}/torch/lib" "${LAPIDARY_TORCH_DIR}/nvidia/cu13/lib"
    "${LAPIDARY_TORCH_DIR}/pyarrow")
set(CPACK_THREADS 0)
include(CPack)
