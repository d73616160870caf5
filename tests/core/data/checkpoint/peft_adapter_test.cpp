// Adapter folders as peft wrote them, in every naming, and ones that must be refused.
#include "core/data/checkpoint/peft_adapter.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "core/data/checkpoint/open_checkpoint.h"
#include "core/data/files/safetensors_file.h"
#include "core/data/files/safetensors_writer.h"
#include "core/shared/base/file.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

using checkpoint::PeftAdapter;
using checkpoint::PeftRole;
using checkpoint::PeftTensor;

const char* const kCases[] = {"lora", "dora", "lora_grad_accum", "lora_vision_lora"};

config::Gemma3Config goldenConfig() {
    auto opened = checkpoint::openCheckpoint(goldenPath("finetune/model"));
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().toString());
    return opened->config;
}

PeftAdapter golden(const std::string& name) {
    auto adapter = checkpoint::openPeftAdapter(goldenPath("finetune/" + name + "/adapter_final"), goldenConfig());
    EXPECT_TRUE(adapter) << (adapter ? "" : adapter.error().toString());
    return adapter ? std::move(*adapter) : PeftAdapter{};
}

// A copy of a golden adapter whose files can be spoilt.
struct PeftAdapterFiles : testing::Test {
    TempDir folder;
    config::Gemma3Config config = goldenConfig();
    PeftAdapter adapter = golden("dora");
    nlohmann::json peft = nlohmann::json::parse(checkpoint::peftConfigText(adapter));

    void write(const std::function<std::string(std::string)>& rename = [](std::string name) { return name; }) {
        std::vector<files::TensorToWrite> tensors;
        for (const PeftTensor& tensor : adapter.tensors) {
            tensors.push_back({{rename(checkpoint::peftTensorName(tensor, true)), "F32", tensor.shape}, tensor.bytes});
        }
        ASSERT_TRUE(files::writeSafetensors(folder.path() / "adapter_model.safetensors", tensors));
        ASSERT_TRUE(writeFileAtomically(folder.path() / "adapter_config.json", peft.dump()));
    }
    [[nodiscard]] Result<PeftAdapter> open() const { return checkpoint::openPeftAdapter(folder.path(), config); }
    Error refused() {
        write();
        auto opened = open();
        EXPECT_FALSE(opened) << peft.dump();
        return opened ? Error{} : opened.error();
    }
};

TEST(PeftAdapter, ReadsWhatPeftWrote) {
    const PeftAdapter lora = golden("lora");
    EXPECT_EQ(lora.tensors.size(), 56U);
    EXPECT_EQ(lora.spec.kind, plan::AdapterKind::Lora);
    EXPECT_EQ(lora.spec.r, 4);
    EXPECT_EQ(lora.spec.alpha, 8.0);
    EXPECT_EQ(lora.baseModel, "../../model");
    const PeftAdapter dora = golden("dora");
    EXPECT_EQ(dora.tensors.size(), 84U);
    EXPECT_EQ(dora.spec.kind, plan::AdapterKind::Dora);
    const PeftAdapter vision = golden("lora_vision_lora");
    std::set<std::string> names;
    for (const PeftTensor& tensor : vision.tensors) names.insert(tensor.name);
    EXPECT_TRUE(names.contains("vision_tower.vision_model.encoder.layers.1.self_attn.out_proj.weight"));
    EXPECT_TRUE(names.contains("language_model.model.layers.3.mlp.down_proj.weight"));
    EXPECT_EQ(names.size(), 40U);
}

TEST(PeftAdapter, WritesTheSameFilesAgain) {
    for (const std::string name : kCases) {
        TempDir folder;
        const PeftAdapter adapter = golden(name);
        ASSERT_TRUE(checkpoint::writePeftAdapter(folder.path() / "made", adapter)) << name;
        for (const char* file : {"adapter_config.json", "adapter_model.safetensors"}) {
            EXPECT_EQ(readFile(folder.path() / "made" / file, 1 << 20).value_or("?"),
                      goldenText("finetune/" + name + "/adapter_final/" + file))
                << name << " " << file;
        }
    }
}

