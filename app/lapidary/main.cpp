// The `lapidary` command: finds the verb, runs it, turns its error into a message on standard error and an exit code.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <exception>
#include <iostream>
#include <map>

#include "app/lapidary/signal_watcher.h"
#include "app/lapidary/verb.h"
#include "core/engine/session/to_error.h"
#include "core/shared/base/json.h"
#include "core/shared/base/mapped_file.h"

namespace lapidary::app {
namespace {

struct VerbEntry {
    const char* name;
    const char* summary;
    const char* example;
    std::unique_ptr<Verb> (*make)();
};

// In the order of `lapidary --help`.
std::vector<VerbEntry> verbEntries() {
    return {
        {"chat", "a conversation in the terminal", "lapidary chat --model google/gemma-3-4b-it", makeChatVerb},
        {"generate", "one answer, or a batch of them",
         "lapidary generate --model google/gemma-3-4b-it --image cat.png --prompt 'What is it?' --temperature 0",
         makeGenerateVerb},
        {"forward", "logits of one forward as a safetensors file, for parity work",
         "lapidary forward --model folder --input-ids ids.json --output logits.safetensors --hidden-states", makeForwardVerb},
        {"score", "perplexity of a text, or how many answers of a data set (or of the demo's own questions) are right",
         "lapidary score --model model.gguf --text-file book.txt --window 1024", makeScoreVerb},
        {"tokenize", "text or messages to ids and pieces, and back", "lapidary tokenize --model folder 'Hello, world!'",
         makeTokenizeVerb},
        {"processor", "a picture to what the model sees: crops, tokens, a PNG of each view, pixel hash",
         "lapidary processor photo.jpg --pan-and-scan --output views", makeProcessorVerb},
        {"model", "the local Hugging Face cache: list, pull, remove, verify", "lapidary model pull google/gemma-3-1b-it",
         makeModelVerb},
        {"inspect", "what a checkpoint is: config, tensors, sizes, memory",
         "lapidary inspect --model model.gguf --context 8192", makeInspectVerb},
        {"dataset", "data sets before a run: check every row, preview a sample, make copies of known sets",
         "lapidary dataset check train.jsonl --eval test.jsonl --model google/gemma-3-4b-it", makeDatasetVerb},
        {"finetune", "training: full, LoRA or DoRA, from a recipe",
         "lapidary finetune --recipe 270m --data-path train.jsonl --max-steps 100", makeFinetuneVerb},
        {"convert", "a model in another form: with its adapters as one folder (merge), in another type of number (cast)",
         "lapidary convert merge --model google/gemma-3-4b-it --adapter run/adapter --output merged", makeConvertVerb},
        {"launch", "start the ranks of another verb on this machine",
         "lapidary launch --nproc-per-node 2 -- finetune --recipe 270m --data-path train.jsonl", makeLaunchVerb},
        {"bench", "prefill, decode, picture encoding and opening, beside this machine's roofline",
         "lapidary bench --model model.gguf", makeBenchVerb},
        {"engine", "JSON lines on standard input and output, for the window", "lapidary engine", makeEngineVerb},
    };
}

void addConsoleOptions(CLI::App& command, Console& console) {
    command.add_flag("--json", console.json, "print one JSON document, or one JSON object a line where the verb streams");
    command.add_flag("-q,--quiet", console.quiet, "no warnings, notes or progress on standard error");
    command.add_option("--color", console.color, "colours on standard error")
        ->check(CLI::IsMember({"auto", "always", "never"}))
        ->type_name("auto|always|never");
    command.add_option("--log-level", console.logLevel, "how much to say on standard error")
        ->check(CLI::IsMember({"error", "warning", "info", "debug"}))
        ->type_name("error|warning|info|debug");
}

int finish(const Console& console, const Error& error) {
    std::cout.flush();
    console.error(error.toString());
    return exitCode(error.code);
}

int runVerb(Verb& verb, const Invocation& invocation) {
    try {
        const Result<void> result = verb.run(invocation);
        if (!result) return finish(invocation.console, result.error());
        std::cout.flush();
        if (!std::cout) return finish(invocation.console, Error{ErrorCode::Io, "standard output could not be written", ""});
        return 0;
    } catch (...) {
        return finish(invocation.console, session::toError(std::current_exception()));
    }
}

// CLI11 would only say that a subcommand is required.
Result<void> checkVerbName(const std::vector<std::string>& arguments) {
    if (arguments.empty()) return {};
    std::vector<std::string> known{"-h", "--help", "--version"};
    if (arguments.front().starts_with("-")) {
        if (std::find(known.begin(), known.end(), arguments.front()) != known.end()) return {};
        return Error{ErrorCode::Usage,
                     "'" + arguments.front() + "' stands before any verb; options follow theirs, as in lapidary inspect --json",
                     ""};
    }
    known.clear();
    for (const VerbEntry& entry : verbEntries()) known.emplace_back(entry.name);
    if (std::find(known.begin(), known.end(), arguments.front()) != known.end()) return {};
    const std::string nearest = nearestKey(arguments.front(), known);
    return Error{ErrorCode::Usage,
                 "there is no verb '" + arguments.front() + "'" + (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"),
                 ""};
}

// CLI11 says that a subcommand is required, but neither which there are nor what was found in its place.
std::string complaint(const CLI::App& app, const CLI::ParseError& problem) {
    const CLI::App* at = &app;
    while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
    const auto choices = at->get_subcommands([](const CLI::App*) { return true; });
    if (choices.empty() || problem.get_name() != "RequiredError") return problem.what();
    std::string text = "expected one of";
    for (const CLI::App* choice : choices) text += (choice == choices.front() ? " " : ", ") + choice->get_name();
    const std::vector<std::string> rest = app.remaining(true);
    return text + (rest.empty() ? "" : ", found '" + rest.front() + "'");
}

int runMain(int argc, const char* const* argv) {
    Console console;
    CLI::App app{"Lapidary runs, inspects and explains Gemma 3 models: text and pictures, on this machine.", "lapidary"};
    app.set_help_flag("-h,--help", "print this help and leave");
    app.set_version_flag("--version", versionText, "print version, commit, LibTorch, CUDA and CPU features, and leave");
    app.require_subcommand(1);
    app.footer("Each verb explains itself: lapidary generate --help");
    std::map<const CLI::App*, std::unique_ptr<Verb>> verbs;
    for (const VerbEntry& entry : verbEntries()) {
        CLI::App* command = app.add_subcommand(entry.name, entry.summary);
        command->footer(std::string("Example:\n  ") + entry.example);
        auto verb = entry.make();
        verb->addOptions(*command);
        addConsoleOptions(*command, console);
        verbs.emplace(command, std::move(verb));
    }
    std::vector<std::string> arguments = hyphenated(argc, argv);
    if (const auto known = checkVerbName(arguments); !known) {
        const int code = finish(console, known.error());
        console.note("Run 'lapidary --help' for the list of verbs.");
        return code;
    }
    std::reverse(arguments.begin(), arguments.end());  // the order that CLI11 wants a vector in
    try {
        app.parse(std::move(arguments));
    } catch (const CLI::Success& success) {
        return app.exit(success);
    } catch (const CLI::ParseError& problem) {
        console.error(complaint(app, problem));
        const auto chosen = app.get_subcommands();
        console.note("Run 'lapidary" + (chosen.empty() ? "" : " " + chosen.front()->get_name()) +
                     " --help' for what it takes.");
        return exitCode(ErrorCode::Usage);
    }
    Verb& verb = *verbs.at(app.get_subcommands().front());
    installMappedFileFaultHandler();
    if (verb.outlivesTerminal()) std::signal(SIGHUP, SIG_IGN);
    SignalWatcher signals;
    return runVerb(verb, Invocation{console, signals.token(), [&signals] { return signals.renew(); }});
}

}  // namespace
}  // namespace lapidary::app

int main(int argc, char** argv) {
    try {
        return lapidary::app::runMain(argc, argv);
    } catch (...) {
        const lapidary::Error error = lapidary::session::toError(std::current_exception());
        std::cerr << "lapidary: error: " << error.toString() << std::endl;
        return lapidary::exitCode(error.code);
    }
}
