// Writes a seeded random model of a released size: every tensor with its true name, shape and format, small values, so that
// loading, memory and speed can be measured without the real weights.  A few megabytes of memory, whatever the size.
//   true_shape 4b bf16 FOLDER       Hugging Face folder: model.safetensors, config.json, …
//   true_shape 4b q4_0 FILE.gguf    GGUF (f32, f16, bf16, q8_0, q4_0); with vision also mmproj-FILE.gguf (f16) beside it
// In place of a size a configuration of one's own: true_shape config.json bf16 FOLDER.
#include <cstdio>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/data/files/block_format.h"
#include "core/data/files/safetensors_writer.h"
#include "core/shared/base/file.h"
#include "core/shared/base/json.h"
#include "core/shared/config/released_sizes.h"
#include "core/shared/plan/parameter_table.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/gguf_writer.h"

namespace {

using lapidary::kernels::BlockFormat;
using lapidary::plan::Parameter;

constexpr std::uint64_t kSeed = 270;
constexpr std::int64_t kPortion = 1 << 20;  // values in memory at a time

// Rows of `parameter` in portions: calls write(values, rows, cols).
void forPortions(const Parameter& parameter, const std::function<void(const float*, std::int64_t, std::int64_t)>& write) {
    const std::int64_t cols = parameter.shape.back();
    const std::int64_t rows = parameter.elements() / cols;
    const std::int64_t step = std::max<std::int64_t>(1, kPortion / cols);
    std::vector<float> values(static_cast<std::size_t>(std::min(step, rows) * cols));
    for (std::int64_t row = 0; row < rows; row += step) {
        const std::int64_t count = std::min(step, rows - row);
        lapidary::test::seededValues(parameter, kSeed, row * cols, count * cols, values.data());
        write(values.data(), count, cols);
    }
}

void check(const lapidary::Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().toString());
}

void writeHuggingFace(const std::filesystem::path& folder, const lapidary::config::Gemma3Config& config) {
    std::filesystem::create_directories(folder);
    lapidary::test::writeConfigFiles(folder, config, "BF16");
    const std::vector<Parameter> table = lapidary::plan::parameterTable(config);
    std::vector<lapidary::files::TensorDeclaration> declarations;
    for (const Parameter& parameter : table) declarations.push_back({parameter.name, "BF16", parameter.shape});
    auto writer = lapidary::files::SafetensorsWriter::create(folder / "model.safetensors", declarations);
    if (!writer) throw std::runtime_error(writer.error().toString());
    for (const Parameter& parameter : table) {
        forPortions(parameter, [&](const float* values, std::int64_t rows, std::int64_t cols) {
            const std::string bytes = lapidary::test::encodeValues("BF16", values, static_cast<std::size_t>(rows * cols));
            check((*writer)->append(std::as_bytes(std::span(bytes))));
        });
    }
    check((*writer)->finish());
}

void writeGguf(const std::filesystem::path& path, lapidary::test::GgufBytes& file, const std::vector<Parameter>& table,
               BlockFormat matrices) {
    const auto sizeOf = [&](const Parameter& parameter) {
        return lapidary::files::tensorBytes(lapidary::test::ggufFormatOf(parameter, matrices), parameter.shape).value();
    };
    for (const Parameter& parameter : table) {
        const BlockFormat format = lapidary::test::ggufFormatOf(parameter, matrices);
        file.declareTensor(lapidary::test::ggufName(parameter.name), parameter.shape,
                           lapidary::files::ggmlTypeOf(format).value(), static_cast<std::uint64_t>(sizeOf(parameter)));
    }
    std::ofstream out(path, std::ios::binary);
    out << file.header();
    for (const Parameter& parameter : table) {
        const BlockFormat format = lapidary::test::ggufFormatOf(parameter, matrices);
        forPortions(parameter, [&](const float* values, std::int64_t rows, std::int64_t cols) {
            std::vector<float> shifted(values, values + rows * cols);
            if (lapidary::test::isOffsetNorm(parameter)) {
                for (float& value : shifted) value += 1.0F;
            }
            out << lapidary::test::encodeRows(format, shifted.data(), rows, cols);
        });
        const auto alignment = static_cast<std::int64_t>(file.alignment);
        out << std::string(static_cast<std::size_t>((alignment - sizeOf(parameter) % alignment) % alignment), '\0');
    }
    if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

void writeGgufModel(const std::filesystem::path& path, lapidary::config::Gemma3Config config, BlockFormat matrices) {
    config.text.vocabSize = 262144;  // converters trim the 64 extra rows (specification 7.4)
    std::vector<Parameter> text;
    std::vector<Parameter> vision;
    for (const Parameter& parameter : lapidary::plan::parameterTable(config)) {
        (parameter.part == lapidary::plan::Part::Language ? text : vision).push_back(parameter);
    }
    lapidary::test::GgufBytes file;
    lapidary::test::addTextMetadata(file, config);
    lapidary::test::addVocabulary(file, config.text.vocabSize);
    writeGguf(path, file, text, matrices);
    if (vision.empty()) return;
    lapidary::test::GgufBytes mmproj;
    lapidary::test::addMmprojMetadata(mmproj, config);
    writeGguf(path.parent_path() / ("mmproj-" + path.filename().string()), mmproj, vision, BlockFormat::F16);
}

lapidary::Result<lapidary::config::Gemma3Config> configOf(const std::string& size) {
    if (!size.ends_with(".json")) return lapidary::config::releasedConfig(size);
    ASSIGN_OR_RETURN(const std::string text, lapidary::readFile(size, 1 << 20));
    ASSIGN_OR_RETURN(const lapidary::Json root, lapidary::parseJson(text, size));
    return lapidary::config::parseGemma3Config(root);
}

int run(const std::string& size, const std::string& format, const std::filesystem::path& target) {
    const auto config = configOf(size);
    if (!config) throw std::runtime_error(config.error().toString());
    const std::pair<const char*, BlockFormat> formats[] = {{"f32", BlockFormat::F32},
                                                           {"f16", BlockFormat::F16},
                                                           {"bf16", BlockFormat::BF16},
                                                           {"q8_0", BlockFormat::Q8_0},
                                                           {"q4_0", BlockFormat::Q4_0}};
    for (const auto& [name, value] : formats) {
        if (format != name) continue;
        if (target.extension() == ".gguf") {
            writeGgufModel(target, *config, value);
        } else if (value == BlockFormat::BF16) {
            writeHuggingFace(target, *config);
        } else {
            throw std::runtime_error("a Hugging Face folder is written in bf16; name a .gguf for " + format);
        }
        return 0;
    }
    throw std::runtime_error("unknown format " + format);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: %s 270m|1b|4b|12b|27b|CONFIG.json bf16|f32|f16|q8_0|q4_0 FOLDER|FILE.gguf\n", argv[0]);
        return 2;
    }
    try {
        return run(argv[1], argv[2], argv[3]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