TEST_F(PeftAdapterFiles, EveryNamingIsTheSameAdapter) {
    const auto replaced = [](std::string name, const std::string& from, const std::string& to) {
        const std::size_t at = name.find(from);
        return at == std::string::npos ? name : name.replace(at, from.size(), to);
    };
    const std::vector<std::function<std::string(std::string)>> namings{
        [&](const std::string& name) { return replaced(name, "model.language_model.", "language_model.model."); },
        [&](const std::string& name) {
            return replaced(name, "base_model.model.model.language_model.", "base_model.model.language_model.");
        },
        [&](const std::string& name) { return replaced(name, "base_model.model.", ""); },
        [&](const std::string& name) {
            return replaced(replaced(name, "_A.weight", "_A.default.weight"), "_B.weight", "_B.default.weight");
        },
        [&](const std::string& name) { return replaced(name, "magnitude_vector", "magnitude_vector.default.weight"); },
    };
    for (const auto& naming : namings) {
        write(naming);
        const auto opened = open();
        ASSERT_TRUE(opened) << naming(checkpoint::peftTensorName(adapter.tensors[0], true)) << opened.error().toString();
        ASSERT_EQ(opened->tensors.size(), adapter.tensors.size());
        for (const PeftTensor& tensor : opened->tensors) {
            const auto same = [&](const PeftTensor& other) { return other.name == tensor.name && other.role == tensor.role; };
            const auto found = std::find_if(adapter.tensors.begin(), adapter.tensors.end(), same);
            ASSERT_NE(found, adapter.tensors.end()) << tensor.name;
            EXPECT_TRUE(std::equal(found->bytes.begin(), found->bytes.end(), tensor.bytes.begin()));
        }
    }
}

TEST_F(PeftAdapterFiles, WhatWouldChangeTheNumbersIsRefused) {
    const nlohmann::json whole = peft;
    const auto refusedWith = [&](const char* key, const nlohmann::json& value) {
        peft = whole;
        peft[key] = value;
        const Error error = refused();
        EXPECT_NE(error.toString().find(key), std::string::npos) << error.toString();
        return error.code;
    };
    EXPECT_EQ(refusedWith("peft_type", "IA3"), ErrorCode::Unsupported);
    EXPECT_EQ(refusedWith("bias", "all"), ErrorCode::Unsupported);
    EXPECT_EQ(refusedWith("fan_in_fan_out", true), ErrorCode::Unsupported);
    EXPECT_EQ(refusedWith("trainable_token_indices", {1, 2}), ErrorCode::Unsupported);
    EXPECT_EQ(refusedWith("layer_replication", {{0, 4}, {2, 5}}), ErrorCode::Unsupported);
    EXPECT_EQ(refusedWith("r", "four"), ErrorCode::InvalidData);
    EXPECT_EQ(refusedWith("r", -1), ErrorCode::InvalidData);
    EXPECT_EQ(refusedWith("target_modules", 7), ErrorCode::InvalidData);
    EXPECT_EQ(refusedWith("lora_dropout", 1.0), ErrorCode::InvalidData);
    EXPECT_EQ(refusedWith("rank_pattern", {{"q_proj", "x"}}), ErrorCode::InvalidData);
    EXPECT_EQ(refusedWith("rank_pattern", {{"(", 4}}), ErrorCode::InvalidData);
    peft = whole;
    peft["some_new_key"] = 3;
    peft["target_modules"] = "(?!x).*";
    write();
    EXPECT_TRUE(open()) << "unknown keys, and expressions that loading does not need, are no matter";
}

// Specification of faults 57: the adapter and the model that it is put on do not belong together.
struct Fault57 : PeftAdapterFiles {};

