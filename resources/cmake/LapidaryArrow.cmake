# Arrow and Parquet C++ from the pyarrow wheel, which lies beside LibTorch's (installer/setup.sh): headers, and two libraries without
# further dependencies.  The wheel has no CMake files and no libarrow.so link, so the targets are our own and named by full path.
set(arrow_folder "${LAPIDARY_TORCH_DIR}/pyarrow")
file(GLOB arrow_library "${arrow_folder}/libarrow.so.*")
file(GLOB parquet_library "${arrow_folder}/libparquet.so.*")
if(NOT arrow_library OR NOT parquet_library)
  message(FATAL_ERROR "Arrow was not found in '${arrow_folder}'.\n"
                      "Run 'bash installer/setup.sh', which adds the pyarrow wheel to the folder that holds LibTorch.")
endif()
list(GET arrow_library 0 LAPIDARY_ARROW_LIBRARY)
list(GET parquet_library 0 LAPIDARY_PARQUET_LIBRARY)

add_library(arrow_arrow SHARED IMPORTED GLOBAL)
set_target_properties(arrow_arrow PROPERTIES
  IMPORTED_LOCATION "${LAPIDARY_ARROW_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${arrow_folder}/include"
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${arrow_folder}/include")
add_library(arrow_parquet SHARED IMPORTED GLOBAL)
set_target_properties(arrow_parquet PROPERTIES
  IMPORTED_LOCATION "${LAPIDARY_PARQUET_LIBRARY}"
  INTERFACE_LINK_LIBRARIES arrow_arrow)
add_library(arrow::arrow ALIAS arrow_arrow)
add_library(arrow::parquet ALIAS arrow_parquet)
