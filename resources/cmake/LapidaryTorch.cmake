# LibTorch from the PyPI wheel, by imported targets of our own: find_package(Torch) needs a CUDA toolkit and drops C++20.
# Only the CPU half is linked (libtorch_cpu, libc10); the GPU half is opened at run time by the plug-in in core/cuda.
set(LAPIDARY_TORCH_DIR "$ENV{LAPIDARY_TORCH_DIR}" CACHE PATH "Folder that holds torch/ and nvidia/ (see installer/setup.sh)")
if(NOT LAPIDARY_TORCH_DIR)
  set(LAPIDARY_TORCH_DIR "$ENV{HOME}/.cache/lapidary/deps" CACHE PATH "" FORCE)
endif()
if(NOT EXISTS "${LAPIDARY_TORCH_DIR}/torch/lib/libtorch_cpu.so")
  message(FATAL_ERROR "LibTorch was not found in '${LAPIDARY_TORCH_DIR}'.\n"
                      "Run 'bash installer/setup.sh', or set LAPIDARY_TORCH_DIR to a folder that holds torch/lib/libtorch_cpu.so.")
endif()

# The wheel's include folder also ships fmt, pybind11 and protobuf, which would shadow the system's: stage four folders only.
set(staged "${PROJECT_BINARY_DIR}/torch-include")
file(MAKE_DIRECTORY "${staged}")
foreach(folder ATen c10 caffe2 torch)
  file(CREATE_LINK "${LAPIDARY_TORCH_DIR}/torch/include/${folder}" "${staged}/${folder}" SYMBOLIC)
endforeach()

add_library(torch_c10 SHARED IMPORTED GLOBAL)
set_target_properties(torch_c10 PROPERTIES
  IMPORTED_LOCATION "${LAPIDARY_TORCH_DIR}/torch/lib/libc10.so"
  INTERFACE_INCLUDE_DIRECTORIES "${staged};${staged}/torch/csrc/api/include"
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${staged};${staged}/torch/csrc/api/include")
add_library(torch_cpu SHARED IMPORTED GLOBAL)
set_target_properties(torch_cpu PROPERTIES
  IMPORTED_LOCATION "${LAPIDARY_TORCH_DIR}/torch/lib/libtorch_cpu.so"
  INTERFACE_LINK_LIBRARIES torch_c10)
add_library(torch::c10 ALIAS torch_c10)
add_library(torch::cpu ALIAS torch_cpu)
