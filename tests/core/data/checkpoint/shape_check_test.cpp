#include "core/data/checkpoint/shape_check.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/shared/base/file.h"
#include "tests/core/data/checkpoint/checkpoint_fixture.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/temp_dir.h"

namespace lapidary::checkpoint {
namespace {

// A tiny vision-language checkpoint whose config.json a test edits.
class Fault13 : public testing::Test {
protected:
    Fault13() { test::buildCheckpoint(folder(), test::tinyVisionConfig()); }

    [[nodiscard]] const std::filesystem::path& folder() const { return m_temporary.path(); }
    void editConfig(const std::function<void(nlohmann::json&)>& edit) const {
        nlohmann::json root = nlohmann::json::parse(*readFile(folder() / "config.json", 1 << 20));
        edit(root);
        std::ofstream(folder() / "config.json") << root.dump();
    }

private:
    test::TempDir m_temporary;
};

TEST_F(Fault13, ShapesWinWhereThatIsSafe) {
    const Values before = valuesOf(*opened(folder()).tensors);
    editConfig([](nlohmann::json& root) {
        root["text_config"]["num_attention_heads"] = 8;
        root["text_config"]["num_key_value_heads"] = 4;
        root["text_config"]["intermediate_size"] = 96;
        root["text_config"]["vocab_size"] = 300;
        root["vision_config"]["intermediate_size"] = 99;
    });
    const Checkpoint checkpoint = opened(folder());
    EXPECT_EQ(checkpoint.config.text.numAttentionHeads, 4);
    EXPECT_EQ(checkpoint.config.text.numKeyValueHeads, 2);
    EXPECT_EQ(checkpoint.config.text.intermediateSize, 48);
    EXPECT_EQ(checkpoint.config.text.vocabSize, 264);
    EXPECT_EQ(checkpoint.config.vision->intermediateSize, 24);
    EXPECT_EQ(valuesOf(*checkpoint.tensors), before);
    expectWarns(checkpoint, {"the weights win", "num_attention_heads: configuration 8, weights 4",
                             "num_key_value_heads: configuration 4, weights 2", "vocab_size: configuration 300, weights 264",
                             "vision_config.intermediate_size: configuration 99, weights 24"});
}

TEST_F(Fault13, SizesThatCarryMoreThanAShapeAreRefusedWithTheTable) {
    const auto refused = [&](const char* part, const char* key, std::int64_t value, const std::string& row) {
        editConfig([&](nlohmann::json& root) { root[part][key] = value; });
        expectRefused(folder(), ErrorCode::InvalidData, {"another model", row});
        test::buildCheckpoint(folder(), test::tinyVisionConfig());
    };
    refused("text_config", "head_dim", 16, "head_dim: configuration 16, weights 8");
    refused("text_config", "hidden_size", 64, "hidden_size: configuration 64, weights 32");
    refused("vision_config", "hidden_size", 32, "vision_config.hidden_size: configuration 32, weights 16");
    refused("vision_config", "patch_size", 7, "vision_config.patch_size: configuration 7, weights 14");
    refused("vision_config", "num_hidden_layers", 3, "vision_config.num_hidden_layers: configuration 3, weights 2");
    editConfig([](nlohmann::json& root) {
        root["text_config"]["num_hidden_layers"] = 5;
        root["text_config"]["layer_types"].erase(0);
    });
    expectRefused(folder(), ErrorCode::InvalidData, {"num_hidden_layers: configuration 5, weights 6"});
}

TEST_F(Fault13, MissingTextConfig) {
    editConfig([](nlohmann::json& root) { root.erase("text_config"); });
    expectRefused(folder(), ErrorCode::InvalidData, {"another model", "hidden_size: configuration 2304, weights 32"});
}

TEST_F(Fault13, ImpossibleConfigurations) {
    editConfig([](nlohmann::json& root) { root["text_config"]["layer_types"].erase(0); });
    expectRefused(folder(), ErrorCode::InvalidData, {"config.json", "layer_types", "6", "5"});
    test::buildCheckpoint(folder(), test::tinyVisionConfig());
    editConfig([](nlohmann::json& root) { root["text_config"]["sliding_window"] = 0; });
    expectRefused(folder(), ErrorCode::InvalidData, {"config.json", "sliding_window", "0"});
    std::ofstream(folder() / "config.json") << "{";
    expectRefused(folder(), ErrorCode::InvalidData, {"config.json", "JSON"});
    std::ofstream(folder() / "config.json") << R"({"model_type":"llama"})";
    expectRefused(folder(), ErrorCode::Unsupported, {"config.json", "llama"});
}

TEST(Fault13Weights, OneTensorOfAnotherShapeIsRefused) {
    const test::TempDir folder;
    test::BuildOptions options;
    options.edit = [](auto& tensors) {
        auto& [parameter, values] = tensors.at("model.layers.4.mlp.down_proj.weight");
        parameter.shape = {48, 32};  // transposed: as many values
    };
    test::buildCheckpoint(folder.path(), test::tinyTextConfig(), options);
    expectRefused(folder.path(), ErrorCode::InvalidData,
                  {"model.layers.4.mlp.down_proj.weight", "expected [32, 48], found [48, 32]"});
}

TEST(Fault13Weights, HeadsThatDoNotDivideAreRefused) {
    const test::TempDir folder;
    config::Gemma3Config config = test::tinyTextConfig();
    config.text.numKeyValueHeads = 3;  // 4 query heads over 3 key heads, in all layers
    test::BuildOptions options;
    options.writeConfig = false;
    test::buildCheckpoint(folder.path(), config, options);
    test::writeConfigFiles(folder.path(), test::tinyTextConfig(), "F32");
    expectRefused(folder.path(), ErrorCode::InvalidData, {"4 query heads", "3 key heads"});
}

TEST(Fault14, MixedVisionNamespacesAreShownAndRefused) {
    const test::TempDir folder;
    test::BuildOptions options;
    options.edit = [](auto& tensors) {
        auto node = tensors.extract("vision_tower.vision_model.post_layernorm.weight");
        node.key() = "vision_tower.post_layernorm.weight";
        tensors.insert(std::move(node));
    };
    test::buildCheckpoint(folder.path(), test::tinyVisionConfig(), options);
    expectRefused(folder.path(), ErrorCode::InvalidData,
                  {"two namings are mixed", "'vision_tower.' (1 tensors, such as vision_tower.post_layernorm.weight)",
                   "'vision_tower.vision_model.' (36 tensors"});
}

TEST(Fault14, MixedTextNamespacesAndDoublesAreRefused) {
    const test::TempDir folder;
    test::BuildOptions options;
    options.edit = [](auto& tensors) {
        tensors["model.language_model.norm.weight"] = tensors.at("language_model.model.norm.weight");
    };
    test::buildCheckpoint(folder.path(), test::tinyVisionConfig(), options);
    expectRefused(folder.path(), ErrorCode::InvalidData,
                  {"two namings are mixed", "'language_model.model.'", "'model.language_model.'"});
    options.edit = [](auto& tensors) {
        tensors["lm_head.weight"] = tensors["language_model.lm_head.weight"] =
            tensors.at("language_model.model.embed_tokens.weight");
    };
    test::buildCheckpoint(folder.path(), test::tinyVisionConfig(), options);
    expectRefused(folder.path(), ErrorCode::InvalidData, {"mean the same parameter", "lm_head.weight"});
}

}  // namespace
}  // namespace lapidary::checkpoint
