#include "core/data/checkpoint/hf_checkpoint.h"

#include <map>
#include <nlohmann/json.hpp>

#include "core/data/checkpoint/shape_check.h"
#include "core/data/checkpoint/side_files.h"
#include "core/data/checkpoint/tensor_list.h"
#include "core/data/checkpoint/tensor_names.h"
#include "core/data/checkpoint/weight_files.h"
#include "core/data/files/block_format.h"
#include "core/data/files/safetensors_header.h"
#include "core/shared/plan/parameter_table.h"

namespace lapidary::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxConfigBytes = 16U << 20U;

struct RawTensor {
    ParsedName name;
    StoredTensor tensor;  // still under its stored name
};

Result<std::vector<RawTensor>> listTensors(const WeightFiles& weights, std::vector<std::string>& warnings) {
    std::vector<RawTensor> list;
    std::vector<std::string> integers;
    for (const auto& file : weights.files) {
        for (const files::SafetensorsTensor& tensor : file->tensors()) {
            RawTensor raw{parseTensorName(tensor.name), {}};
            if (raw.name.part == NamePart::Ignored) continue;
            const auto format = files::formatOfDtype(tensor.dtype);
            if (!format) {
                integers.push_back(tensor.name + " (" + tensor.dtype + ")");
                continue;
            }
            raw.tensor = {tensor.name, *format, tensor.shape, file->bytes(tensor), file->owner()};
            list.push_back(std::move(raw));
        }
    }
    if (!integers.empty()) {
        warnings.push_back(std::to_string(integers.size()) +
                           " tensors are not BF16, F16 or F32 and are ignored: " + someNames(integers));
    }
    return list;
}

// Two namings of one part in one checkpoint: half of it would silently come from another save.  Both are shown, none is picked.
Result<void> refuseMixedNamings(const std::vector<RawTensor>& list) {
    struct Seen {
        std::size_t count = 0;
        std::string example;
    };
    std::map<NamePart, std::map<std::string, Seen>> namings;
    for (const RawTensor& raw : list) {
        if (raw.name.part == NamePart::Head) continue;  // the head's prefix differs from the text's in one and the same save
        Seen& seen = namings[raw.name.part][raw.name.prefix];
        if (seen.count++ == 0) seen.example = raw.tensor.name;
    }
    for (const auto& [part, byPrefix] : namings) {
        if (byPrefix.size() < 2) continue;
        std::string report;
        for (const auto& [prefix, seen] : byPrefix) {
            report += (report.empty() ? "" : " and ") + ("'" + prefix + "' (" + std::to_string(seen.count)) +
                      " tensors, such as " + files::printableName(seen.example) + ")";
        }
        return Error{ErrorCode::InvalidData,
                     "two namings are mixed in one checkpoint: " + report + "; keep the tensors of one of them", ""};
    }
    return {};
}

bool holdsPart(const std::vector<RawTensor>& list, NamePart part) {
    for (const RawTensor& raw : list) {
        if (raw.name.part == part) return true;
    }
    return false;
}

Result<TensorList> underCanonicalNames(const std::vector<RawTensor>& list, bool visionLanguage) {
    TensorList tensors;
    for (const RawTensor& raw : list) {
        StoredTensor tensor = raw.tensor;
        tensor.name = canonicalName(raw.name, visionLanguage);
        if (const StoredTensor* other = tensors.find(tensor.name)) {
            (void)other;
            return Error{ErrorCode::InvalidData,
                         "two stored tensors mean the same parameter '" + files::printableName(tensor.name) + "'; one is '" +
                             files::printableName(raw.tensor.name) + "'",
                         ""};
        }
        tensors.add(std::move(tensor));
    }
    return tensors;
}

