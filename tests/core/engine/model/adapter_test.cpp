// Adapters beside a model: logits of the reference's merged models, gradients, saved modules, several at once.
#include "core/engine/model/adapter.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "core/data/files/safetensors_file.h"
#include "core/shared/base/file.h"
#include "tests/core/engine/model/model_fixture.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

using model::Adapter;
using model::AdapterUse;

// The reference's own tolerance of adapter against merged logits (measured there: 5e-6).
constexpr double kMerged = 3e-5;
constexpr double kSame = 2e-5;

at::Tensor goldenTensor(const std::string& path, const std::string& name) {
    const auto file = valueOf(files::SafetensorsFile::open(goldenPath("finetune/" + path)));
    const files::SafetensorsTensor* const tensor = file->find(name);
    if (tensor == nullptr) throw std::runtime_error("no tensor " + name);
    const auto bytes = file->bytes(*tensor);
    if (tensor->dtype == "U8") {
        std::vector<float> values(bytes.size());
        std::transform(bytes.begin(), bytes.end(), values.begin(),
                       [](std::byte byte) { return (static_cast<float>(byte) - 127.5F) / 127.5F; });
        return at::from_blob(values.data(), tensor->shape, at::TensorOptions(at::kFloat)).clone();
    }
    std::vector<float> values(bytes.size() / 4);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return at::from_blob(values.data(), tensor->shape, at::TensorOptions(at::kFloat)).clone();
}

// The random tiny vision-language model of tests/golden/finetune, and its samples.
struct GoldenAdapters : testing::Test {
    checkpoint::Checkpoint base = openOrThrow(goldenPath("finetune/model"));
    std::shared_ptr<model::Gemma3VlModel> model = loadOrThrow(base);
    nlohmann::json golden = goldenJson("finetune/golden.json");

    Adapter load(const std::string& path, AdapterUse use = AdapterUse::Inference) {
        return valueOf(
            Adapter::load(*model, valueOf(checkpoint::openPeftAdapter(goldenPath("finetune/" + path), base.config)), use));
    }
    model::ModelInput sample(std::size_t index, const Adapter* adapter) {
        const nlohmann::json& stored = golden.at("samples").at(index);
        model::ModelInput input;
        input.inputIds = idRows({stored.at("input_ids").get<std::vector<std::int64_t>>()});
        input.pixelValues = goldenTensor("pixels.safetensors", stored.at("pixel_tensor").get<std::string>());
        input.adapter = adapter;
        return input;
    }
    at::Tensor logits(std::size_t index, const Adapter* adapter) {
        return valueOf(model->forward(sample(index, adapter))).output[0];
    }
};

TEST_F(GoldenAdapters, LogitsAreThoseOfTheReferencesMergedModel) {
    for (const std::string name : {"lora", "dora", "lora_grad_accum", "lora_vision_lora"}) {
        const Adapter adapter = load(name + "/adapter_final");
        for (std::size_t i = 0; i < 4; ++i) {
            const at::Tensor merged =
                goldenTensor(name + "/merged_logits.safetensors", "sample" + std::to_string(i) + ".merged_logits");
            EXPECT_LT(maxDifference(logits(i, &adapter), merged), kMerged) << name << " " << i;
            EXPECT_GT(maxDifference(logits(i, nullptr), merged), 0.1) << name << " " << i << ": the base is another model";
        }
    }
}

TEST_F(GoldenAdapters, CachedAnswersUseTheAdapterOfTheirForward) {
    const Adapter lora = load("lora/adapter_final"), dora = load("dora/adapter_final");
    EXPECT_FALSE(lora.changesPictures());
    EXPECT_TRUE(load("lora_vision_lora/adapter_final").changesPictures());
    model::KvCache first = model->makeCache(), second = model->makeCache();
    model::ModelInput input = sample(0, nullptr);
    const at::Tensor features = valueOf(model->getImageFeatures(input.pixelValues)).features;
    // One prefill and single steps of two conversations that take turns on one model.
    const auto step = [&](model::KvCache& cache, const Adapter& adapter, std::int64_t begin, std::int64_t count) {
        model::SequenceInput part;
        part.ids = input.inputIds.narrow(1, begin, count);
        part.imageFeatures = begin == 0 ? features : at::Tensor();
        part.adapter = &adapter;
        return valueOf(model->forward(part, cache)).logits[0][0];
    };
    const at::Tensor wholeFirst = logits(0, &lora), wholeSecond = logits(0, &dora);
    const std::int64_t tokens = input.inputIds.size(1);
    step(first, lora, 0, tokens - 3);
    step(second, dora, 0, tokens - 3);
    for (std::int64_t i = tokens - 3; i < tokens; ++i) {
        EXPECT_LT(maxDifference(step(first, lora, i, 1), wholeFirst[i]), kSame) << i;
        EXPECT_LT(maxDifference(step(second, dora, i, 1), wholeSecond[i]), kSame) << i;
    }
}

