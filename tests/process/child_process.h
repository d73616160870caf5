// The real executable as a child: arguments, pipes, signals, exit code.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lapidary::test {

std::filesystem::path lapidaryExecutable();

struct Finished {
    int code = -1;    // exit code, or 128 + signal
    std::string out;
    std::string err;
    std::int64_t peakResidentBytes = 0;  // pages of files that it mapped included
};

class ChildProcess {
public:
    // Throws std::runtime_error when it cannot be started.  `environment` is added to the test's own, and a
    // LAPIDARY_HOME of the tests where neither has one.
    explicit ChildProcess(const std::vector<std::string>& arguments,
                          const std::map<std::string, std::string>& environment = {});
    ~ChildProcess();  // kills what still runs
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    [[nodiscard]] pid_t pid() const { return m_pid; }
    // False when the child no longer reads.
    bool write(const std::string& text);
    void closeInput();
    void closeOutput();  // nobody reads it any more, neither stream
    // The next line of standard output without its newline; nothing at its end, or when `timeout` passes.
    std::optional<std::string> readLine(std::chrono::milliseconds timeout = std::chrono::seconds(60));
    // Waits for anything on standard output; false at its end or when `timeout` passes.
    bool waitForOutput(std::chrono::milliseconds timeout = std::chrono::seconds(60));
    void signal(int number) const;
    // Memory of its own that is resident now (RssAnon): neither pages of mapped files nor shared memory.
    [[nodiscard]] std::int64_t residentAnonymousBytes() const;
    // Whether it has ended within `timeout`; reads nothing.
    [[nodiscard]] bool waitForExit(std::chrono::milliseconds timeout) const;
    // Waits for the end and takes all that is left of both streams.  A child that outlives `timeout` is killed (code 137).
    Finished wait(std::chrono::milliseconds timeout = std::chrono::seconds(60));

private:
    bool pump(std::chrono::milliseconds timeout);  // reads what is there; false when both streams ended or nothing came

    pid_t m_pid = -1;
    int m_in = -1;
    int m_out = -1;
    int m_err = -1;
    std::string m_outBuffer;
    std::string m_errText;
};

// Runs to the end with `input` on standard input.
Finished runLapidary(const std::vector<std::string>& arguments, const std::string& input = "",
                     const std::map<std::string, std::string>& environment = {});

}  // namespace lapidary::test
