// What LibTorch, OpenCV and the standard library throw, as an Error.  Used where exceptions end: here and in app/lapidary/main.
#pragma once

#include <exception>

#include "core/shared/base/error.h"

namespace lapidary::session {

// OutOfMemory for a failed allocation of any of them (also one too large to be possible); ChildDied for a device that was lost;
// Cancelled and other codes never come from exceptions; everything else is Internal, with the library's own words shortened to their
// first line.
Error toError(const std::exception_ptr& thrown);

}  // namespace lapidary::session