TEST_F(GoldenAdapters, MergedRowsAreTheReferencesMergedTensors) {
    for (const std::string name : {"lora", "dora", "lora_vision_lora"}) {
        const Adapter adapter = load(name + "/adapter_final");
        const auto cases = golden.at("cases");
        const auto run = std::find_if(cases.begin(), cases.end(), [&](const auto& entry) { return entry.at("id") == name; });
        std::size_t checked = 0;
        for (const std::string& weight : adapter.touched()) {
            std::string key = "model." + weight;
            for (const auto& [from, to] : {std::pair{"language_model.model.", "language_model."}, {"vision_model.", ""}}) {
                if (const auto at = key.find(from); at != std::string::npos) key.replace(at, std::strlen(from), to);
            }
            const nlohmann::json& expected = run->at("merged_tensors").at(key);
            const checkpoint::StoredTensor stored = valueOf(base.tensors->tensor(weight));
            const at::Tensor dense =
                ops::Weight::stored(stored.format, stored.shape, stored.bytes, stored.owner).materialize(at::kFloat, at::kCPU);
            ASSERT_EQ(adapter.deltasOf(weight).size(), 1U);
            const model::LowRankDelta& delta = *adapter.deltasOf(weight).front();
            const at::Tensor top = model::mergedRows(delta, dense.narrow(0, 0, 7), 0);
            const at::Tensor rest = model::mergedRows(delta, dense.narrow(0, 7, dense.size(0) - 7), 7);
            const double sum = top.to(at::kDouble).sum().item<double>() + rest.to(at::kDouble).sum().item<double>();
            const double squares =
                top.to(at::kDouble).square().sum().item<double>() + rest.to(at::kDouble).square().sum().item<double>();
            // Checksums of up to 3072 float32 numbers of order one half.
            EXPECT_NEAR(sum, expected.at("sum").get<double>(), 2e-5) << weight;
            EXPECT_NEAR(squares, expected.at("sumsq").get<double>(), 2e-5) << weight;
            ++checked;
        }
        EXPECT_EQ(checked, run->at("merged_tensors").size());
    }
}

TEST_F(GoldenAdapters, SavedAndLoadedAgainItIsTheSame) {
    TempDir folder;
    for (const std::string name : {"dora", "lora_vision_lora"}) {
        const Adapter adapter = load(name + "/adapter_final", AdapterUse::Training);
        ASSERT_TRUE(checkpoint::writePeftAdapter(folder.path() / name, adapter.toPeft("../../model")));
        const auto text = [&](const std::filesystem::path& path) { return valueOf(readFile(path, 1 << 20)); };
        for (const std::string file : {"/adapter_config.json", "/adapter_model.safetensors"})
            EXPECT_EQ(text(folder.path() / (name + file)), goldenText("finetune/" + name + "/adapter_final" + file)) << name;
    }
}

TEST_F(GoldenAdapters, SeveralAreAdded) {
    const Adapter lora = load("lora/adapter_final"), other = load("lora_grad_accum/adapter_final");
    const Adapter both = valueOf(Adapter::combined({&lora, &other}));
    EXPECT_EQ(both.deltaCount(), 2 * lora.deltaCount());
    // The same by hand: a model whose weights hold both deltas.
    const auto merged = loadOrThrow(base, loadOptions(ops::Precision::Float32, model::WeightStorage::Trainable));
    merged->visitParameters([&](const std::string& name, ops::Weight& weight) {
        for (const Adapter* adapter : {&lora, &other}) {
            for (const model::LowRankDelta* delta : adapter->deltasOf(name))
                weight.tensor().detach().copy_(model::mergedRows(*delta, weight.tensor().detach(), 0));
        }
    });
    const at::Tensor expected = valueOf(merged->forward(sample(1, nullptr))).output[0].detach();
    EXPECT_LT(maxDifference(logits(1, &both), expected), kMerged);
    EXPECT_GT(maxDifference(logits(1, &lora), expected), 0.1);
}

