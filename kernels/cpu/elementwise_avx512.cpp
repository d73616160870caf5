#include "kernels/cpu/elementwise_impl.h"
