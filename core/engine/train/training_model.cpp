#include "core/engine/train/training_model.h"

#include <ATen/TensorOperators.h>

#include <map>
#include <utility>

#include "core/data/checkpoint/hf_writer.h"
#include "core/data/checkpoint/peft_adapter.h"
#include "core/engine/train/trainer.h"
#include "core/shared/plan/adapter_match.h"
#include "core/shared/plan/parameter_table.h"
#include "core/shared/plan/recipe_rules.h"

namespace lapidary::train {
namespace {

double factorOf(const plan::LearningRateFactors& factors, plan::Part part) {
    switch (part) {
        case plan::Part::Language: return factors.language;
        case plan::Part::Vision: return factors.vision;
        case plan::Part::Projection: return factors.projection;
    }
    return 1.0;
}

std::map<std::string, plan::Parameter> tableOf(const session::OpenedCheckpoint& opened) {
    std::map<std::string, plan::Parameter> table;
    for (plan::Parameter& parameter : plan::parameterTable(opened.config(), opened.checkpoint.untiedHead)) {
        const std::string name = parameter.name;
        table.emplace(name, std::move(parameter));
    }
    return table;
}

const char* dtypeOf(kernels::BlockFormat format) {
    switch (format) {
        case kernels::BlockFormat::BF16: return "BF16";
        case kernels::BlockFormat::F16: return "F16";
        default: return "F32";
    }
}

at::ScalarType scalarOf(kernels::BlockFormat format) {
    switch (format) {
        case kernels::BlockFormat::BF16: return at::kBFloat16;
        case kernels::BlockFormat::F16: return at::kHalf;
        default: return at::kFloat;
    }
}

checkpoint::TensorToStore learned(const std::string& name, const at::Tensor& values, const checkpoint::StoredTensor& stored) {
    const at::ScalarType type = scalarOf(stored.format);
    return {name, dtypeOf(stored.format), stored.shape, [values, type](const auto& append) {
                const at::Tensor rounded = values.detach().to(at::kCPU, type).contiguous();
                return append(
                    {static_cast<const std::byte*>(rounded.const_data_ptr()), static_cast<std::size_t>(rounded.nbytes())});
            }};
}

bool trainsWeights(const plan::FreezePlan& plan) {
    return plan.trainsWeights(plan::Part::Language) || plan.trainsWeights(plan::Part::Vision) ||
           plan.trainsWeights(plan::Part::Projection);
}

// A fresh adapter beside the parts that learn by one.
Result<void> addAdapter(const plan::Recipe& recipe, TrainingModel& made) {
    const plan::AdapterSpec spec = plan::adapterSpec(*recipe.peft, made.plan, made.opened.config().isVisionLanguage());
    ASSIGN_OR_RETURN(model::Adapter adapter,
                     model::Adapter::create(*made.network, spec, static_cast<std::uint64_t>(recipe.rng.seed)));
    made.adapter = std::make_shared<model::Adapter>(std::move(adapter));
    for (TrainableParameter& parameter : adapterParameters(*made.adapter, recipe.optimizer.decayBiasAndNorm)) {
        parameter.lrFactor = factorOf(recipe.optimizer.lrFactors, parameter.part);
        made.trainableParameters += parameter.tensor.numel();
        made.parameters.push_back(std::move(parameter));
    }
    return {};
}

// Scenes are new each time: nothing of them would be asked for again.
Result<void> keepVisionStates(const plan::Recipe& recipe, TrainingModel& made, const std::filesystem::path& visionCache) {
    const bool again = recipe.dataset.cacheVisionFeatures && recipe.dataset.datasetType != plan::DatasetType::Scenes;
    if (!again || !made.opened.config().isVisionLanguage() || made.plan.vision != plan::Training::Frozen) return {};
    if (made.adapter != nullptr && made.adapter->changesTower()) return {};
    ASSIGN_OR_RETURN(const std::string hash, session::towerHash(*made.network, made.opened));
    const std::filesystem::path folder = visionCache.empty() ? session::VisionStateStore::defaultFolder() : visionCache;
    made.visionStates = std::make_shared<session::VisionStateStore>(folder, hash);
    return {};
}

}  // namespace

TrainableParameters adapterParameters(model::Adapter& adapter, bool decayAll) {
    TrainableParameters found;
    adapter.visitParameters([&](const std::string& name, at::Tensor& tensor) {
        const bool vision = name.find(".vision_tower.") != std::string::npos;
        const bool projection = name.find(".multi_modal_projector.") != std::string::npos;
        const plan::Part part = vision ? plan::Part::Vision : projection ? plan::Part::Projection : plan::Part::Language;
        // Vectors (magnitudes, saved norms and biases) do not decay, as in Megatron.
        found.push_back({name, tensor, part, decayAll || tensor.dim() > 1, 1.0});
    });
    return found;
}

Result<TrainingModel> openTrainingModel(const plan::Recipe& recipe, const std::string& modelPath,
                                        const std::filesystem::path& visionCache, at::Device device) {
    TrainingModel made;
    made.path = modelPath;
    ASSIGN_OR_RETURN(made.plan, plan::freezePlan(recipe));
    ASSIGN_OR_RETURN(const std::filesystem::path path, session::resolveModelPath(modelPath));
    ASSIGN_OR_RETURN(made.opened, session::openWithProcessor(path));
    const std::map<std::string, plan::Parameter> table = tableOf(made.opened);
    for (const auto& [name, parameter] : table) made.totalParameters += parameter.elements();
    model::LoadOptions options;
    options.storage = model::WeightStorage::Trainable;
    options.device = device;
    options.precision = recipe.mixedPrecision == plan::Precision::Float32 ? ops::Precision::Float32 : ops::Precision::BFloat16;
    options.learns = [&](const std::string& name) { return made.plan.trainsWeights(table.at(name).part); };
    ASSIGN_OR_RETURN(made.network, model::Gemma3VlModel::load(made.opened.config(), *made.opened.checkpoint.tensors, options));
    made.parameters = trainableParameters(*made.network, recipe.optimizer.decayBiasAndNorm);
    for (TrainableParameter& parameter : made.parameters) {
        parameter.lrFactor = factorOf(recipe.optimizer.lrFactors, parameter.part);
        made.trainableParameters += parameter.tensor.numel();
    }
    if (recipe.peft) RETURN_IF_ERROR(addAdapter(recipe, made));
    RETURN_IF_ERROR(keepVisionStates(recipe, made, visionCache));
    if (made.parameters.empty()) return Error{ErrorCode::Usage, "nothing of this model would learn", modelPath};
    return made;
}

Result<void> writeTrainedModel(const std::filesystem::path& folder, const TrainingModel& model) {
    if (model.adapter != nullptr) {
        RETURN_IF_ERROR(checkpoint::writePeftAdapter(folder / "adapter", model.adapter->toPeft(model.path)));
        if (!trainsWeights(model.plan)) return {};
    }
    std::map<std::string, at::Tensor> learnedTensors;
    for (const TrainableParameter& parameter : model.parameters) learnedTensors[parameter.name] = parameter.tensor;
    std::vector<checkpoint::TensorToStore> tensors;
    const checkpoint::TensorSource& source = *model.opened.checkpoint.tensors;
    for (const std::string& name : source.names()) {
        ASSIGN_OR_RETURN(const checkpoint::StoredTensor stored, source.tensor(name));
        if (const auto found = learnedTensors.find(name); found != learnedTensors.end()) {
            tensors.push_back(learned(name, found->second, stored));
        } else {
            ASSIGN_OR_RETURN(checkpoint::TensorToStore kept, checkpoint::storedAsIs(stored));
            tensors.push_back(std::move(kept));
        }
    }
    return checkpoint::writeHfFolder(folder / "model", model.opened.checkpoint, tensors);
}

}  // namespace lapidary::train
