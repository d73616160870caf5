// The run's loop over a scripted objective: four numbers learn from numbered samples, each of which does what a test's script says.
// Thousands of steps take a second, so that faults can come at any of them.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/distributed/local_group.h"
#include "core/engine/train/run_loop.h"
#include "tests/core/engine/train/run_events.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::train {

constexpr std::int64_t kSamples = 1 << 15;
constexpr double kStepSeconds = 2.0;

// What the script says of one sample, each time that it is asked.
enum class Play : std::uint8_t { Good, NotANumber, InfiniteGradient, Spike, OutOfMemory, DeviceLost, Unreadable };

// `together`: how many samples its micro-batch has.
using Script = std::function<Play(std::int64_t sample, std::size_t together)>;

// The first sample of each step of four, and the factor of its learning rate.
using Steps = std::vector<std::pair<std::int64_t, double>>;

// Sample i pushes four numbers its own way, so that they tell which samples were learnt from, and in what order.
class ScriptedObjective final : public Objective {
public:
    ScriptedObjective(at::Tensor parameter, Script script) : m_parameter(std::move(parameter)), m_script(std::move(script)) {}

    [[nodiscard]] std::int64_t targets(const MicroBatch& batch) const override {
        return static_cast<std::int64_t>(batch.sampleIds.size());
    }
    Result<double> accumulate(const MicroBatch& batch, double scale, std::stop_token) override {
        double loss = 0.0;
        for (const std::string& id : batch.sampleIds) {
            const std::int64_t sample = std::stoll(id);
            double factor = 1.0;
            switch (m_script(sample, batch.sampleIds.size())) {
                case Play::Good: break;
                case Play::NotANumber: loss = std::nan(""); break;
                case Play::InfiniteGradient: factor = std::numeric_limits<double>::infinity(); break;
                case Play::Spike: loss += 1000.0; break;
                case Play::OutOfMemory: throw std::bad_alloc();
                case Play::DeviceLost: TORCH_CHECK(false, "CUDA error: unspecified launch failure"); break;
                case Play::Unreadable: return Error{ErrorCode::NotFound, "cannot open 'picture.png'", id};
            }
            loss += 1.0;
            at::Tensor& gradient = m_parameter.mutable_grad();
            if (!gradient.defined()) gradient = at::zeros({4}, at::TensorOptions(at::kFloat));
            float* const values = gradient.mutable_data_ptr<float>();
            for (std::int64_t i = 0; i < 4; ++i) values[i] += static_cast<float>(scale * factor * ((sample + i) % 7 - 2));
        }
        return loss;
    }
    Result<Tally> evaluate(const MicroBatch&, std::stop_token) const override { return Tally(); }
    bool saveMemory() override { return !std::exchange(saving, true); }
    bool saving = false;

private:
    at::Tensor m_parameter;
    Script m_script;
};

class NumberedSamples final : public BatchSource {
public:
    [[nodiscard]] std::int64_t size() const override { return kSamples; }
    [[nodiscard]] std::string fingerprint() const override { return "numbers"; }
    Result<MicroBatch> batch(const std::vector<std::int64_t>& indices, const std::vector<std::int64_t>&) override {
        MicroBatch made;
        for (const std::int64_t index : indices) made.sampleIds.push_back(std::to_string(index));
        made.tokens = static_cast<std::int64_t>(indices.size());
        return made;
    }
};

struct ScriptedRun : testing::Test, RunEvents {
    ScriptedRun() {
        test::buildTinyTextModel(temp.path() / "base");
        auto opened = session::openWithProcessor(temp.path() / "base");
        if (!opened) throw std::runtime_error(opened.error().toString());
        model.opened = std::move(*opened);
        request.folder = temp.path() / "run";
        request.clock = &clock;
        request.onEvent = [this](const protocol::TrainingEvent& event) { hear(event); };
        request.recipe.train.trainIters = 20;
        request.recipe.train.globalBatchSize = 4;
        request.recipe.train.microBatchSize = 4;
        request.recipe.train.noOpCheckSteps = 0;
        request.recipe.checkpoint.saveInterval = 5;
    }

