// The guarded GET behind https_download.h and hub.h: redirects are followed here, one by one, each address checked again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/data/net/https_download.h"
#include "core/shared/base/result.h"

namespace lapidary::net::detail {

struct ResponseHead {
    long status = 0;
    std::map<std::string, std::string> fields;  // names in lower case; the last of equal names
    std::string url;                            // after redirects
};

struct Transfer {
    std::string url;
    // Sent only to the host, port and scheme of `url`; never after a redirect to another one.
    std::string bearerToken;
    std::uint64_t firstByte = 0;  // > 0: "Range: bytes=N-"
    std::chrono::milliseconds timeout{0};       // of the whole transfer; 0: none, then a stall of 60 s ends it
    int maxRedirects = 5;
    std::uint64_t maxBytes = 0;  // 0: no cap

    // Called once, before the first byte of the final response's body, also when there is none.  An error ends the transfer.
    std::function<Result<void>(const ResponseHead&)> onHead;
    std::function<Result<void>(std::span<const std::byte>)> onData;
};

// Errors: as downloadHttps; a status of 400 or more is the caller's affair (onHead), as are the errors that it returns.
Result<void> get(const Transfer& transfer, const NetworkPolicy& policy, std::stop_token stop);

// "https://host[:port]" of an address, after the checks that every address passes.
// Errors: InvalidData (another scheme, user-info, backslash, control character, no host).
Result<std::string> originOf(const std::string& url, const NetworkPolicy& policy);

// The address without user-info, query and fragment, for messages.
std::string shownUrl(const std::string& url);

}  // namespace lapidary::net::detail
