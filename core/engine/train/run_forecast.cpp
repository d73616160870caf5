#include "core/engine/train/run_forecast.h"

#include <algorithm>

#include "core/shared/plan/adapter_match.h"
#include "core/shared/plan/recipe_rules.h"

namespace lapidary::train {

ModelShapes shapesOf(const checkpoint::Checkpoint& checkpoint) {
    const auto tensors = checkpoint.tensors;
    return {checkpoint.config, checkpoint.untiedHead, [tensors](const plan::Parameter& parameter) {
                const auto tensor = tensors->tensor(parameter.name);
                return tensor ? static_cast<std::int64_t>(tensor->bytes.size()) : parameter.elements() * 2;
            }};
}

Result<plan::TrainingForecast> forecastRun(const plan::Recipe& recipe, const ModelShapes& shapes,
                                           const plan::SampleExtent& sample, std::int64_t threads) {
    ASSIGN_OR_RETURN(const plan::FreezePlan freeze, plan::freezePlan(recipe));
    plan::TrainingForecastSettings settings = plan::forecastSettings(recipe, freeze, sample);
    settings.threads = threads;
    settings.untiedHead = shapes.untiedHead;
    settings.weightBytes = shapes.weightBytes;
    plan::AdapterMatch match;
    if (recipe.peft) {
        const plan::AdapterSpec spec = plan::adapterSpec(*recipe.peft, freeze, shapes.config.isVisionLanguage());
        ASSIGN_OR_RETURN(match, plan::matchAdapter(spec, shapes.config, shapes.untiedHead));
        settings.adapter = &match;
        const bool changesTower = match.targetsIn(plan::Part::Vision) > 0 ||
                                  std::any_of(match.saved.begin(), match.saved.end(),
                                              [](const auto& each) { return each.part == plan::Part::Vision; });
        if (changesTower) settings.visionStatesCached = false;
    }
    return plan::forecastTraining(shapes.config, settings);
}

}  // namespace lapidary::train