// A small random model, its weights as a file stores them.
struct Adapters : testing::Test {
    TempDir folder;
    checkpoint::Checkpoint vision = randomCheckpoint(folder.path(), tinyVisionConfig(), 6);
    std::shared_ptr<model::Gemma3VlModel> model = loadOrThrow(vision);

    static plan::AdapterSpec spec(plan::AdapterKind kind = plan::AdapterKind::Lora) {
        plan::AdapterSpec made;
        made.kind = kind;
        made.r = 3;
        made.alpha = 6.0;
        made.targetModules.list = {"all-linear"};
        return made;
    }
    // Nothing zero, so that every gradient shows.
    Adapter shaken(const plan::AdapterSpec& wanted) {
        Adapter adapter = valueOf(Adapter::create(*model, wanted, 1));
        const c10::AutoGradMode noGradient(false);
        std::uint64_t seed = 50;
        adapter.visitParameters([&](const std::string& name, at::Tensor& tensor) {
            const double scale = name.ends_with("lora_B.weight") ? 0.3 : 0.05;
            tensor.add_(
                (at::arange(tensor.numel()) * 0.7 + static_cast<double>(seed++)).sin().view(tensor.sizes()).to(at::kFloat) *
                scale);
        });
        return adapter;
    }
    static model::ModelInput input(const Adapter* adapter) {
        model::ModelInput made;
        made.inputIds =
            idRows({{2, 17, 260, 262, 262, 262, 262, 261, 30, 31, 9, 14}, {0, 0, 2, 5, 260, 262, 262, 262, 262, 261, 40, 8}});
        made.attentionMask = made.inputIds.ne(0);
        made.labels = idRows({{17, -100, -100, -100, -100, -100, -100, 30, 31, 5, 7, 8},
                              {-100, -100, -100, -100, -100, -100, -100, -100, -100, 40, 41, 5}});
        made.pixelValues = randomPixels(2, 56, 4);
        made.adapter = adapter;
        return made;
    }
    at::Tensor loss(const model::ModelInput& wanted) { return valueOf(model->forward(wanted)).output.sum(); }
    static std::map<std::string, at::Tensor> gradients(Adapter& adapter) {
        std::map<std::string, at::Tensor> found;
        adapter.visitParameters([&](const std::string& name, at::Tensor& tensor) { found[name] = tensor.grad(); });
        return found;
    }
};

TEST_F(Adapters, AFreshOneChangesNothing) {
    const at::Tensor without = loss(input(nullptr));
    for (const auto kind : {plan::AdapterKind::Lora, plan::AdapterKind::Dora}) {
        plan::AdapterSpec wanted = spec(kind);
        wanted.modulesToSave = {"multi_modal_projector", "norm"};
        const Adapter adapter = valueOf(Adapter::create(*model, wanted, 1));
        EXPECT_EQ(adapter.deltaCount(), 6U * 7 + 2 * 6);
        EXPECT_EQ(adapter.deltasIn(plan::Part::Vision), 12U);
        EXPECT_NEAR(loss(input(&adapter)).item<double>(), without.item<double>(), 1e-4);
    }
    const auto first = [&](plan::AdapterInit init, std::uint64_t seed) {
        plan::AdapterSpec wanted = spec();
        wanted.init = init;
        Adapter adapter = valueOf(Adapter::create(*model, wanted, seed));
        return adapter.deltasOf("language_model.model.layers.0.mlp.down_proj.weight").front()->a.detach();
    };
    const at::Tensor uniform = first(plan::AdapterInit::PeftDefault, 1);  // [3, 48 or so]
    const double bound = 1.0 / std::sqrt(static_cast<double>(uniform.size(1)));
    EXPECT_LE(uniform.abs().max().item<double>(), bound);
    EXPECT_GT(uniform.abs().max().item<double>(), 0.9 * bound);
    EXPECT_TRUE(uniform.equal(first(plan::AdapterInit::PeftDefault, 1)));
    EXPECT_FALSE(uniform.equal(first(plan::AdapterInit::PeftDefault, 2)));
    EXPECT_GT(first(plan::AdapterInit::Xavier, 1).abs().max().item<double>(), bound) << "normal values have no bound";
}

