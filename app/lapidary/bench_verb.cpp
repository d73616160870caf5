// `lapidary bench`: how fast this machine opens a model, reads a prompt, writes an answer and looks at a picture, beside what
// its memory and its arithmetic would allow at most, measured in the same run.
#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>

#include "app/lapidary/common_options.h"
#include "app/lapidary/json_output.h"
#include "core/engine/session/sequence.h"
#include "core/shared/plan/parameter_table.h"
#include "kernels/roofline.h"

namespace lapidary::app {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// What a step of the text model costs at least: bytes read to make one token, operations for every token of a prompt.
struct TextCost {
    double bytesPerToken = 0.0;
    double flopsPerPromptToken = 0.0;
};

// Decoding reads every weight of the text model once; of an embedding that is not the head, one row.  A prompt multiplies every
// matrix but the head, which serves its last token alone.
Result<TextCost> textCost(const session::Model& model) {
    TextCost cost;
    const bool untied = model.opened().checkpoint.untiedHead;
    const auto quantize = model.network().options().quantize;
    for (const plan::Parameter& parameter : plan::parameterTable(model.config(), untied)) {
        if (parameter.part != plan::Part::Language) continue;
        const bool embedding = parameter.kind == plan::Kind::Embedding;
        const bool matrix = parameter.kind == plan::Kind::Matrix;
        ASSIGN_OR_RETURN(const checkpoint::StoredTensor stored, model.opened().checkpoint.tensors->tensor(parameter.name));
        auto bytes = static_cast<double>(stored.bytes.size());
        if (matrix && quantize && kernels::isPlain(stored.format)) {
            bytes =
                static_cast<double>(kernels::rowBytes(*quantize, parameter.shape.back()).value_or(0) * parameter.shape.front());
        }
        if (!(embedding && untied)) cost.bytesPerToken += bytes;
        if (matrix && parameter.name != plan::headName(model.config()))
            cost.flopsPerPromptToken += 2.0 * static_cast<double>(parameter.elements());
    }
    return cost;
}

// The best of the rounds in seconds: what other programs do on the machine only ever adds.
struct Measured {
    double opening = 1e9;
    double prefill = 1e9;
    double decode = 1e9;
    double imageEncode = 1e9;
    kernels::Roofline roof;
};

class BenchVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        addModelOptions(command, m_model);
        const auto positive = CLI::Range(std::int64_t{1}, std::int64_t{1} << 24);
        command.add_option("--prompt-tokens", m_promptTokens, "length of the prompt that is read")
            ->capture_default_str()
            ->check(positive)
            ->type_name("N");
        command.add_option("--max-new-tokens", m_newTokens, "length of the answer that is written")
            ->capture_default_str()
            ->check(positive)
            ->type_name("N");
        command.add_option("--rounds", m_rounds, "the best of so many rounds counts")
            ->capture_default_str()
            ->check(CLI::Range(1, 1000))
            ->type_name("N");
    }

    Result<void> run(const Invocation& invocation) override {
        Measured measured;
        auto start = Clock::now();
        ASSIGN_OR_RETURN(auto model, loadModel(m_model, invocation));
        const double firstOpening = secondsSince(start);
        if (m_promptTokens + m_newTokens > model->contextTokens()) {
            return Error{ErrorCode::Usage,
                         "the model holds " + std::to_string(model->contextTokens()) + " tokens, asked for " +
                             std::to_string(m_promptTokens) + " and " + std::to_string(m_newTokens),
                         "--prompt-tokens"};
        }
        measured.roof = kernels::measureRoofline(at::get_num_threads());
        ASSIGN_OR_RETURN(const TextCost cost, textCost(*model));
        for (int round = 0; round < m_rounds; ++round) {
            RETURN_IF_ERROR(textRound(model, measured, invocation.stop));
            if (model->config().vision) RETURN_IF_ERROR(imageRound(*model, measured, invocation.stop));
        }
        const std::string device = model->deviceName();
        const std::string dtype = model->dtypeName();
        const bool vision = model->config().vision.has_value();
        model.reset();  // its files stay in the page cache: the opening that a second start would see
        for (int round = 0; round < m_rounds; ++round) {
            start = Clock::now();
            ASSIGN_OR_RETURN(const auto again, loadModel(m_model, invocation));
            measured.opening = std::min(measured.opening, secondsSince(start));
        }
        print(invocation.console, measured, cost, firstOpening, device, dtype, vision);
        return {};
    }