    static TrainerSettings trainerSettings() {
        TrainerSettings settings;
        settings.schedule.maximum = 0.01;
        settings.schedule.decay = Decay::Constant;
        return settings;
    }
    // As runTraining goes about it, with the scripted objective; then `values` are what was learnt.
    Result<RunResult> run(RunStart start, distributed::ProcessGroup& ranks) {
        std::optional<RunFolder> folder;
        if (ranks.rank() == 0) {
            auto opened = RunFolder::open(request.folder, start);
            if (!opened) return opened.error();
            folder.emplace(std::move(*opened));
        }
        RunFolder* const mine = folder ? &*folder : nullptr;
        RunLog log(mine, mine != nullptr ? request.onEvent : nullptr, clock);
        const at::Tensor parameter = at::zeros({4}, at::TensorOptions(at::kFloat));
        ScriptedObjective objective(parameter, [this](std::int64_t sample, std::size_t together) {
            clock.pass(kStepSeconds / 4);
            return script(sample, together);
        });
        Trainer trainer(objective, {{"p", parameter, plan::Part::Language, false, 1.0}}, trainerSettings(), ranks);
        RunCounters counters;
        std::vector<std::string> skipped;
        const auto newest = mine != nullptr ? mine->newestValid(skipped) : std::optional<SavedCheckpoint>();
        if (newest && *newest) {
            counters = readSavedState((*newest)->folder)->counters;
            RETURN_IF_ERROR(restoreTrainingState((*newest)->folder, trainer.optimizer()));
            trainer.restore(counters.step, counters.recentLoss);
        }
        TrainingData data;
        data.training = std::make_unique<NumberedSamples>();
        auto order = dataset::SampleOrder::create(
            {kSamples, request.recipe.train.microBatchSize, ranks.size(), dataset::SampleOrderKind::Single});
        PrivateMemoryPeak memory;
        RunLoop loop(request, {model, data, objective, trainer, mine, log, nullptr, ranks, clock, memory, RunIdentity()},
                     std::move(*order), counters);
        auto result = loop.run(stop.get_token());
        const float* const numbers = parameter.const_data_ptr<float>();
        values.assign(numbers, numbers + 4);
        saving = objective.saving;
        return result;
    }
    Result<RunResult> run(RunStart start = RunStart::Fresh) { return run(start, group); }
    RunResult finish(RunStart start = RunStart::Fresh) {
        auto result = run(start);
        if (!result) throw std::runtime_error(result.error().toString());
        return *result;
    }
    // What somebody has learnt who took just these steps.
    std::vector<float> learnt(const Steps& steps) {
        const at::Tensor parameter = at::zeros({4}, at::TensorOptions(at::kFloat));
        ScriptedObjective objective(parameter, [](std::int64_t, std::size_t) { return Play::Good; });
        Trainer trainer(objective, {{"p", parameter, plan::Part::Language, false, 1.0}}, trainerSettings(), group);
        for (const auto& [first, factor] : steps) {
            trainer.setLearningRateFactor(factor);
            const Result<MicroBatch> batch = NumberedSamples().batch({first, first + 1, first + 2, first + 3}, {});
            if (const auto done = trainer.step({&*batch, 1}); !done) throw std::runtime_error(done.error().toString());
        }
        const float* const numbers = parameter.const_data_ptr<float>();
        return {numbers, numbers + 4};
    }
    void say(RunCommand word) const { ASSERT_TRUE(leaveCommand(request.folder, word)); }
    // Answers every pause over a step with the words, one after the other.
    void answerWith(std::vector<RunCommand> words) {
        onNotice = [this, words = std::move(words), next = std::size_t{0}](const protocol::NoticeEvent& notice) mutable {
            const bool asks = notice.message.find("write one into") != std::string::npos;
            if (asks && next < words.size()) say(words[next++]);
        };
    }

    test::TempDir temp;
    test::FakeClock clock;
    distributed::LocalGroup group;
    TrainingModel model;
    RunRequest request;
    std::stop_source stop;
    Script script = [](std::int64_t, std::size_t) { return Play::Good; };
    std::vector<float> values;
    bool saving = false;
};

// Sample `bad` is as `play`, always.
inline Script always(std::int64_t bad, Play play) {
    return [=](std::int64_t sample, std::size_t) { return sample == bad ? play : Play::Good; };
}

inline void append(Steps& steps, std::int64_t begin, std::int64_t end, double factor = 1.0) {
    for (std::int64_t step = begin; step < end; ++step) steps.emplace_back(4 * step, factor);
}

constexpr std::int64_t kOfStep7 = 26;  // step 7 takes samples 24 to 27
constexpr std::int64_t kOfStep13 = 50;

}  // namespace lapidary::train