// With W' = W + s B A:  dB = s dW' Aᵀ and dA = s Bᵀ dW', dW' from a model of dense weights.
TEST_F(Adapters, GradientsAreThoseOfTheMergedWeights) {
    Adapter adapter = shaken(spec());
    loss(input(&adapter)).backward();
    const auto dense = loadOrThrow(vision, loadOptions(ops::Precision::Float32, model::WeightStorage::Trainable));
    std::map<std::string, at::Tensor> weights;
    dense->visitParameters([&](const std::string& name, ops::Weight& weight) {
        for (const model::LowRankDelta* delta : adapter.deltasOf(name)) {
            weight.tensor().detach().copy_(model::mergedRows(*delta, weight.tensor().detach(), 0));
            weights[name] = weight.tensor();
        }
    });
    valueOf(dense->forward(input(nullptr))).output.sum().backward();
    ASSERT_EQ(weights.size(), adapter.deltaCount());
    for (const auto& [name, weight] : weights) {
        const model::LowRankDelta& delta = *adapter.deltasOf(name).front();
        const at::Tensor b = weight.grad().matmul(delta.a.detach().t()) * delta.scaling;
        const at::Tensor a = delta.b.detach().t().matmul(weight.grad()) * delta.scaling;
        EXPECT_LT(maxDifference(delta.b.grad(), b), 1e-4 * b.abs().max().item<double>() + 1e-5) << name;
        EXPECT_LT(maxDifference(delta.a.grad(), a), 1e-4 * a.abs().max().item<double>() + 1e-5) << name;
    }
}

// DoRA's norm has no gradient: with it frozen in a dense model as a constant, m's gradient is Σ dW' ∘ V / n.
TEST_F(Adapters, DoraDetachesItsNorm) {
    Adapter adapter = shaken(spec(plan::AdapterKind::Dora));
    loss(input(&adapter)).backward();
    const auto dense = loadOrThrow(vision, loadOptions(ops::Precision::Float32, model::WeightStorage::Trainable));
    std::map<std::string, std::pair<at::Tensor, at::Tensor>> weights;  // W', W + s B A
    dense->visitParameters([&](const std::string& name, ops::Weight& weight) {
        for (const model::LowRankDelta* delta : adapter.deltasOf(name)) {
            const at::Tensor sum = (weight.tensor() + delta->b.matmul(delta->a) * delta->scaling).detach();
            weight.tensor().detach().copy_(model::mergedRows(*delta, weight.tensor().detach(), 0));
            weights[name] = {weight.tensor(), sum};
        }
    });
    valueOf(dense->forward(input(nullptr))).output.sum().backward();
    for (const auto& [name, pair] : weights) {
        const model::LowRankDelta& delta = *adapter.deltasOf(name).front();
        const auto& [weight, sum] = pair;
        const at::Tensor norms = sum.square().sum(1).sqrt();
        const at::Tensor factor = (delta.magnitude.detach() / norms).unsqueeze(1);
        const at::Tensor m = (weight.grad() * sum).sum(1) / norms;
        // Were the norm differentiated, dB would lose its part along the row.
        const at::Tensor b = (weight.grad() * factor).matmul(delta.a.detach().t()) * delta.scaling;
        EXPECT_LT(maxDifference(delta.magnitude.grad(), m), 2e-4 * m.abs().max().item<double>() + 1e-5) << name;
        EXPECT_LT(maxDifference(delta.b.grad(), b), 2e-4 * b.abs().max().item<double>() + 1e-5) << name;
    }
}

TEST_F(Adapters, TheFrozenModelGetsNoGradientAndStaysAsItIs) {
    model = loadOrThrow(vision, loadOptions(ops::Precision::Float32, model::WeightStorage::Trainable));
    model->freeze({.freezeLanguageModel = true, .freezeVisionModel = true, .freezeVisionProjection = true});
    Adapter adapter = shaken(spec());
    const at::Tensor stored = loss(input(&adapter));
    stored.backward();
    model->visitParameters(
        [](const std::string& name, ops::Weight& weight) { EXPECT_FALSE(weight.tensor().grad().defined()) << name; });
    for (const auto& [name, gradient] : gradients(adapter))
        EXPECT_TRUE(gradient.defined() && gradient.abs().max().item<double>() > 0.0) << name;
}

