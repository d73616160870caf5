// What is announced but not there: help texts and errors say it in the same words, and lose them at the same time.
#pragma once

namespace lapidary::session {

inline constexpr const char* kDemoNotYet = "the demo model (demo) is not part of this version yet";

}  // namespace lapidary::session
