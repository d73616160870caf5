#include "core/data/checkpoint/gguf_checkpoint.h"

#include <cstring>

#include "core/data/checkpoint/gguf_config.h"
#include "core/data/checkpoint/gguf_names.h"
#include "core/data/checkpoint/gguf_vocabulary.h"
#include "core/data/checkpoint/shape_check.h"
#include "core/data/checkpoint/side_files.h"
#include "core/data/checkpoint/tensor_list.h"
#include "core/data/files/gguf_file.h"
#include "core/shared/plan/parameter_table.h"
#include "kernels/dequantize.h"

namespace lapidary::checkpoint {
namespace {

namespace fs = std::filesystem;
using files::GgufFile;

StoredTensor view(const GgufFile& file, const files::GgufTensor& tensor, std::string name) {
    return {std::move(name), tensor.format, tensor.shape, file.bytes(tensor), file.owner()};
}

// GGUF stores RMSNorm weights as 1 + w, the model computes 1 + w itself: w in a small float32 buffer of its own.
// The subtraction is exact for weights of at least 0.5 (Sterbenz), which covers every released norm but a few near zero.
StoredTensor withoutOne(const StoredTensor& tensor) {
    std::size_t count = 1;
    for (const std::int64_t size : tensor.shape) count *= static_cast<std::size_t>(size);
    const auto values = std::make_shared<std::vector<float>>(count);
    if (count > 0) kernels::dequantizeRow(tensor.format, tensor.bytes.data(), values->data(), static_cast<std::int64_t>(count));
    for (float& value : *values) value -= 1.0F;
    return {tensor.name, kernels::BlockFormat::F32, tensor.shape, std::as_bytes(std::span(*values)), values};
}

void addTensor(TensorList& tensors, StoredTensor tensor) {
    const bool isNorm = isStoredPlusOne(tensor.name) && tensor.shape.size() == 1;
    tensors.add(isNorm ? withoutOne(tensor) : std::move(tensor));
}

// Rows beyond the vocabulary carry no token (specification 7.4: "rows trimmed to 262144"): they are cut off the view.
void trimRows(StoredTensor& tensor, std::int64_t rows) {
    if (tensor.shape.size() != 2 || tensor.shape[0] <= rows || tensor.shape[0] <= 0) return;
    const std::size_t rowBytes = tensor.bytes.size() / static_cast<std::size_t>(tensor.shape[0]);
    tensor.shape[0] = rows;
    tensor.bytes = tensor.bytes.first(rowBytes * static_cast<std::size_t>(rows));
}

void addText(TensorList& tensors, const GgufFile& file, const config::Gemma3Config& config, std::vector<std::string>& unknown) {
    for (const files::GgufTensor& tensor : file.tensors()) {
        const std::string name = canonicalTextName(tensor.name, config.isVisionLanguage());
        if (name.empty()) {
            unknown.push_back(tensor.name);
            continue;
        }
        StoredTensor stored = view(file, tensor, name);
        if (tensor.name == "token_embd.weight" || tensor.name == "output.weight") trimRows(stored, config.text.vocabSize);
        addTensor(tensors, std::move(stored));
    }
}

// Older converters called fc1 ffn_down: then ffn_down takes the tower's width as input (specification 7.5).
bool hasSwappedFeedForward(const GgufFile& file, const config::VisionConfig& vision) {
    const files::GgufTensor* down = file.find("v.blk.0.ffn_down.weight");
    return down != nullptr && down->shape.size() == 2 && down->shape[1] == vision.hiddenSize &&
           down->shape[0] == vision.intermediateSize;
}

void addVision(TensorList& tensors, const GgufFile& file, const config::VisionConfig& vision,
               std::vector<std::string>& unknown) {
    const bool swapped = vision.hiddenSize != vision.intermediateSize && hasSwappedFeedForward(file, vision);
    for (const files::GgufTensor& tensor : file.tensors()) {
        const std::string name = canonicalVisionName(tensor.name, swapped);
        if (name.empty()) {
            unknown.push_back(tensor.name);
        } else {
            addTensor(tensors, view(file, tensor, name));
        }
    }
}

// output.weight is usually absent (tied); a copy of the embedding counts as tied, another one is used.
void settleHead(Checkpoint& checkpoint, const TensorList& tensors) {
    const StoredTensor* head = tensors.find(plan::headName(checkpoint.config));
    const StoredTensor* embedding = tensors.find(plan::textPrefix(checkpoint.config) + "embed_tokens.weight");
    if (head == nullptr || embedding == nullptr) return;
    checkpoint.untiedHead =
        head->format != embedding->format || head->shape != embedding->shape || !sameValues(*head, *embedding);
    if (checkpoint.untiedHead)
        checkpoint.warnings.emplace_back("the file holds an output head of its own (output.weight): it is used");
}

// Rows of the embedding, at most as many as the vocabulary has pieces.
Result<std::int64_t> embeddingRows(const GgufFile& file, const text::GgufVocabulary* vocabulary,
                                   std::vector<std::string>& warnings) {
    const files::GgufTensor* embedding = file.find("token_embd.weight");
    if (embedding == nullptr || embedding->shape.size() != 2) {
        return Error{ErrorCode::NotFound, "the tensor token_embd.weight, a matrix, is not stored", file.source()};
    }
    const std::int64_t rows = embedding->shape[0];
    if (vocabulary == nullptr) return rows;
    const auto pieces = static_cast<std::int64_t>(vocabulary->pieces.size());
    if (rows < pieces) {
        return Error{
            ErrorCode::InvalidData,
            "the vocabulary has " + std::to_string(pieces) + " tokens, the embedding only " + std::to_string(rows) + " rows",
            file.source()};
    }
    if (rows > pieces)
        warnings.push_back("the embedding has " + std::to_string(rows - pieces) + " rows without a token; they are left out");
    return pieces;
}

Result<void> assemble(Checkpoint& checkpoint, const GgufFile& text, const GgufFile* mmproj) {
    TensorList stored;
    std::vector<std::string> unknown;
    addText(stored, text, checkpoint.config, unknown);
    if (mmproj != nullptr) addVision(stored, *mmproj, checkpoint.config.vision.value(), unknown);
    settleHead(checkpoint, stored);
    std::vector<std::string> surplus;  // a head that equals the embedding is no surplus worth a warning
    ASSIGN_OR_RETURN(TensorList selected, selectParameters(checkpoint.config, checkpoint.untiedHead, stored, surplus));
    if (!unknown.empty()) {
        checkpoint.warnings.push_back(std::to_string(unknown.size()) +
                                      " tensors are no part of the model and are ignored: " + someNames(unknown));
    }
    checkpoint.tensors = std::make_shared<TensorList>(std::move(selected));
    return {};
}

Result<std::shared_ptr<const GgufFile>> openOptional(const std::optional<fs::path>& path) {
    if (!path) return std::shared_ptr<const GgufFile>{};
    return GgufFile::open(*path);
}

}  // namespace

Result<Checkpoint> openGgufCheckpoint(const fs::path& path, const std::optional<fs::path>& mmprojPath) {
    ASSIGN_OR_RETURN(const auto text, GgufFile::open(path));
    RETURN_IF_ERROR(checkGgufArchitecture(*text, "gemma3"));
    ASSIGN_OR_RETURN(const auto mmproj, openOptional(mmprojPath));
    Checkpoint checkpoint;
    checkpoint.kind = CheckpointKind::Gguf;
    checkpoint.folder = path.parent_path();
    checkpoint.files.push_back(path);
    if (mmprojPath) checkpoint.files.push_back(*mmprojPath);
    ASSIGN_OR_RETURN(checkpoint.tokenizer.gguf, readGgufVocabulary(*text, checkpoint.warnings));
    const text::GgufVocabulary* vocabulary = checkpoint.tokenizer.gguf.get();
    ASSIGN_OR_RETURN(const std::int64_t rows, embeddingRows(*text, vocabulary, checkpoint.warnings));
    ASSIGN_OR_RETURN(checkpoint.config, readGgufConfig(*text, mmproj.get(), rows, vocabulary));
    checkpoint.warnings.insert(checkpoint.warnings.end(), checkpoint.config.warnings.begin(), checkpoint.config.warnings.end());
    if (auto assembled = assemble(checkpoint, *text, mmproj.get()); !assembled)
        return std::move(assembled).error().within(path.string());
    ASSIGN_OR_RETURN(checkpoint.tokenizer.chatTemplate, text->findString("tokenizer.chat_template"));
    if (mmproj) {
        ASSIGN_OR_RETURN(checkpoint.imageProcessor, readGgufImageProcessor(*mmproj, checkpoint.config));
    }
    return checkpoint;
}

}  // namespace lapidary::checkpoint
