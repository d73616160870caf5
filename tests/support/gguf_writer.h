// Writes GGUF files for tests: whole small models with quantised matrices, mmproj files, and deliberately broken ones.
// Link lapidary::test_checkpoints.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/shared/config/gemma3_config.h"
#include "core/shared/plan/parameter_table.h"
#include "kernels/block_format.h"

namespace lapidary::test {

// Bytes of a GGUF, put together piece by piece; nothing is checked, so that every fault can be written.
class GgufBytes {
public:
    std::uint32_t version = 3;
    std::uint64_t alignment = 32;  // used for padding; add general.alignment yourself when it is not 32

    void addString(const std::string& key, const std::string& value);
    void addU32(const std::string& key, std::uint32_t value);
    void addF32(const std::string& key, float value);
    void addBool(const std::string& key, bool value);
    void addStrings(const std::string& key, const std::vector<std::string>& values);
    void addF32s(const std::string& key, const std::vector<float>& values);
    void addI32s(const std::string& key, const std::vector<std::int32_t>& values);
    void addRawValue(const std::string& key, std::uint32_t type, std::string_view bytes);
    // `shape` row-major, as PyTorch prints it.
    void addTensor(const std::string& name, const std::vector<std::int64_t>& shape, std::uint32_t ggmlType, std::string bytes);

    // A tensor whose bytes the caller writes after header(), padded to the alignment, in this order.
    void declareTensor(const std::string& name, const std::vector<std::int64_t>& shape, std::uint32_t ggmlType,
                       std::uint64_t sizeBytes);

    [[nodiscard]] std::string finish() const;
    // Everything before the data, padded to the alignment.
    [[nodiscard]] std::string header() const;

private:
    struct Tensor {
        std::string name;
        std::vector<std::int64_t> shape;
        std::uint32_t type;
        std::string bytes;
        std::uint64_t sizeBytes;
    };
    std::string m_values;
    std::uint64_t m_valueCount = 0;
    std::vector<Tensor> m_tensors;
};

struct GgufModelOptions {
    kernels::BlockFormat matrices = kernels::BlockFormat::F32;  // where rows fit; else F16.  Norms stay F32
    std::uint64_t seed = 1;                                     // the values of buildCheckpoint with this seed
    bool vocabulary = true;  // a small SentencePiece vocabulary of config.text.vocabSize pieces
    bool swappedFeedForward = false;  // mmproj: the old naming of ffn_up / ffn_down
};

// The metadata of a text model (specification 7.4), without a vocabulary.
void addTextMetadata(GgufBytes& file, const config::Gemma3Config& config);
// A small SentencePiece vocabulary of `size` pieces: <pad> <eos> <bos> <unk>, 256 byte pieces, control tokens, "▁t<id>".  At Gemma's own
// size the control and byte pieces have Gemma's ids.
void addVocabulary(GgufBytes& file, std::int64_t size);
// Metadata of an mmproj file (specification 7.5).
void addMmprojMetadata(GgufBytes& file, const config::Gemma3Config& config);
// token_embd.weight … for a canonical name; empty for names that the file does not hold.
std::string ggufName(const std::string& canonicalName);
// RMSNorm weights, which GGUF stores as 1 + w.
bool isOffsetNorm(const plan::Parameter& parameter);
// Format that `options.matrices` becomes for this tensor: norms and biases F32, rows that do not fit F16.
kernels::BlockFormat ggufFormatOf(const plan::Parameter& parameter, kernels::BlockFormat matrices);
// float32 rows [rows, cols] in F32, F16, BF16, Q8_0 or Q4_0.
std::string encodeRows(kernels::BlockFormat format, const float* values, std::int64_t rows, std::int64_t cols);

// Text part of `config` with seededValues (norms + 1).  Throws std::runtime_error when it cannot write.
void writeTextGguf(const std::filesystem::path& path, const config::Gemma3Config& config, const GgufModelOptions& options = {});
// Vision part and projector as an mmproj file (specification 7.5).
void writeMmprojGguf(const std::filesystem::path& path, const config::Gemma3Config& config,
                     const GgufModelOptions& options = {});

}  // namespace lapidary::test
