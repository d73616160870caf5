#include "core/engine/session/model.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "core/data/checkpoint/non_finite.h"
#include "core/data/checkpoint/quantize_source.h"
#include "core/engine/ops/cuda_plugin.h"
#include "core/engine/session/forecast.h"
#include "core/shared/plan/parameter_table.h"

namespace lapidary::session {

Result<model::LoadOptions> loadOptionsOf(const ModelRequest& request) {
    model::LoadOptions options;
    ASSIGN_OR_RETURN(options.device, ops::resolveDevice(request.device));
    // A GPU computes in bfloat16 unless told otherwise; a CPU in float32 on weights as stored.
    if (request.dtype == "bfloat16" || (request.dtype == "auto" && !options.device.is_cpu())) {
        options.precision = ops::Precision::BFloat16;
    } else if (request.dtype != "auto" && request.dtype != "float32") {
        return Error{ErrorCode::Usage, "expected auto, float32 or bfloat16, found '" + request.dtype + "'", "--dtype"};
    }
    if (!request.quantize.empty()) {
        ASSIGN_OR_RETURN(options.quantize, checkpoint::parseQuantization(request.quantize));
    }
    return options;
}

Result<std::int64_t> resolveContext(const config::TextConfig& config, std::int64_t wanted, bool force) {
    if (wanted < 0) return Error{ErrorCode::Usage, "expected a number of tokens, found " + std::to_string(wanted), "--context"};
    if (wanted == 0) return config.maxPositionEmbeddings;
    if (wanted > config.maxPositionEmbeddings && !force) {
        return Error{ErrorCode::Usage,
                     "the model was made for at most " + std::to_string(config.maxPositionEmbeddings) + " tokens, asked for " +
                         std::to_string(wanted) + "; --force-context allows it",
                     "--context"};
    }
    return wanted;
}

Model::Model(OpenedCheckpoint opened, std::shared_ptr<model::Gemma3VlModel> network, AdapterSet adapters, ActiveAdapter active,
             std::int64_t contextTokens)
    : m_opened(std::move(opened)),
      m_network(std::move(network)),
      m_adapters(std::move(adapters)),
      m_active(std::move(active)),
      m_contextTokens(contextTokens) {}

Result<std::shared_ptr<const Model>> Model::load(const ModelRequest& request, const Progress& progress, std::stop_token stop) {
    const auto report = [&](const char* stage, double fraction) {
        if (progress) progress(stage, fraction);
    };
    if (request.threads < 0) return Error{ErrorCode::Usage, "expected a positive number of threads", "--threads"};
    ASSIGN_OR_RETURN(const model::LoadOptions options, loadOptionsOf(request));
    ASSIGN_OR_RETURN(const std::filesystem::path path, resolveModelPath(request.model));
    report("reading", 0.0);
    ASSIGN_OR_RETURN(OpenedCheckpoint opened, openWithProcessor(path, request.mmproj, request.tokenizer));
    ASSIGN_OR_RETURN(const std::int64_t context, resolveContext(opened.config().text, request.context, request.forceContext));
    // A NaN makes every answer nonsense without a word of its own: the load goes on, but says which tensors hold one.
    ASSIGN_OR_RETURN(const auto nonFinite, checkpoint::nonFiniteWarnings(*opened.checkpoint.tensors, stop));
    opened.warnings.insert(opened.warnings.end(), nonFinite.begin(), nonFinite.end());
    if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "opening the model was cancelled", ""};
    const auto cores = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
    at::set_num_threads(static_cast<int>(std::min<std::int64_t>(request.threads > 0 ? request.threads : cores, 1024)));
    report(options.quantize ? "quantising" : "loading", 0.5);
    ASSIGN_OR_RETURN(auto network, model::Gemma3VlModel::load(opened.config(), *opened.checkpoint.tensors, options));
    if (options.quantize) {
        const auto left = checkpoint::quantizeWarnings(opened.config(), opened.checkpoint.untiedHead, *options.quantize);
        opened.warnings.insert(opened.warnings.end(), left.begin(), left.end());
    }
    AdapterSet adapters(network);
    for (const std::string& folder : request.adapters) {
        const auto added = adapters.add(folder);
        if (!added) return added.error().within("--adapter");
        opened.warnings.insert(opened.warnings.end(), added->warnings.begin(), added->warnings.end());
    }
    ASSIGN_OR_RETURN(ActiveAdapter active, adapters.use(adapters.names()));
    report("loading", 1.0);
    std::shared_ptr<Model> model(
        new Model(std::move(opened), std::move(network), std::move(adapters), std::move(active), context));
    model->m_visionFolder = VisionStateStore::chosenFolder(request.visionCache);
    return std::shared_ptr<const Model>(std::move(model));
}

std::shared_ptr<const Model> Model::around(OpenedCheckpoint opened, std::shared_ptr<model::Gemma3VlModel> network,
                                           ActiveAdapter active, std::shared_ptr<VisionStateStore> visionStates) {
    AdapterSet adapters(network);
    const std::int64_t context = opened.config().text.maxPositionEmbeddings;
    std::shared_ptr<Model> model(
        new Model(std::move(opened), std::move(network), std::move(adapters), std::move(active), context));
    model->m_visionStates = std::move(visionStates);
    return model;
}

VisionStateStore* Model::visionStates(const std::stop_token& stop) const {
    if (m_visionStates != nullptr || m_visionFolder.empty()) return m_visionStates.get();
    auto hash = towerHash(*m_network, m_opened, stop);
    if (hash) m_visionStates = std::make_shared<VisionStateStore>(m_visionFolder, std::move(*hash));
    // A tower that cannot be read now is not asked again; one that was not read to its end is.
    if (hash || hash.error().code != ErrorCode::Cancelled) m_visionFolder.clear();
    return m_visionStates.get();
}

std::string Model::deviceName() const { return m_network->options().device.str(); }

std::string Model::dtypeName() const {
    return m_network->options().precision == ops::Precision::BFloat16 ? "bfloat16" : "float32";
}

std::string Model::quantizeName() const {
    const auto& format = m_network->options().quantize;
    return format ? checkpoint::quantizationName(*format) : "";
}

std::int64_t Model::parameters() const {
    std::int64_t count = 0;
    for (const plan::Parameter& parameter : plan::parameterTable(config(), m_opened.checkpoint.untiedHead))
        count += parameter.elements();
    return count;
}

std::int64_t Model::weightBytes() const {
    std::int64_t bytes = 0;
    for (const plan::Parameter& parameter : plan::parameterTable(config(), m_opened.checkpoint.untiedHead))
        bytes += heldBytes(*m_opened.checkpoint.tensors, parameter, m_network->options());
    return bytes;
}

}  // namespace lapidary::session
