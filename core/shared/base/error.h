// What went wrong outside the program (a file, a format, a user's input, a process), as a value.
// The taxonomy follows the command line's exit codes (README, "Exit codes").
#pragma once

#include <string>

namespace lapidary {

enum class ErrorCode {
    Usage,        // an option or request that cannot be meant
    InvalidFile,  // a file that is not what its format demands
    InvalidData,  // a value inside a well-formed file or message that cannot be used
    NotFound,     // a path, tensor, key or id that is not there
    Unsupported,  // well-formed, but not something Lapidary does
    OutOfMemory,
    Cancelled,
    ChildDied,    // a rank or helper process ended
    Different,    // a verification that ran and found a difference
    Io,           // the system refused to read or write
    Network,
    Internal,     // our own bug
};

struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message;  // one sentence: what, where, expected, found
    std::string context;  // outer places, outermost first ("model.safetensors: header"); may be empty

    // The same error seen from one level further out: `place` is put before the present context.
    [[nodiscard]] Error within(const std::string& place) const;
    // "context: message", the form that is shown to people.
    [[nodiscard]] std::string toString() const;
};

// Exit code of the command line for an error (spec: 0 done, 1 failed, 2 usage, 3 bad input, 4 memory, 5 cancelled,
// 6 a rank or child died, 7 verified and different).
int exitCode(ErrorCode code);

// Stable name used in JSON ("invalid_file").
const char* errorCodeName(ErrorCode code);

}  // namespace lapidary
