#include "kernels/cpu/linear_rows_impl.h"
