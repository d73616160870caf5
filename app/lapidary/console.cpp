#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "app/lapidary/verb.h"

namespace lapidary::app {
namespace {

constexpr const char* kRed = "\033[31m";
constexpr const char* kYellow = "\033[33m";
constexpr const char* kPlain = "\033[0m";

void say(const Console& console, const char* colour, const char* kind, const std::string& message) {
    const bool coloured = console.colorWanted();
    std::cerr << "lapidary: " << (coloured ? colour : "") << kind << (coloured ? kPlain : "") << ": " << message << std::endl;
}

}  // namespace

bool Console::progressWanted() const { return !quiet && ::isatty(STDERR_FILENO) == 1; }

bool Console::colorWanted() const {
    if (color == "always") return true;
    if (color == "never") return false;
    // https://no-color.org: any value that is not empty.
    const char* noColor = std::getenv("NO_COLOR");
    if (noColor != nullptr && *noColor != '\0') return false;
    return ::isatty(STDERR_FILENO) == 1;
}

void Console::error(const std::string& message) const { say(*this, kRed, "error", message); }

void Console::warning(const std::string& message) const {
    if (!quiet && logLevel != "error") say(*this, kYellow, "warning", message);
}

void Console::info(const std::string& message) const {
    if (!quiet && (logLevel == "info" || logLevel == "debug")) say(*this, "", "info", message);
}

void Console::note(const std::string& message) const {
    if (!quiet && logLevel != "error") std::cerr << message << std::endl;
}

std::vector<std::string> hyphenated(int argc, const char* const* argv) {
    std::vector<std::string> arguments;
    bool optionsEnded = false;
    for (int i = 1; i < argc; ++i) {
        std::string argument = argv[i];
        if (argument == "--") optionsEnded = true;
        if (!optionsEnded && argument.size() > 2 && argument.starts_with("--")) {
            const std::size_t nameEnd = std::min(argument.find('='), argument.size());
            for (std::size_t at = 2; at < nameEnd; ++at) {
                if (argument[at] == '_') argument[at] = '-';
            }
        }
        arguments.push_back(std::move(argument));
    }
    return arguments;
}

}  // namespace lapidary::app
