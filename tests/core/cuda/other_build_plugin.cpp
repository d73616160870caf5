// A plug-in whose interface is of another build: it may not touch the struct.
#include "core/cuda/plugin_interface.h"

extern "C" std::int32_t lapidary_cuda_plugin(std::int32_t, lapidary::cuda::Plugin*) { return lapidary::cuda::kPluginAbi + 1; }
