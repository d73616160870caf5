# Writes OUTPUT, a header with the commit that is being built; leaves it untouched where nothing changed.
# Run at build time: cmake -DSOURCE_DIR=… -DOUTPUT=… -P WriteCommit.cmake
set(commit "unknown")
find_program(GIT git)
if(GIT AND EXISTS "${SOURCE_DIR}/.git")
  execute_process(COMMAND "${GIT}" -C "${SOURCE_DIR}" rev-parse --short=12 HEAD
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "#pragma once\n#define LAPIDARY_COMMIT \"${commit}\"\n")
