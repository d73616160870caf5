#include "kernels/cpu/interval_attention_backward_impl.h"
