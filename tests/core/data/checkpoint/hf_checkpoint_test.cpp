#include "core/data/checkpoint/hf_checkpoint.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/shared/plan/parameter_table.h"
#include "tests/core/data/checkpoint/checkpoint_fixture.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/temp_dir.h"

namespace lapidary::checkpoint {
namespace {

using test::BuildOptions;
using test::Naming;

using Edit = decltype(BuildOptions::edit);

constexpr const char* kEmbedding = "language_model.model.embed_tokens.weight";
constexpr const char* kHead = "language_model.lm_head.weight";

// What the parameter table and the seeded values say the checkpoint must give back.
Values expectedValues(const config::Gemma3Config& config, std::uint64_t seed, bool untiedHead = false) {
    Values values;
    for (const plan::Parameter& parameter : plan::parameterTable(config, untiedHead)) {
        values[parameter.name] = {parameter.shape, test::seededValues(parameter, seed)};
    }
    return values;
}

void writeText(const std::filesystem::path& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    ASSERT_TRUE(out.good());
}

// Property: every naming of specification 7.1, in one file or in shards, gives the same canonical table.
TEST(HfCheckpoint, EveryNamingAndShardingGivesTheSameTable) {
    const config::Gemma3Config config = test::tinyVisionConfig();
    const Values expected = expectedValues(config, 3);
    for (const Naming naming :
         {Naming::Hub, Naming::StateDict452, Naming::StateDict56, Naming::HubFlatVision, Naming::BaseModel}) {
        for (const int shards : {1, 2, 7}) {
            const test::TempDir folder;
            BuildOptions options;
            options.naming = naming;
            options.shards = shards;
            options.seed = 3;
            test::buildCheckpoint(folder.path(), config, options);
            const Checkpoint checkpoint = opened(folder.path());
            EXPECT_TRUE(checkpoint.warnings.empty()) << checkpoint.warnings.front();
            EXPECT_TRUE(checkpoint.config == [&] {
                auto same = config;
                same.dtype = "float32";
                return same;
            }());
            EXPECT_EQ(checkpoint.files.size(), static_cast<std::size_t>(shards));
            EXPECT_FALSE(checkpoint.untiedHead);
            EXPECT_EQ(valuesOf(*checkpoint.tensors), expected) << static_cast<int>(naming) << " in " << shards;
        }
    }
}

TEST(HfCheckpoint, TextOnlyNamings) {
    const config::Gemma3Config config = test::tinyTextConfig();
    for (const Naming naming : {Naming::TextOnly, Naming::BareText}) {
        const test::TempDir folder;
        BuildOptions options;
        options.naming = naming;
        test::buildCheckpoint(folder.path(), config, options);
        const Checkpoint checkpoint = opened(folder.path());
        EXPECT_FALSE(checkpoint.config.isVisionLanguage());
        EXPECT_FALSE(checkpoint.imageProcessor);
        EXPECT_EQ(valuesOf(*checkpoint.tensors), expectedValues(config, 1));
    }
}

TEST(HfCheckpoint, KeepsEveryDtypeAsStored) {
    for (const auto& [dtype, format] :
         {std::pair("F32", kernels::BlockFormat::F32), std::pair("BF16", kernels::BlockFormat::BF16),
          std::pair("F16", kernels::BlockFormat::F16)}) {
        const test::TempDir folder;
        BuildOptions options;
        options.dtype = dtype;
        test::buildCheckpoint(folder.path(), test::tinyTextConfig(), options);
        const Checkpoint checkpoint = opened(folder.path());
        const auto tensor = checkpoint.tensors->tensor("model.layers.3.mlp.down_proj.weight");
        ASSERT_TRUE(tensor);
        EXPECT_EQ(tensor->format, format);
        const Values expected = expectedValues(test::tinyTextConfig(), 1);
        const auto& wanted = expected.at(tensor->name).second;
        const auto values = valuesOf(*tensor);
        for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], wanted[i], std::abs(wanted[i]) / 256 + 1e-7F);
    }
}

