// `lapidary bench`: how fast this machine opens a model, reads a prompt, writes an answer and looks at a picture, beside what
// its memory and its arithmetic would allow at most, measured in the same run.
#include <ATen/Parallel.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "app/lapidary/bench_rounds.h"
#include "app/lapidary/common_options.h"
#include "app/lapidary/json_output.h"

namespace lapidary::app {
namespace {

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
        auto start = BenchClock::now();
        ASSIGN_OR_RETURN(auto model, loadModel(m_model, invocation));
        const double firstOpening = secondsSince(start);
        if (m_promptTokens + m_newTokens > model->contextTokens()) {
            return Error{ErrorCode::Usage,
                         "the model holds " + std::to_string(model->contextTokens()) + " tokens, asked for " +
                             std::to_string(m_promptTokens) + " and " + std::to_string(m_newTokens),
                         "--prompt-tokens"};
        }
        ASSIGN_OR_RETURN(measured.roof, rooflineOf(*model));
        const TextCost cost = textCost(*model);
        for (int round = 0; round < m_rounds; ++round) {
            RETURN_IF_ERROR(textRound(model, m_promptTokens, m_newTokens, measured, invocation.stop));
            if (model->config().vision) RETURN_IF_ERROR(imageRound(*model, measured, invocation.stop));
        }
        const std::string device = model->deviceName();
        const std::string dtype = model->dtypeName();
        const bool vision = model->config().vision.has_value();
        model.reset();  // its files stay in the page cache: the opening that a second start would see
        for (int round = 0; round < m_rounds; ++round) {
            start = BenchClock::now();
            ASSIGN_OR_RETURN(const auto again, loadModel(m_model, invocation));
            measured.opening = std::min(measured.opening, secondsSince(start));
        }
        print(invocation.console, measured, cost, firstOpening, device, dtype, vision);
        return {};
    }

private:
    void print(const Console& console, const Measured& m, const TextCost& cost, double firstOpening, const std::string& device,
               const std::string& dtype, bool vision) const {
        const double prefillSpeed = static_cast<double>(m_promptTokens) / m.prefill;
        const double decodeSpeed = static_cast<double>(m_newTokens) / m.decode;
        const double prefillShare = prefillSpeed * cost.flopsPerPromptToken / m.roof.flopsPerSecond;
        const double decodeShare = decodeSpeed * cost.bytesPerToken / m.roof.readBytesPerSecond;
        const std::string roofDtype = device == "cpu" ? "float32" : dtype;
        if (console.json) {
            nlohmann::ordered_json document{{"device", device},
                                            {"dtype", dtype},
                                            {"threads", at::get_num_threads()},
                                            {"rounds", m_rounds},
                                            {"roofline",
                                             {{"read_bytes_per_second", m.roof.readBytesPerSecond},
                                              {"flops_per_second", m.roof.flopsPerSecond},
                                              {"flops_dtype", roofDtype}}},
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
        std::printf("roofline     %.1f GB/s read, %.0f GFLOP/s %s\n", m.roof.readBytesPerSecond * 1e-9,
                    m.roof.flopsPerSecond * 1e-9, roofDtype.c_str());
        std::printf("opening      %.2f s, again %.2f s\n", firstOpening, m.opening);
        std::printf("prefill      %.1f tokens/s (%lld tokens), %.0f %% of the arithmetic\n", prefillSpeed,
                    static_cast<long long>(m_promptTokens), prefillShare * 100.0);
        std::printf("decode       %.1f tokens/s (%lld tokens), %.0f %% of the memory\n", decodeSpeed,
                    static_cast<long long>(m_newTokens), decodeShare * 100.0);
        if (vision) std::printf("image        %.1f ms a view\n", m.imageEncode * 1e3);
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
