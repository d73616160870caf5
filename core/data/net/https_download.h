// One https transfer, guarded: the address that the socket really connects to must be public, at the first request and at
// every redirect; size, time and redirects are capped; no proxy, no other scheme, one URL parser (libcurl's own).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/shared/base/result.h"

struct sockaddr;

namespace lapidary::net {

// What a transfer may connect to.  The default is the only policy of the command line and the engine: nothing that a person
// or a file can say changes it.  Tests inject a loopback server here.
struct NetworkPolicy {
    bool allowPlainHttp = false;
    // Whether the socket may connect to this numeric address; empty means isPublicAddress().
    std::function<bool(const sockaddr&)> allowsAddress;
    // "host:port:address" entries that replace name resolution (CURLOPT_RESOLVE).
    std::vector<std::string> resolve;
};

// False for loopback, private, link-local, unique-local, carrier-grade NAT, multicast, reserved and unspecified addresses,
// also when written as an IPv4-mapped, IPv4-compatible, 6to4, Teredo or NAT64 IPv6 address.
bool isPublicAddress(const sockaddr& address);

struct DownloadLimits {
    std::uint64_t maxBytes = 20'000'000;               // a picture from an address
    std::chrono::milliseconds timeout{15'000};         // of the whole transfer, redirects included
    int maxRedirects = 5;
};

// The body of a successful GET.  Errors: InvalidData (an address that is refused: not https, user-info, no host, a target that is not public; a
// body over the cap), Network (status, TLS, time, redirects), Cancelled.
Result<std::string> downloadHttps(const std::string& url, const DownloadLimits& limits = {}, const NetworkPolicy& policy = {},
                                  std::stop_token stop = {});

}  // namespace lapidary::net