TEST_F(Adapters, CheckpointedLayersGiveTheSameBits) {
    for (const auto kind : {plan::AdapterKind::Lora, plan::AdapterKind::Dora}) {
        plan::AdapterSpec wanted = spec(kind);
        wanted.dropout = 0.2;
        wanted.modulesToSave = {"multi_modal_projector", "input_layernorm"};
        const auto run = [&](bool checkpointed) {
            Adapter adapter = shaken(wanted);
            std::vector<at::Tensor> losses;
            for (const std::uint64_t seed : {3, 4}) {  // on top of gradients that are there already
                adapter.setTraining(true, seed);
                model::ModelInput made = input(&adapter);
                made.checkpointActivations = checkpointed;
                losses.push_back(loss(made));
                losses.back().backward();
            }
            return std::pair{losses, gradients(adapter)};
        };
        const auto [losses, expected] = run(false);
        const auto [lossesAgain, found] = run(true);
        for (std::size_t i = 0; i < 2; ++i) EXPECT_TRUE(losses[i].equal(lossesAgain[i])) << i;
        EXPECT_FALSE(losses[0].equal(losses[1])) << "another seed drops others";
        for (const auto& [name, gradient] : expected) {
            ASSERT_TRUE(gradient.defined() && found.at(name).defined()) << name;
            EXPECT_TRUE(gradient.equal(found.at(name))) << name;
        }
    }
}

TEST_F(Adapters, CheckpointedFullTrainingGivesTheSameBits) {
    const auto run = [&](bool checkpointed) {
        model = loadOrThrow(vision, loadOptions(ops::Precision::Float32, model::WeightStorage::Trainable));
        model::ModelInput made = input(nullptr);
        made.checkpointActivations = checkpointed;
        loss(made).backward();
        std::map<std::string, at::Tensor> found;
        model->visitParameters([&](const std::string& name, ops::Weight& weight) { found[name] = weight.tensor().grad(); });
        return found;
    };
    const auto expected = run(false), found = run(true);
    for (const auto& [name, gradient] : expected) EXPECT_TRUE(gradient.equal(found.at(name))) << name;
}

TEST_F(Adapters, DropoutActsOnlyWhileTraining) {
    plan::AdapterSpec wanted = spec(plan::AdapterKind::Dora);
    wanted.dropout = 0.5;
    Adapter adapter = shaken(wanted);
    const double quiet = loss(input(&adapter)).item<double>();
    adapter.setTraining(true, 9);
    const double dropping = loss(input(&adapter)).item<double>();
    EXPECT_GT(std::abs(dropping - quiet), 1e-3);
    EXPECT_EQ(loss(input(&adapter)).item<double>(), dropping) << "the seed alone decides";
    adapter.setTraining(false);
    EXPECT_EQ(loss(input(&adapter)).item<double>(), quiet);
}

TEST_F(Adapters, SavedModulesReplaceTheModelsAndLearn) {
    plan::AdapterSpec wanted = spec();
    wanted.targetModules.list = {"q_proj"};
    wanted.modulesToSave = {"embed_tokens", "mm_soft_emb_norm", "layers.1.mlp.down_proj", "patch_embedding"};
    Adapter adapter = shaken(wanted);
    loss(input(&adapter)).backward();
    std::size_t saved = 0;
    adapter.visitParameters([&](const std::string& name, at::Tensor& tensor) {
        EXPECT_GT(tensor.grad().abs().max().item<double>(), 0.0) << name;
        saved += name.find("lora") == std::string::npos ? 1 : 0;
    });
    EXPECT_EQ(saved, 5U);
    EXPECT_EQ(model->outputWeight(&adapter).tensor().data_ptr(), model->outputWeight().tensor().data_ptr())
        << "as in peft, a saved embedding leaves the tied head alone";
    wanted.ensureWeightTying = true;
    const Adapter tied = shaken(wanted);
    EXPECT_NE(model->outputWeight(&tied).tensor().data_ptr(), model->outputWeight().tensor().data_ptr());
    // Merged by hand it computes the same.
    const auto merged = loadOrThrow(vision, loadOptions(ops::Precision::Float32, model::WeightStorage::Trainable));
    merged->visitParameters([&](const std::string& name, ops::Weight& weight) {
        if (const ops::Weight* replacement = tied.savedAs(name)) weight.tensor().detach().copy_(replacement->tensor().detach());
        for (const model::LowRankDelta* delta : tied.deltasOf(name))
            weight.tensor().detach().copy_(model::mergedRows(*delta, weight.tensor().detach(), 0));
    });
    model::ModelInput made = input(&tied);
    made.labels = at::Tensor();
    const at::Tensor found = valueOf(model->forward(made)).output.detach().narrow(1, 2, 10);
    made.adapter = nullptr;
    EXPECT_LT(maxDifference(found, valueOf(merged->forward(made)).output.detach().narrow(1, 2, 10)), kMerged);
    EXPECT_EQ(Adapter::combined({&tied, &tied}).error().code, ErrorCode::Usage);
}