// Specification 7.1: config ties and the stored head equals the embedding: tied.  It differs: it stays untied.  A head without an
// embedding: the embedding takes its values.  The configuration unties and no head is stored: tied, with a warning.
void settleHead(Checkpoint& checkpoint, TensorList& tensors) {
    const std::string embeddingName = plan::textPrefix(checkpoint.config) + "embed_tokens.weight";
    const std::string headName = plan::headName(checkpoint.config);
    const StoredTensor* head = tensors.find(headName);
    bool& tie = checkpoint.config.text.tieWordEmbeddings;
    if (head == nullptr) {
        if (!tie)
            checkpoint.warnings.emplace_back(
                "config.json unties the output head, but none is stored: the embedding serves as head");
        tie = true;
        return;
    }
    const StoredTensor* embedding = tensors.find(embeddingName);
    if (embedding == nullptr) {
        StoredTensor copy = *head;
        copy.name = embeddingName;
        tensors.add(std::move(copy));
        tie = true;
        checkpoint.warnings.emplace_back("a head is stored without an embedding: the embedding takes the head's values");
        return;
    }
    if (!tie) {
        checkpoint.untiedHead = true;
        return;
    }
    if (head->shape == embedding->shape && sameValues(*head, *embedding)) return;
    checkpoint.untiedHead = true;
    checkpoint.warnings.emplace_back(
        "config.json ties the output head to the embedding, but a different head is stored: it is used");
}

Result<void> readConfig(Checkpoint& checkpoint) {
    const fs::path path = checkpoint.folder / "config.json";
    ASSIGN_OR_RETURN(const nlohmann::json root, readJson(path, kMaxConfigBytes));
    auto config = config::parseGemma3Config(root);
    if (!config) return std::move(config).error().within(path.string());
    checkpoint.config = std::move(*config);
    return {};
}

Result<void> assemble(Checkpoint& checkpoint, const WeightFiles& weights) {
    ASSIGN_OR_RETURN(const std::vector<RawTensor> list, listTensors(weights, checkpoint.warnings));
    RETURN_IF_ERROR(refuseMixedNamings(list));
    if (checkpoint.config.vision && !holdsPart(list, NamePart::Vision) && !holdsPart(list, NamePart::Projector)) {
        checkpoint.config.vision.reset();
        checkpoint.warnings.emplace_back(
            "config.json describes a vision tower, but none is stored: opened as a text-only model");
    }
    ASSIGN_OR_RETURN(TensorList tensors, underCanonicalNames(list, checkpoint.config.isVisionLanguage()));
    settleHead(checkpoint, tensors);
    RETURN_IF_ERROR(adoptShapes(checkpoint.config, tensors));
    // A head that was found equal to the embedding is no surplus worth a warning.
    std::vector<std::string> surplus;
    ASSIGN_OR_RETURN(TensorList selected, selectParameters(checkpoint.config, checkpoint.untiedHead, tensors, surplus));
    const std::string head = plan::headName(checkpoint.config);
    const bool onlyHead =
        tensors.contains(head) && !selected.contains(head) && tensors.names().size() == selected.names().size() + 1;
    if (!onlyHead) checkpoint.warnings.insert(checkpoint.warnings.end(), surplus.begin(), surplus.end());
    checkpoint.tensors = std::make_shared<TensorList>(std::move(selected));
    return {};
}

}  // namespace

Result<Checkpoint> openHfCheckpoint(const fs::path& path) {
    std::error_code ignored;
    Checkpoint checkpoint;
    checkpoint.kind = CheckpointKind::HuggingFace;
    checkpoint.folder = fs::is_directory(path, ignored) ? path : path.parent_path();
    ASSIGN_OR_RETURN(WeightFiles weights, openWeightFiles(path));
    checkpoint.files = weights.paths;
    checkpoint.warnings = std::move(weights.warnings);
    RETURN_IF_ERROR(readConfig(checkpoint));
    if (auto assembled = assemble(checkpoint, weights); !assembled)
        return std::move(assembled).error().within(checkpoint.folder.string());
    checkpoint.warnings.insert(checkpoint.warnings.begin(), checkpoint.config.warnings.begin(),
                               checkpoint.config.warnings.end());
    RETURN_IF_ERROR(readSideFiles(checkpoint));
    return checkpoint;
}

}  // namespace lapidary::checkpoint
