// What main and the verbs agree on: a verb adds its options to a CLI11 command and is run with what all verbs share.
// One file a verb; results go to standard output, everything else to standard error.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/shared/base/result.h"

namespace CLI {
class App;
}

namespace lapidary::app {

// --json, --quiet, --color and --log-level, which main adds to every verb, and the ways to speak to a person.
struct Console {
    bool json = false;
    bool quiet = false;
    std::string color = "auto";        // auto, always, never
    std::string logLevel = "warning";  // error, warning, info, debug

    // Whether standard error is a terminal where a progress line may be drawn (never with --quiet).
    [[nodiscard]] bool progressWanted() const;
    // Whether what is written to standard error may be coloured: --color, then NO_COLOR, then whether it is a terminal.
    [[nodiscard]] bool colorWanted() const;

    void error(const std::string& message) const;    // always shown
    void warning(const std::string& message) const;  // not with --quiet or --log-level error
    void info(const std::string& message) const;     // with --log-level info or debug
    void note(const std::string& message) const;     // a plain line for a person; as a warning
};

struct Invocation {
    const Console& console;
    std::stop_token stop;  // SIGINT, SIGTERM or SIGHUP came; the verb returns ErrorCode::Cancelled soon
    // After a SIGINT that ended only an answer: a token for the next one.  Stays stopped after SIGTERM.
    std::function<std::stop_token()> renewStop;
};

class Verb {
public:
    virtual ~Verb() = default;
    // Called once, before parsing; the options are bound to members of the verb.
    virtual void addOptions(CLI::App& command) = 0;
    virtual Result<void> run(const Invocation& invocation) = 0;
    // Goes on when its terminal is closed or the connection to it drops (SIGHUP), as under nohup.  Asked after parsing.
    [[nodiscard]] virtual bool outlivesTerminal() const { return false; }
};

std::unique_ptr<Verb> makeBenchVerb();
std::unique_ptr<Verb> makeChatVerb();
std::unique_ptr<Verb> makeConvertVerb();
std::unique_ptr<Verb> makeDatasetVerb();
std::unique_ptr<Verb> makeEngineVerb();
std::unique_ptr<Verb> makeFinetuneVerb();
std::unique_ptr<Verb> makeForwardVerb();
std::unique_ptr<Verb> makeGenerateVerb();
std::unique_ptr<Verb> makeInspectVerb();
std::unique_ptr<Verb> makeLaunchVerb();
std::unique_ptr<Verb> makeModelVerb();
std::unique_ptr<Verb> makeProcessorVerb();
std::unique_ptr<Verb> makeScoreVerb();
std::unique_ptr<Verb> makeTokenizeVerb();

// All arguments after the program's name, with `--max_new_tokens` written as `--max-new-tokens`; what follows `--` is left alone.
std::vector<std::string> hyphenated(int argc, const char* const* argv);

// "lapidary 0.1.0", the commit, LibTorch, a sentence about CUDA and the CPU features in use, a line each.
std::string versionText();
std::string versionNumber();  // "0.1.0"

}  // namespace lapidary::app