TEST_F(Fault57, AnotherRankThanTheConfigSays) {
    peft["r"] = 8;
    const Error error = refused();
    EXPECT_EQ(error.code, ErrorCode::InvalidData);
    EXPECT_NE(error.message.find("[8, 64]"), std::string::npos) << error.toString();
    EXPECT_NE(error.message.find("[4, 64]"), std::string::npos) << error.toString();
}

TEST_F(Fault57, AnotherBaseModel) {
    config.text.hiddenSize = 64;
    EXPECT_EQ(refused().code, ErrorCode::InvalidData);
    config = goldenConfig();
    config.text.numHiddenLayers = 2;
    config.text.layerTypes.resize(2);
    const Error error = refused();
    EXPECT_NE(error.message.find("another base model"), std::string::npos) << error.toString();
}

TEST_F(Fault57, VisionDeltasOnATextOnlyModel) {
    adapter = golden("lora_vision_lora");
    peft = nlohmann::json::parse(checkpoint::peftConfigText(adapter));
    config.vision.reset();
    const Error error = refused();
    EXPECT_NE(error.message.find("vision tower"), std::string::npos) << error.toString();
}

TEST_F(Fault57, HalfADelta) {
    for (const PeftRole role : {PeftRole::A, PeftRole::B, PeftRole::Magnitude}) {
        adapter = golden("dora");
        const auto found = std::find_if(adapter.tensors.begin(), adapter.tensors.end(),
                                        [&](const PeftTensor& tensor) { return tensor.role == role; });
        adapter.tensors.erase(found);
        EXPECT_EQ(refused().code, ErrorCode::InvalidData);
    }
    adapter = golden("dora");
    peft["use_dora"] = false;
    EXPECT_EQ(refused().code, ErrorCode::InvalidData) << "magnitudes that would be dropped in silence";
    adapter.tensors.clear();
    EXPECT_EQ(refused().code, ErrorCode::InvalidData) << "an empty adapter";
}

TEST_F(PeftAdapterFiles, MissingAndPickledFiles) {
    EXPECT_EQ(checkpoint::openPeftAdapter(folder.path() / "none", config).error().code, ErrorCode::NotFound);
    EXPECT_EQ(open().error().code, ErrorCode::NotFound);
    std::ofstream(folder.path() / "adapter_model.bin") << "pickle";
    EXPECT_EQ(open().error().code, ErrorCode::Unsupported);
    write();
    std::ofstream(folder.path() / "adapter_config.json") << "{\"r\": 4";
    EXPECT_EQ(open().error().code, ErrorCode::InvalidData);
    std::ofstream(folder.path() / "adapter_config.json") << "[]";
    EXPECT_EQ(open().error().code, ErrorCode::InvalidData);
    std::filesystem::resize_file(folder.path() / "adapter_model.safetensors", 1000);
    write();
    std::filesystem::resize_file(folder.path() / "adapter_model.safetensors", 20000);
    EXPECT_EQ(open().error().code, ErrorCode::InvalidFile);
}

TEST(PeftConfig, PrintsAndReadsBackEqual) {
    PeftAdapter adapter;
    adapter.spec = {.kind = plan::AdapterKind::Dora,
                    .r = 16,
                    .alpha = 24.5,
                    .dropout = 0.125,
                    .useRslora = true,
                    .targetModules = {.list = {"k_proj", "q_proj"}, .expression = {}},
                    .excludeModules = {.list = {}, .expression = ".*vision.*"},
                    .modulesToSave = {"lm_head"},
                    .ensureWeightTying = true,
                    .rankPattern = {{"layers.0.*", 4}},
                    .alphaPattern = {{"q_proj", 3.0}},
                    .postNormBypass = true};
    adapter.baseModel = "google/gemma-3-4b-it";
    const auto read = checkpoint::parsePeftConfig(nlohmann::json::parse(checkpoint::peftConfigText(adapter)));
    ASSERT_TRUE(read) << read.error().toString();
    EXPECT_EQ(read->spec, adapter.spec);
    EXPECT_EQ(read->baseModel, adapter.baseModel);
}

}  // namespace
}  // namespace lapidary::test