TEST(HfCheckpoint, OpensByFolderFileShardAndIndex) {
    const test::TempDir folder;
    test::buildCheckpoint(folder.path() / "one", test::tinyTextConfig());
    BuildOptions options;
    options.shards = 3;
    test::buildCheckpoint(folder.path() / "three", test::tinyTextConfig(), options);
    const std::filesystem::path three = folder.path() / "three";
    for (const auto& path : {folder.path() / "one", folder.path() / "one" / "", folder.path() / "one/model.safetensors",
                             folder.path() / "one/config.json", three / "model.safetensors.index.json",
                             three / "model-00002-of-00003.safetensors"}) {
        EXPECT_EQ(opened(path).tensors->names().size(), 80U) << path;
    }
    expectRefused(folder.path() / "none", ErrorCode::NotFound, {"no such file or folder", "none"});
    std::filesystem::create_directory(folder.path() / "empty");
    expectRefused(folder.path() / "empty", ErrorCode::NotFound, {"no weights here"});
    std::filesystem::remove(folder.path() / "one/config.json");
    expectRefused(folder.path() / "one", ErrorCode::NotFound, {"config.json"});
}

TEST(HfCheckpoint, BuffersAndPoolingHeadAreIgnoredOthersAreTold) {
    const config::Gemma3Config config = test::tinyVisionConfig();
    const auto buildWith = [&](const std::vector<std::string>& names) {
        const auto folder = std::make_unique<test::TempDir>();
        BuildOptions options;
        options.edit = [&](auto& tensors) {
            for (const std::string& name : names)
                tensors[name] = {plan::Parameter{name, {2}, plan::Part::Language, plan::Kind::Bias}, {1.0F, 2.0F}};
        };
        test::buildCheckpoint(folder->path(), config, options);
        Checkpoint checkpoint = opened(folder->path());
        EXPECT_EQ(valuesOf(*checkpoint.tensors), expectedValues(config, 1));
        return checkpoint.warnings;
    };
    EXPECT_TRUE(
        buildWith({"language_model.model.rotary_emb.inv_freq", "language_model.model.layers.0.self_attn.rotary_emb.inv_freq",
                   "vision_tower.vision_model.embeddings.position_ids", "language_model.model.embed_tokens.embed_scale",
                   "vision_tower.vision_model.head.probe", "vision_tower.vision_model.head.mlp.fc1.weight"})
            .empty());
    const auto warnings = buildWith({"language_model.model.layers.0.mlp.extra.weight"});
    ASSERT_EQ(warnings.size(), 1U);
    expectSays(warnings.front(), {"1 tensors are no part of the model", "layers.0.mlp.extra.weight"});
}

// Specification 7.1, the verified rules of the head.
TEST(HfCheckpoint, HeadRules) {
    config::Gemma3Config config = test::tinyVisionConfig();
    const auto build = [&](bool untiedHead, const Edit& edit) {
        const test::TempDir folder;
        BuildOptions options;
        options.untiedHead = untiedHead;
        options.edit = edit;
        test::buildCheckpoint(folder.path(), config, options);
        return opened(folder.path());  // mapped files outlive the folder's names
    };
    const Checkpoint differing = build(true, nullptr);
    EXPECT_TRUE(differing.untiedHead);
    EXPECT_EQ(valuesOf(*differing.tensors), expectedValues(config, 1, true));
    expectWarns(differing, {"a different head is stored"});

    const Checkpoint equal = build(true, [](auto& tensors) { tensors[kHead].second = tensors[kEmbedding].second; });
    EXPECT_FALSE(equal.untiedHead);
    EXPECT_TRUE(equal.warnings.empty());
    EXPECT_FALSE(equal.tensors->contains(kHead));

    const Checkpoint headOnly = build(true, [](auto& tensors) { tensors.erase(kEmbedding); });
    EXPECT_FALSE(headOnly.untiedHead);
    expectWarns(headOnly, {"embedding takes the head's values"});
    const Values untied = expectedValues(config, 1, true);
    EXPECT_EQ(valuesOf(*headOnly.tensors).at(kEmbedding).second, untied.at(kHead).second);

    config.text.tieWordEmbeddings = false;
    const Checkpoint configured = build(false, nullptr);  // the table adds the head by itself
    EXPECT_TRUE(configured.untiedHead);
    EXPECT_TRUE(configured.warnings.empty());
    EXPECT_EQ(valuesOf(*configured.tensors), untied);

    const Checkpoint missing = build(false, [](auto& tensors) { tensors.erase(kHead); });
    EXPECT_FALSE(missing.untiedHead);
    EXPECT_TRUE(missing.config.text.tieWordEmbeddings);
    expectWarns(missing, {"unties the output head, but none is stored"});
}

