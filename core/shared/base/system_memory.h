// Memory of the machine, as the kernel sees it.
#pragma once

#include <cstdint>

namespace lapidary {

// What programs can have now without swapping (MemAvailable of proc_meminfo(5)); 0 where the system does not tell.
std::int64_t availableMemoryBytes();

}  // namespace lapidary
