#include "core/engine/train/training_state.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "core/data/files/safetensors_file.h"
#include "core/data/files/safetensors_writer.h"
#include "core/shared/base/file.h"
#include "core/shared/base/json.h"

namespace lapidary::train {
namespace {

constexpr const char* kTensors = "state.safetensors";
constexpr const char* kCounters = "state.json";
constexpr std::uint64_t kMaxStateBytes = 16 << 20;

std::string dtypeName(at::ScalarType type) {
    if (type == at::kFloat) return "F32";
    if (type == at::kBFloat16) return "BF16";
    return "U8";
}

// Every tensor of the state by its name in the file; parameters first.
std::vector<std::pair<std::string, at::Tensor>> allTensors(AdamW& optimizer) {
    std::vector<std::pair<std::string, at::Tensor>> tensors;
    for (const TrainableParameter& parameter : optimizer.parameters()) {
        tensors.emplace_back("parameter." + parameter.name, parameter.tensor.detach());
    }
    optimizer.visitState(
        [&](const std::string& name, at::Tensor& tensor) { tensors.emplace_back("optimizer." + name, tensor); });
    return tensors;
}

// Doubles as text that comes back bit for bit: JSON's shortest form does.
nlohmann::ordered_json toJson(const RunCounters& counters, std::int64_t updates) {
    nlohmann::ordered_json json{{"step", counters.step},
                                {"consumed_samples", counters.consumedSamples},
                                {"recent_loss", counters.recentLoss},
                                {"best_step", counters.bestStep},
                                {"evaluations_without_best", counters.evaluationsWithoutBest},
                                {"optimizer_updates", updates},
                                {"refused_steps", counters.troubles.refused},
                                {"out_of_memory_steps", counters.troubles.outOfMemory},
                                {"skipped_steps", counters.troubles.skipped},
                                {"rollbacks", counters.troubles.rollbacks},
                                {"lowered_learning_rates", counters.troubles.lowered},
                                {"spared_memory", counters.troubles.spared},
                                {"learning_rate_factor", counters.learningRateFactor},
                                {"micro_batch_parts", counters.microBatchParts},
                                {"recomputes", counters.recomputes}};
    if (counters.best) json["best"] = *counters.best;
    return json;
}

nlohmann::ordered_json toJson(const RunIdentity& identity) {
    return {{"recipe", identity.recipe},        {"data", identity.data},
            {"model", identity.model},          {"build", identity.build},
            {"world_size", identity.worldSize}, {"threads", identity.threads},
            {"device", identity.device}};
}

Result<Json> readState(const std::filesystem::path& folder) {
    ASSIGN_OR_RETURN(const std::string text, readFile(folder / kCounters, kMaxStateBytes));
    ASSIGN_OR_RETURN(Json json, parseJson(text, (folder / kCounters).string()));
    if (!json.is_object()) return Error{ErrorCode::InvalidData, "expected an object, found " + describeJson(json), kCounters};
    return json;
}

Error notSet(const std::string& key) { return Error{ErrorCode::InvalidData, "'" + key + "' is missing", kCounters}; }

Result<std::int64_t> integerOf(const Json& json, const std::string& key) {
    ASSIGN_OR_RETURN(const auto value, findInteger(json, key, kCounters));
    if (!value) return notSet(key);
    return *value;
}

// What was in the way and what was done about it; absent in checkpoints of before there were remedies.
Result<void> readTroubles(const Json& json, RunCounters& counters) {
    const std::pair<const char*, std::int64_t*> numbers[] = {
        {"refused_steps", &counters.troubles.refused},          {"out_of_memory_steps", &counters.troubles.outOfMemory},
        {"skipped_steps", &counters.troubles.skipped},          {"rollbacks", &counters.troubles.rollbacks},
        {"lowered_learning_rates", &counters.troubles.lowered}, {"spared_memory", &counters.troubles.spared},
        {"micro_batch_parts", &counters.microBatchParts}};
    for (const auto& [key, number] : numbers) {
        ASSIGN_OR_RETURN(const auto found, findInteger(json, key, kCounters));
        *number = found.value_or(*number);
    }
    ASSIGN_OR_RETURN(const auto factor, findNumber(json, "learning_rate_factor", kCounters));
    counters.learningRateFactor = factor.value_or(1.0);
    ASSIGN_OR_RETURN(const auto recomputes, findBool(json, "recomputes", kCounters));
    counters.recomputes = recomputes.value_or(false);
    return {};
}

Result<std::string> textOf(const Json& json, const std::string& key) {
    ASSIGN_OR_RETURN(const auto value, findString(json, key, kCounters));
    if (!value) return notSet(key);
    return *value;
}

}  // namespace

Result<void> saveTrainingState(const std::filesystem::path& folder, AdamW& optimizer, const RunCounters& counters,
                               const RunIdentity& identity) {
    std::vector<files::TensorToWrite> tensors;
    auto all = allTensors(optimizer);
    tensors.reserve(all.size());
    for (auto& [name, tensor] : all) {
        tensor = tensor.to(at::kCPU);  // itself where it is there
        tensors.push_back(
            {{name, dtypeName(tensor.scalar_type()), tensor.sizes().vec()},
             {static_cast<const std::byte*>(tensor.const_data_ptr()), static_cast<std::size_t>(tensor.nbytes())}});
    }
    RETURN_IF_ERROR(files::writeSafetensors(folder / kTensors, tensors));
    const nlohmann::ordered_json json{{"counters", toJson(counters, optimizer.updates())}, {"identity", toJson(identity)}};
    return writeFileAtomically(folder / kCounters, json.dump(1, ' ', false, Json::error_handler_t::replace));
}

Result<SavedState> readSavedState(const std::filesystem::path& folder) {
    ASSIGN_OR_RETURN(const Json json, readState(folder));
    for (const char* key : {"counters", "identity"}) {
        if (!json.contains(key) || !json[key].is_object()) return notSet(key);
    }
    const Json& counters = json["counters"];
    const Json& identity = json["identity"];
    SavedState state;
    ASSIGN_OR_RETURN(state.counters.step, integerOf(counters, "step"));
    ASSIGN_OR_RETURN(state.counters.consumedSamples, integerOf(counters, "consumed_samples"));
    ASSIGN_OR_RETURN(state.counters.bestStep, integerOf(counters, "best_step"));
    ASSIGN_OR_RETURN(state.counters.evaluationsWithoutBest, integerOf(counters, "evaluations_without_best"));
    ASSIGN_OR_RETURN(const auto recent, findNumber(counters, "recent_loss", kCounters));
    state.counters.recentLoss = recent.value_or(0.0);
    ASSIGN_OR_RETURN(state.counters.best, findNumber(counters, "best", kCounters));
    RETURN_IF_ERROR(readTroubles(counters, state.counters));
    ASSIGN_OR_RETURN(state.identity.recipe, textOf(identity, "recipe"));
    ASSIGN_OR_RETURN(state.identity.data, textOf(identity, "data"));
    ASSIGN_OR_RETURN(state.identity.model, textOf(identity, "model"));
    ASSIGN_OR_RETURN(state.identity.build, textOf(identity, "build"));
    ASSIGN_OR_RETURN(state.identity.worldSize, integerOf(identity, "world_size"));
    ASSIGN_OR_RETURN(state.identity.threads, integerOf(identity, "threads"));
    ASSIGN_OR_RETURN(state.identity.device, textOf(identity, "device"));
    return state;
}

Result<void> restoreTrainingState(const std::filesystem::path& folder, AdamW& optimizer) {
    const c10::AutoGradMode noGradient(false);
    ASSIGN_OR_RETURN(const Json json, readState(folder));
    if (!json.contains("counters")) return notSet("counters");
    ASSIGN_OR_RETURN(const std::int64_t updates, integerOf(json["counters"], "optimizer_updates"));
    ASSIGN_OR_RETURN(const auto file, files::SafetensorsFile::open(folder / kTensors));
    auto all = allTensors(optimizer);
    const auto differs = [&](const std::string& what) {
        return Error{ErrorCode::InvalidData, what, (folder / kTensors).string()};
    };
    for (const auto& [name, tensor] : all) {
        const files::SafetensorsTensor* const stored = file->find(name);
        if (stored == nullptr) return differs("'" + name + "' learns in this run and is not in the checkpoint");
        if (stored->shape != tensor.sizes().vec() || stored->dtype != dtypeName(tensor.scalar_type())) {
            return differs("'" + name + "' has another shape or type than in this run");
        }
    }
    if (file->tensors().size() != all.size()) return differs("the checkpoint holds tensors that do not learn in this run");
    for (auto& [name, tensor] : all) {
        const auto bytes = file->bytes(*file->find(name));
        if (tensor.is_cpu()) {
            std::memcpy(tensor.mutable_data_ptr(), bytes.data(), bytes.size());
        } else {
            at::Tensor stored = at::empty(tensor.sizes(), at::TensorOptions(tensor.scalar_type()));
            std::memcpy(stored.mutable_data_ptr(), bytes.data(), bytes.size());
            tensor.copy_(stored);
        }
    }
    optimizer.setUpdates(updates);
    return {};
}

}  // namespace lapidary::train