TEST(HfCheckpoint, TextPartAloneOpensAsTextOnly) {
    const test::TempDir folder;
    BuildOptions options;
    options.edit = [](auto& tensors) {
        std::erase_if(tensors, [](const auto& entry) { return !entry.first.starts_with("language_model."); });
    };
    test::buildCheckpoint(folder.path(), test::tinyVisionConfig(), options);
    const Checkpoint checkpoint = opened(folder.path());
    EXPECT_FALSE(checkpoint.config.isVisionLanguage());
    EXPECT_TRUE(checkpoint.tensors->contains("model.norm.weight"));
    expectWarns(checkpoint, {"vision tower, but none is stored"});
}

TEST(HfCheckpoint, MissingTensorsAreNamed) {
    const test::TempDir folder;
    BuildOptions options;
    options.edit = [](auto& tensors) { tensors.erase("model.layers.2.self_attn.k_norm.weight"); };
    test::buildCheckpoint(folder.path(), test::tinyTextConfig(), options);
    expectRefused(folder.path(), ErrorCode::NotFound, {"1 tensors", "model.layers.2.self_attn.k_norm.weight"});
    const Checkpoint whole = [&] {
        test::buildCheckpoint(folder.path(), test::tinyTextConfig());
        return opened(folder.path());
    }();
    const auto wrongName = whole.tensors->tensor("model.layers.2.self_attn.k_norm.wieght");
    ASSERT_FALSE(wrongName);
    expectSays(wrongName.error().message, {"wieght", "nearest name is 'model.layers.2.self_attn.k_norm.weight'"});
}

TEST(HfCheckpoint, SideFiles) {
    const test::TempDir folder;
    test::buildCheckpoint(folder.path(), test::tinyVisionConfig());
    Checkpoint checkpoint = opened(folder.path());
    ASSERT_TRUE(checkpoint.generation);
    EXPECT_EQ(checkpoint.generation->eosTokenIds, (std::vector<std::int64_t>{1}));
    ASSERT_TRUE(checkpoint.imageProcessor);
    EXPECT_EQ(checkpoint.imageProcessor->height, 56);
    EXPECT_EQ(checkpoint.imageProcessor->imageSequenceLength, 4);
    EXPECT_FALSE(checkpoint.imageProcessor->doPanAndScan);
    EXPECT_EQ(checkpoint.imageProcessor->panAndScanMaxNumCrops, 4);  // null in the file: the processor's own default
    EXPECT_FALSE(checkpoint.tokenizer.tokenizerJson);
    EXPECT_FALSE(checkpoint.tokenizer.chatTemplate);

    // processor_config.json of transformers 5: the same keys one level down.
    std::filesystem::remove(folder.path() / "preprocessor_config.json");
    writeText(folder.path() / "processor_config.json",
              R"({"image_processor":{"image_mean":[0.4,0.5,0.6],"size":{"height":56,"width":56},
        "do_pan_and_scan":true,"pan_and_scan_max_num_crops":2},"image_seq_length":4})");
    writeText(folder.path() / "tokenizer.json", "{}");
    writeText(folder.path() / "tokenizer_config.json", R"({"chat_template":"from config"})");
    checkpoint = opened(folder.path());
    EXPECT_EQ(checkpoint.imageProcessor->mean, (std::array<double, 3>{0.4, 0.5, 0.6}));
    EXPECT_TRUE(checkpoint.imageProcessor->doPanAndScan);
    EXPECT_EQ(checkpoint.imageProcessor->panAndScanMaxNumCrops, 2);
    EXPECT_TRUE(checkpoint.tokenizer.tokenizerJson);
    EXPECT_EQ(checkpoint.tokenizer.chatTemplate, "from config");
    writeText(folder.path() / "chat_template.jinja", "from jinja");
    EXPECT_EQ(opened(folder.path()).tokenizer.chatTemplate, "from jinja");

    std::filesystem::remove(folder.path() / "processor_config.json");
    EXPECT_EQ(opened(folder.path()).imageProcessor->height, 56);  // the tower's size, not the class default of 224
    writeText(folder.path() / "preprocessor_config.json", R"({"size":{"height":224,"width":224}})");
    expectRefused(folder.path(), ErrorCode::InvalidData, {"224 x 224", "56"});
    writeText(folder.path() / "preprocessor_config.json", R"({"image_std":[0.5,0,0.5]})");
    expectRefused(folder.path(), ErrorCode::InvalidData, {"preprocessor_config.json", "image_std", "positive"});
}

}  // namespace
}  // namespace lapidary::checkpoint