private:
    Result<void> textRound(const std::shared_ptr<const session::Model>& model, Measured& measured,
                           const std::stop_token& stop) const {
        const std::int64_t vocabulary = model->network().vocabSize();
        const auto idAt = [vocabulary](std::int64_t i) {
            return 1000 % vocabulary + (i * 7919) % std::max<std::int64_t>(1, vocabulary / 2 - 1000);
        };
        processor::ProcessedPrompt prompt;  // plain text: what the ids mean does not change the work
        prompt.ids.push_back(model->tokenizer().bosId());
        while (static_cast<std::int64_t>(prompt.ids.size()) < m_promptTokens)
            prompt.ids.push_back(idAt(static_cast<std::int64_t>(prompt.ids.size())));
        prompt.tokenTypeIds.assign(prompt.ids.size(), 0);
        session::Sequence sequence(model);
        session::ImageFeatureMemory memory;
        auto start = Clock::now();
        ASSIGN_OR_RETURN([[maybe_unused]] const auto prefill, sequence.prefill(prompt, memory, {}, stop));
        measured.prefill = std::min(measured.prefill, secondsSince(start));
        start = Clock::now();
        for (std::int64_t i = 0; i < m_newTokens; ++i) {
            ASSIGN_OR_RETURN([[maybe_unused]] const auto logits, sequence.append(idAt(i + m_promptTokens), stop));
        }
        measured.decode = std::min(measured.decode, secondsSince(start));
        return {};
    }

    static Result<void> imageRound(const session::Model& model, Measured& measured, const std::stop_token& stop) {
        const std::int64_t size = model.config().vision->imageSize;
        const at::Tensor pixels = at::zeros({1, 3, size, size}, at::TensorOptions(at::kFloat));
        const auto start = Clock::now();
        ASSIGN_OR_RETURN([[maybe_unused]] const auto features,
                         model.network().getImageFeatures(pixels, model::VisionOutputs::FeaturesOnly, stop));
        measured.imageEncode = std::min(measured.imageEncode, secondsSince(start));
        return {};
    }

    void print(const Console& console, const Measured& m, const TextCost& cost, double firstOpening, const std::string& device,
               const std::string& dtype, bool vision) const {
        const double prefillSpeed = static_cast<double>(m_promptTokens) / m.prefill;
        const double decodeSpeed = static_cast<double>(m_newTokens) / m.decode;
        const double prefillShare = prefillSpeed * cost.flopsPerPromptToken / m.roof.flopsPerSecond;
        const double decodeShare = decodeSpeed * cost.bytesPerToken / m.roof.readBytesPerSecond;
        if (console.json) {
            nlohmann::ordered_json document{
                {"device", device},
                {"dtype", dtype},
                {"threads", at::get_num_threads()},
                {"rounds", m_rounds},
                {"roofline",
                 {{"read_bytes_per_second", m.roof.readBytesPerSecond}, {"flops_per_second", m.roof.flopsPerSecond}}},
                {"opening", {{"first_seconds", firstOpening}, {"warm_seconds", m.opening}}},
                {"prefill",
                 {{"tokens", m_promptTokens},
                  {"tokens_per_second", prefillSpeed},
                  {"flops_per_token", cost.flopsPerPromptToken},
                  {"of_roofline", prefillShare}}},
                {"decode",
                 {{"tokens", m_newTokens},
                  {"tokens_per_second", decodeSpeed},
                  {"bytes_per_token", cost.bytesPerToken},
                  {"of_roofline", decodeShare}}}};
            if (vision) document["image_encode"] = {{"seconds_per_view", m.imageEncode}};
            printJson(document);
            return;
        }
        std::printf("device       %s, %s, %d threads\n", device.c_str(), dtype.c_str(), at::get_num_threads());
        std::printf("roofline     %.1f GB/s read, %.0f GFLOP/s float32\n", m.roof.readBytesPerSecond * 1e-9,
                    m.roof.flopsPerSecond * 1e-9);
        std::printf("opening      %.2f s, again %.2f s\n", firstOpening, m.opening);
        std::printf("prefill      %.1f tokens/s (%lld tokens), %.0f %% of the arithmetic\n", prefillSpeed,
                    static_cast<long long>(m_promptTokens), prefillShare * 100.0);
        std::printf("decode       %.1f tokens/s (%lld tokens), %.0f %% of the memory\n", decodeSpeed,
                    static_cast<long long>(m_newTokens), decodeShare * 100.0);
        if (vision) std::printf("image        %.2f s a view\n", m.imageEncode);
        std::fflush(stdout);
    }

    ModelOptions m_model;
    std::int64_t m_promptTokens = 512;
    std::int64_t m_newTokens = 64;
    int m_rounds = 3;
};

}  // namespace

std::unique_ptr<Verb> makeBenchVerb() { return std::make_unique<BenchVerb>(); }

}  // namespace lapidary::app
