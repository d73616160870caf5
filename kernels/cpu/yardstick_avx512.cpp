#include "kernels/cpu/yardstick_impl.h"
