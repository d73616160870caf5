#include "core/engine/session/to_error.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <iterator>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace lapidary::session {
namespace {

// LibTorch's CPU allocator does not throw c10::OutOfMemoryError but a plain c10::Error with these words
// (c10/core/impl/alloc_cpu.cpp); OpenCV's cv::Exception says "Insufficient memory" (code StsNoMem).
constexpr std::string_view kMemoryWords[] = {"not enough memory",
                                             "can't allocate memory",
                                             "Insufficient memory",
                                             "Failed to allocate",
                                             "out of memory",
                                             "invalid storage size",
                                             "Storage size calculation overflowed"};

bool speaksOfMemory(std::string_view text) {
    for (const std::string_view words : kMemoryWords) {
        if (text.find(words) != std::string_view::npos) return true;
    }
    return false;
}

// What CUDA says when the device itself went away or broke: reset (Xid), bus, ECC, a sleep that it did not survive.  From
// cudaGetErrorString, behind LibTorch's "CUDA error: ".
constexpr std::string_view kDeviceWords[] = {"unspecified launch failure",
                                             "uncorrectable ECC error",
                                             "uncorrectable NVLink error",
                                             "hardware stack error",
                                             "hardware error",
                                             "launch timed out",
                                             "no CUDA-capable device",
                                             "busy or unavailable",
                                             "context is destroyed",
                                             "unknown error"};

bool speaksOfALostDevice(std::string_view text) {
    if (text.find("CUDA error") == std::string_view::npos) return false;
    return std::any_of(std::begin(kDeviceWords), std::end(kDeviceWords),
                       [&](std::string_view words) { return text.find(words) != std::string_view::npos; });
}

std::string firstLine(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

Error fromText(std::string_view origin, std::string_view text) {
    if (speaksOfMemory(text)) return Error{ErrorCode::OutOfMemory, "not enough memory (" + firstLine(text) + ")", ""};
    if (speaksOfALostDevice(text)) return Error{ErrorCode::ChildDied, "the device was lost (" + firstLine(text) + ")", ""};
    return Error{ErrorCode::Internal, std::string(origin) + ": " + firstLine(text), ""};
}

}  // namespace

Error toError(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const c10::OutOfMemoryError& error) {
        return Error{ErrorCode::OutOfMemory, "not enough memory (" + firstLine(error.what_without_backtrace()) + ")", ""};
    } catch (const c10::Error& error) {
        return fromText("LibTorch", error.what_without_backtrace());
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::OutOfMemory, "not enough memory", ""};
    } catch (const std::length_error&) {
        // A size that no allocation could have: the same to the person who asked for it.
        return Error{ErrorCode::OutOfMemory, "more memory was asked for than can exist", ""};
    } catch (const std::system_error& error) {
        const bool memory = error.code() == std::errc::not_enough_memory;
        return Error{memory ? ErrorCode::OutOfMemory : ErrorCode::Io, error.what(), ""};
    } catch (const std::exception& error) {
        return fromText("unexpected failure", error.what());
    } catch (...) {
        return Error{ErrorCode::Internal, "unexpected failure of an unknown kind", ""};
    }
}

}  // namespace lapidary::session
