#include "core/shared/base/error.h"

namespace lapidary {

Error Error::within(const std::string& place) const {
    return Error{code, message, context.empty() ? place : place + ": " + context};
}

std::string Error::toString() const { return context.empty() ? message : context + ": " + message; }

int exitCode(ErrorCode code) {
    switch (code) {
        case ErrorCode::Usage: return 2;
        case ErrorCode::InvalidFile:
        case ErrorCode::InvalidData:
        case ErrorCode::NotFound:
        case ErrorCode::Unsupported: return 3;
        case ErrorCode::OutOfMemory: return 4;
        case ErrorCode::Cancelled: return 5;
        case ErrorCode::ChildDied: return 6;
        case ErrorCode::Different: return 7;
        case ErrorCode::Io:
        case ErrorCode::Network:
        case ErrorCode::Internal: return 1;
    }
    return 1;
}

const char* errorCodeName(ErrorCode code) {
    switch (code) {
        case ErrorCode::Usage: return "usage";
        case ErrorCode::InvalidFile: return "invalid_file";
        case ErrorCode::InvalidData: return "invalid_data";
        case ErrorCode::NotFound: return "not_found";
        case ErrorCode::Unsupported: return "unsupported";
        case ErrorCode::OutOfMemory: return "out_of_memory";
        case ErrorCode::Cancelled: return "cancelled";
        case ErrorCode::ChildDied: return "child_died";
        case ErrorCode::Different: return "different";
        case ErrorCode::Io: return "io";
        case ErrorCode::Network: return "network";
        case ErrorCode::Internal: return "internal";
    }
    return "internal";
}

}  // namespace lapidary
