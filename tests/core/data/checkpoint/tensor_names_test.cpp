#include "core/data/checkpoint/tensor_names.h"

#include <gtest/gtest.h>

#include "core/shared/plan/parameter_table.h"
#include "tests/support/checkpoint_builder.h"

namespace lapidary::checkpoint {
namespace {

using test::Naming;

TEST(TensorNames, EveryNamingIsMadeCanonical) {
    for (const Naming naming :
         {Naming::Hub, Naming::StateDict452, Naming::StateDict56, Naming::HubFlatVision, Naming::BaseModel}) {
        for (const plan::Parameter& parameter : plan::parameterTable(test::tinyVisionConfig(), true)) {
            const std::string stored = test::nameIn(naming, parameter.name);
            EXPECT_EQ(canonicalName(parseTensorName(stored), true), parameter.name) << stored;
        }
    }
    for (const Naming naming : {Naming::TextOnly, Naming::BareText}) {
        for (const plan::Parameter& parameter : plan::parameterTable(test::tinyTextConfig(), true)) {
            const std::string stored = test::nameIn(naming, parameter.name);
            EXPECT_EQ(canonicalName(parseTensorName(stored), false), parameter.name) << stored;
        }
    }
}

// Spelled out, so that this test does not stand on the builder's own renaming.
TEST(TensorNames, ExamplesOfTheSpecification) {
    const auto vision = [](const char* stored) { return canonicalName(parseTensorName(stored), true); };
    EXPECT_EQ(vision("model.language_model.layers.3.mlp.up_proj.weight"), "language_model.model.layers.3.mlp.up_proj.weight");
    EXPECT_EQ(vision("language_model.model.norm.weight"), "language_model.model.norm.weight");
    EXPECT_EQ(vision("language_model.norm.weight"), "language_model.model.norm.weight");
    EXPECT_EQ(vision("model.vision_tower.post_layernorm.bias"), "vision_tower.vision_model.post_layernorm.bias");
    EXPECT_EQ(vision("vision_tower.vision_model.post_layernorm.bias"), "vision_tower.vision_model.post_layernorm.bias");
    EXPECT_EQ(vision("model.multi_modal_projector.mm_input_projection_weight"),
              "multi_modal_projector.mm_input_projection_weight");
    EXPECT_EQ(vision("lm_head.weight"), "language_model.lm_head.weight");
    EXPECT_EQ(vision("language_model.lm_head.weight"), "language_model.lm_head.weight");
    EXPECT_EQ(canonicalName(parseTensorName("embed_tokens.weight"), false), "model.embed_tokens.weight");
    EXPECT_EQ(vision("vision_tower.vision_model.head.probe"), "");
    EXPECT_EQ(vision("model.rotary_emb.inv_freq"), "");
    EXPECT_EQ(vision("vision_tower.embeddings.position_ids"), "");
    EXPECT_EQ(parseTensorName("model.vision_tower.post_layernorm.bias").prefix, "model.vision_tower.");
}

}  // namespace
}  // namespace lapidary::checkpoint
