#include "kernels/cpu/interval_attention_impl.h"
