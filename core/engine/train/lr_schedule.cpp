#include "core/engine/train/lr_schedule.h"

#include <cmath>
#include <numbers>
#include <string>

namespace lapidary::train {
namespace {

Error bad(const std::string& what) { return Error{ErrorCode::Usage, "learning-rate schedule: " + what, ""}; }

bool usable(double rate) { return std::isfinite(rate) && rate >= 0.0; }

}  // namespace

Result<void> LrSchedule::check() const {
    if (!usable(maximum) || !usable(minimum) || !usable(initial)) return bad("rates must be finite and not negative");
    if (minimum > maximum) {
        return bad("the minimum " + std::to_string(minimum) + " is above the maximum " + std::to_string(maximum));
    }
    if (warmupSteps < 0 || decaySteps < 0) return bad("step counts must not be negative");
    if (decay != Decay::Constant && warmupSteps >= decaySteps) {
        return bad("a warm-up of " + std::to_string(warmupSteps) + " steps does not end before the decay at step " +
                   std::to_string(decaySteps));
    }
    return {};
}

double LrSchedule::at(std::int64_t step) const {
    const auto n = static_cast<double>(step);
    const auto warm = static_cast<double>(warmupSteps);
    if (warmupSteps > 0 && step <= warmupSteps) return initial + (maximum - initial) * n / warm;
    if (decay == Decay::Constant) return maximum;
    if (step > decaySteps) return minimum;
    const double progress = (n - warm) / (static_cast<double>(decaySteps) - warm);
    const double left = decay == Decay::Linear ? 1.0 - progress : 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
    return minimum + left * (maximum - minimum);
}

}  // namespace lapidary::train
