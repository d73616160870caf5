#include "core/engine/train/objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/isfinite.h>
#include <c10/core/GradMode.h>

#include <cstdlib>
#include <sstream>
#include <utility>

#include "core/engine/distributed/agreement.h"
#include "core/engine/train/blockwise_loss.h"

namespace lapidary::train {

void Tally::add(const Tally& other) {
    lossSum += other.lossSum;
    targets += other.targets;
    for (const auto& [kind, count] : other.kinds) {
        kinds[kind].right += count.right;
        kinds[kind].asked += count.asked;
    }
}

Result<Tally> Tally::sumOverRanks(distributed::ProcessGroup& group) const {
    if (group.size() == 1) return *this;
    std::ostringstream mine;
    mine << std::hexfloat << lossSum << ' ' << targets << '\n';
    for (const auto& [kind, count] : kinds) mine << count.right << ' ' << count.asked << ' ' << kind << '\n';
    ASSIGN_OR_RETURN(const std::vector<std::string> texts, distributed::gatherTexts(group, mine.str()));
    Tally all;
    for (const std::string& text : texts) {
        std::istringstream lines(text);
        Tally one;
        std::string loss;
        lines >> loss >> one.targets;
        one.lossSum = std::strtod(loss.c_str(), nullptr);  // streams cannot read hexfloat
        Count count;
        std::string kind;
        lines.ignore();
        while (lines >> count.right >> count.asked && lines.ignore() && std::getline(lines, kind)) one.kinds[kind] = count;
        all.add(one);
    }
    return all;
}

double Tally::accuracy() const {
    Count all;
    for (const auto& [kind, count] : kinds) {
        all.right += count.right;
        all.asked += count.asked;
    }
    return all.accuracy();
}

Result<model::ModelInput> AnswerObjective::inputOf(const MicroBatch& batch, const std::stop_token& stop) const {
    model::ModelInput input = batch.input;
    input.adapter = m_settings.adapter;
    if (m_settings.store == nullptr || !input.pixelValues.defined()) return input;
    ASSIGN_OR_RETURN(input.visionStates,
                     session::visionStates(m_model, input.pixelValues, batch.viewHashes, *m_settings.store, stop));
    input.pixelValues = at::Tensor();
    return input;
}

Result<double> AnswerObjective::accumulate(const MicroBatch& batch, double gradientScale, std::stop_token stop) {
    const c10::AutoGradMode gradients(true);
    if (batch.targets.numel() == 0) return 0.0;
    if (m_settings.adapter != nullptr) m_settings.adapter->setTraining(true, batch.seed);
    ASSIGN_OR_RETURN(model::ModelInput input, inputOf(batch, stop));
    input.checkpointActivations = m_settings.checkpointActivations;
    ASSIGN_OR_RETURN(const model::ModelOutput output, m_model.forward(input, std::move(stop)));
    LossRequest request;
    request.hidden = output.output;
    request.targets = batch.targets;
    request.softcap = m_model.softcap();
    request.gradientScale = gradientScale;
    request.blockBytes = m_settings.lossBlockBytes;
    const LossResult loss = blockwiseLoss(request, m_model.outputWeight(m_settings.adapter));
    if (output.output.requires_grad()) output.output.backward(loss.hiddenGradient);
    return loss.sum;
}

Result<AnswerPrediction> AnswerObjective::predict(const MicroBatch& batch, std::stop_token stop) const {
    if (m_settings.adapter != nullptr) m_settings.adapter->setTraining(false);
    ASSIGN_OR_RETURN(const model::ModelInput input, inputOf(batch, stop));
    return predictAnswers(m_model, input, batch.targets, m_settings.lossBlockBytes, std::move(stop));
}

Result<Tally> AnswerObjective::evaluate(const MicroBatch& batch, std::stop_token stop) const {
    if (batch.targets.numel() == 0) return Tally();
    ASSIGN_OR_RETURN(const AnswerPrediction found, predict(batch, std::move(stop)));
    return tallyOf(found, batch);
}

Result<AnswerPrediction> predictAnswers(const model::Gemma3VlModel& model, const model::ModelInput& input,
                                        const at::Tensor& targets, std::int64_t lossBlockBytes, std::stop_token stop) {
    const c10::AutoGradMode noGradients(false);
    ASSIGN_OR_RETURN(const model::ModelOutput output, model.forward(input, std::move(stop)));
    LossRequest request;
    request.hidden = output.output;
    request.targets = targets;
    request.softcap = model.softcap();
    request.wantsGradient = false;
    request.wantsPredictions = true;
    request.blockBytes = lossBlockBytes;
    LossResult loss = blockwiseLoss(request, model.outputWeight(input.adapter));
    return AnswerPrediction{std::move(loss.losses), std::move(loss.predictions), loss.sum};
}

Tally tallyOf(const AnswerPrediction& found, const MicroBatch& batch) {
    Tally tally;
    tally.lossSum = found.sum;
    tally.targets = batch.targets.numel();
    const std::int64_t* const expected = batch.targets.const_data_ptr<std::int64_t>();
    const std::int64_t* const given = found.predictions.const_data_ptr<std::int64_t>();
    std::int64_t at = 0;
    for (const TargetGroup& group : batch.groups) {
        bool right = true;
        for (std::int64_t end = at + group.targets; at < end; ++at) right = right && expected[at] == given[at];
        if (group.targets == 0) continue;
        Tally::Count& count = tally.kinds[group.kind];
        ++count.asked;
        count.right += right ? 1 : 0;
    }
    return tally;
}

// The same forward once more, a layer's output at a time.
std::string AnswerObjective::firstNotFinite(const MicroBatch& batch) const {
    const c10::AutoGradMode noGradients(false);
    const auto finite = [](const at::Tensor& values) { return at::isfinite(values).all().item<bool>(); };
    if (m_settings.adapter != nullptr) m_settings.adapter->setTraining(false);
    const auto input = inputOf(batch, {});
    if (!input) return {};
    model::SequenceInput sequence;
    if (input->visionStates.defined()) {
        const auto features = m_model.projectVisionStates(input->visionStates, m_settings.adapter);
        if (features) sequence.imageFeatures = *features;
    } else if (input->pixelValues.defined()) {
        const auto features =
            m_model.getImageFeatures(input->pixelValues, model::VisionOutputs::FeaturesOnly, {}, m_settings.adapter);
        if (features) sequence.imageFeatures = features->features;
    }
    if (sequence.imageFeatures.defined() && !finite(sequence.imageFeatures)) return "vision tower or projection";
    sequence.ids = input->inputIds;
    sequence.lastLogits = 0;
    sequence.hiddenStates = true;
    sequence.chunkTokens = sequence.ids.size(1);
    sequence.adapter = m_settings.adapter;
    model::KvCache cache = m_model.makeCache(sequence.ids.size(0), sequence.ids.size(1));
    const auto output = m_model.forward(sequence, cache);
    if (!output) return {};
    for (std::size_t i = 0; i < output->hiddenStates.size(); ++i) {
        if (!finite(output->hiddenStates[i])) return i == 0 ? "embedding" : "layers." + std::to_string(i - 1);
    }
    return "head";
}

}  // namespace lapidary::train
