#include "app/lapidary/bench_rounds.h"

#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "core/engine/ops/device_roofline.h"
#include "core/engine/session/forecast.h"
#include "core/engine/session/sequence.h"
#include "core/engine/session/to_error.h"
#include "core/shared/plan/parameter_table.h"

namespace lapidary::app {

double secondsSince(BenchClock::time_point start) { return std::chrono::duration<double>(BenchClock::now() - start).count(); }

// Decoding reads every weight of the text model once; of an embedding that is not the head, one row.  A prompt multiplies every
// matrix but the head, which serves its last token alone.
TextCost textCost(const session::Model& model) {
    TextCost cost;
    const bool untied = model.opened().checkpoint.untiedHead;
    for (const plan::Parameter& parameter : plan::parameterTable(model.config(), untied)) {
        if (parameter.part != plan::Part::Language) continue;
        const bool embedding = parameter.kind == plan::Kind::Embedding;
        const bool matrix = parameter.kind == plan::Kind::Matrix;
        const std::int64_t bytes = session::heldBytes(*model.opened().checkpoint.tensors, parameter, model.network().options());
        if (!(embedding && untied)) cost.bytesPerToken += static_cast<double>(bytes);
        if (matrix && parameter.name != plan::headName(model.config()))
            cost.flopsPerPromptToken += 2.0 * static_cast<double>(parameter.elements());
    }
    return cost;
}

Result<kernels::Roofline> rooflineOf(const session::Model& model) {
    const model::LoadOptions& options = model.network().options();
    if (options.device.is_cpu()) return kernels::measureRoofline(at::get_num_threads());
    try {
        return ops::measureDeviceRoofline(options.device, ops::scalarType(options.precision));
    } catch (const std::exception&) {
        return session::toError(std::current_exception());
    }
}

Result<void> textRound(const std::shared_ptr<const session::Model>& model, std::int64_t promptTokens, std::int64_t newTokens,
                       Measured& measured, const std::stop_token& stop) {
    const std::int64_t vocabulary = model->network().vocabSize();
    const auto idAt = [vocabulary](std::int64_t i) {
        return 1000 % vocabulary + (i * 7919) % std::max<std::int64_t>(1, vocabulary / 2 - 1000);
    };
    processor::ProcessedPrompt prompt;  // plain text: what the ids mean does not change the work
    prompt.ids.push_back(model->tokenizer().bosId());
    while (static_cast<std::int64_t>(prompt.ids.size()) < promptTokens)
        prompt.ids.push_back(idAt(static_cast<std::int64_t>(prompt.ids.size())));
    prompt.tokenTypeIds.assign(prompt.ids.size(), 0);
    session::Sequence sequence(model);
    session::ImageFeatureMemory memory;
    auto start = BenchClock::now();
    ASSIGN_OR_RETURN([[maybe_unused]] const auto prefill, sequence.prefill(prompt, memory, {}, stop));
    measured.prefill = std::min(measured.prefill, secondsSince(start));
    start = BenchClock::now();
    for (std::int64_t i = 0; i < newTokens; ++i) {
        ASSIGN_OR_RETURN([[maybe_unused]] const auto logits, sequence.append(idAt(i + promptTokens), stop));
    }
    measured.decode = std::min(measured.decode, secondsSince(start));
    return {};
}

Result<void> imageRound(const session::Model& model, Measured& measured, const std::stop_token& stop) {
    const std::int64_t size = model.config().vision->imageSize;
    const at::Tensor pixels = at::zeros({1, 3, size, size}, at::TensorOptions(at::kFloat));
    const auto start = BenchClock::now();
    ASSIGN_OR_RETURN(const model::ImageFeatures made,
                     model.network().getImageFeatures(pixels, model::VisionOutputs::FeaturesOnly, stop));
    static_cast<void>(made.features[0][0][0].item());  // a GPU works behind the calls: with a number the view is done
    measured.imageEncode = std::min(measured.imageEncode, secondsSince(start));
    return {};
}

}  // namespace lapidary::app