// Megatron-Bridge's quirk: round the norm, the delta enters the residual as it is, so twice the delta is twice the change.
TEST_F(Adapters, PostNormBypassAddsTheDeltaBehindTheNorm) {
    const auto change = [&](bool bypass, double times) {
        plan::AdapterSpec wanted = spec();
        wanted.targetModules.list = {"language_model.layers.0.mlp.down_proj"};
        wanted.postNormBypass = bypass;
        Adapter adapter = shaken(wanted);
        adapter.visitParameters([&](const std::string& name, at::Tensor& tensor) {
            const c10::AutoGradMode noGradient(false);
            if (name.ends_with("lora_B.weight")) tensor.mul_(times);
        });
        const auto layerOne = [&](const Adapter* used) {
            model::KvCache cache = model->makeCache();
            model::SequenceInput made;
            made.ids = idRows({{2, 17, 30, 31, 9}});
            made.hiddenStates = true;
            made.adapter = used;
            return valueOf(model->forward(made, cache)).hiddenStates[1];
        };
        return layerOne(&adapter) - layerOne(nullptr);
    };
    const at::Tensor once = change(true, 1.0), twice = change(true, 2.0);
    EXPECT_GT(once.abs().max().item<double>(), 1e-2);
    EXPECT_LT(maxDifference(twice, once * 2.0), 1e-4);
    EXPECT_GT(maxDifference(change(false, 2.0), change(false, 1.0) * 2.0), 1e-2) << "inside, the norm bends it";
}

TEST_F(Adapters, Bfloat16AddsItsFloat32DeltaBeforeTheRounding) {
    model = loadOrThrow(vision, loadOptions(ops::Precision::BFloat16));
    Adapter adapter = shaken(spec(plan::AdapterKind::Dora));
    const at::Tensor found = loss(input(&adapter));
    found.backward();
    const auto exact = loadOrThrow(vision);
    const double expected = valueOf(exact->forward(input(&adapter))).output.sum().item<double>();
    EXPECT_NEAR(found.item<double>(), expected, 0.02 * expected);
    for (const auto& [name, gradient] : gradients(adapter)) EXPECT_TRUE(gradient.isfinite().all().item<bool>()) << name;
}

TEST_F(Adapters, StagesHoldTheirOwnPart) {
    const Adapter whole = shaken(spec());
    const checkpoint::PeftAdapter stored = whole.toPeft("");
    model::LoadOptions first, second;
    first.part = {.layerBegin = 0, .layerEnd = 4, .preProcess = true, .postProcess = false, .vpStage = 0};
    second.part = {.layerBegin = 4, .layerEnd = -1, .preProcess = false, .postProcess = true, .vpStage = 1};
    const auto lower = loadOrThrow(vision, first), upper = loadOrThrow(vision, second);
    const Adapter below = valueOf(Adapter::load(*lower, stored)), above = valueOf(Adapter::load(*upper, stored));
    EXPECT_EQ(below.deltaCount() + above.deltaCount(), whole.deltaCount());
    upper->setInputTensor(valueOf(lower->forward(input(&below))).output);
    EXPECT_NEAR(valueOf(upper->forward(input(&above))).output.sum().item<double>(), loss(input(&whole)).item<double>(), 1e-3);
}

}  // namespace
}  // namespace lapidary::test
