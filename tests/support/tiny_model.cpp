#include "tests/support/tiny_model.h"

#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/data/image/image_processor.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

namespace fs = std::filesystem;

void writeFile(const fs::path& path, const std::string& bytes) {
    std::ofstream out(path, std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out) throw std::runtime_error("cannot write " + path.string());
}

void writeTextFiles(const fs::path& folder, ChatTemplate chatTemplate) {
    fs::copy_file(goldenPath("tokenizer/tiny.json"), folder / "tokenizer.json");
    if (chatTemplate == ChatTemplate::Present)
        fs::copy_file(goldenPath("tokenizer/chat_template.jinja"), folder / "chat_template.jinja");
    writeFile(folder / "generation_config.json", R"({"bos_token_id": 2, "eos_token_id": [1, 7], "pad_token_id": 0})");
}

}  // namespace

void buildTinyVisionModel(const fs::path& folder, ChatTemplate chatTemplate) {
    fs::create_directories(folder);
    for (const char* name : {"config.json", "model.safetensors"}) {
        fs::copy_file(goldenPath(std::string("attention/") + name), folder / name);
    }
    writeFile(folder / "processor_config.json",
              R"({"image_processor": {"size": {"height": 84, "width": 84}, "image_seq_length": 9}, "image_seq_length": 9})");
    writeTextFiles(folder, chatTemplate);
}

void buildTinyTextModel(const fs::path& folder, ChatTemplate chatTemplate) {
    config::Gemma3Config config = tinyTextConfig();
    config.text.vocabSize = 464;
    config.text.maxPositionEmbeddings = 4096;
    config.text.eosTokenIds = {1, 7};
    BuildOptions options;
    options.naming = Naming::TextOnly;
    buildCheckpoint(folder, config, options);
    fs::remove(folder / "generation_config.json");
    writeTextFiles(folder, chatTemplate);
}

void writePicture(const fs::path& path, int variant) {
    constexpr std::int64_t kWidth = 60;
    constexpr std::int64_t kHeight = 40;
    std::vector<std::uint8_t> rgb(static_cast<std::size_t>(kWidth * kHeight * 3));
    for (std::size_t i = 0; i < rgb.size() / 3; ++i) rgb[3 * i + (i % kWidth < kWidth / 2 ? 0 : 2)] = 200;
    rgb[1] = static_cast<std::uint8_t>(variant);
    const auto png = image::encodePng(rgb, kWidth, kHeight);
    if (!png) throw std::runtime_error(png.error().toString());
    writeFile(path, *png);
}

}  // namespace lapidary::test
