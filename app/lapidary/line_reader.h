// Lines that a person types: with editing and history on a terminal (readline), plain lines from a pipe.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

#include "core/shared/base/result.h"

namespace lapidary::app {

class LineReader {
public:
    // `historyFile`: kept over runs, readable by its owner alone; empty: none.
    explicit LineReader(std::filesystem::path historyFile);
    ~LineReader();
    LineReader(const LineReader&) = delete;
    LineReader& operator=(const LineReader&) = delete;

    // The next line without its newline; nothing at the end of the input.  `prompt` is shown on a terminal only.
    // Errors: Cancelled when `stop` is asked while waiting; InvalidData for a line from a pipe that is not UTF-8.
    Result<std::optional<std::string>> read(const std::string& prompt, const std::stop_token& stop);

private:
    Result<std::optional<std::string>> readTerminal(const std::string& prompt, const std::stop_token& stop);
    Result<std::optional<std::string>> readPipe(const std::stop_token& stop);
    Result<std::optional<std::string>> checkedLine(std::string line);

    bool m_terminal;
    std::filesystem::path m_historyFile;
    std::string m_buffer;  // of the pipe: read, not yet given
    bool m_ended = false;
    std::size_t m_line = 0;  // of the pipe, the last one given, from 1
};

// $LAPIDARY_HOME, else $XDG_DATA_HOME/lapidary, else ~/.local/share/lapidary; empty where there is no home.
std::filesystem::path dataFolder();

}  // namespace lapidary::app
