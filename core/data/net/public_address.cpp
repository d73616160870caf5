// Which addresses lie on the public Internet (IANA special-purpose registries for IPv4 and IPv6, RFC 6890).
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "core/data/net/https_download.h"

namespace lapidary::net {
namespace {

struct Range4 {
    std::uint32_t base;
    int bits;
};

constexpr std::uint32_t ip(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
    return (a << 24) | (b << 16) | (c << 8) | d;
}

constexpr std::array kNotPublic4{
    Range4{ip(0, 0, 0, 0), 8},         // this network
    Range4{ip(10, 0, 0, 0), 8},        // private
    Range4{ip(100, 64, 0, 0), 10},     // carrier-grade NAT
    Range4{ip(127, 0, 0, 0), 8},       // loopback
    Range4{ip(169, 254, 0, 0), 16},    // link-local, cloud metadata
    Range4{ip(172, 16, 0, 0), 12},     // private
    Range4{ip(192, 0, 0, 0), 24},      // protocol assignments
    Range4{ip(192, 0, 2, 0), 24},      // documentation
    Range4{ip(192, 88, 99, 0), 24},    // 6to4 relays
    Range4{ip(192, 168, 0, 0), 16},    // private
    Range4{ip(198, 18, 0, 0), 15},     // benchmarks
    Range4{ip(198, 51, 100, 0), 24},   // documentation
    Range4{ip(203, 0, 113, 0), 24},    // documentation
    Range4{ip(224, 0, 0, 0), 4},       // multicast
    Range4{ip(240, 0, 0, 0), 4},       // reserved, broadcast
};

bool isPublic4(std::uint32_t address) {
    for (const Range4& range : kNotPublic4) {
        if (((address ^ range.base) >> (32 - range.bits)) == 0) return false;
    }
    return true;
}

std::uint32_t embedded4(const std::uint8_t* bytes) { return ip(bytes[0], bytes[1], bytes[2], bytes[3]); }

bool startsWith(const std::uint8_t* address, std::initializer_list<std::uint8_t> prefix) {
    return std::memcmp(address, prefix.begin(), prefix.size()) == 0;
}

bool isPublic6(const std::uint8_t* address) {
    // Addresses that carry an IPv4 one are what that one is: mapped ::ffff:0:0/96, NAT64 64:ff9b::/96, 6to4 2002::/16.
    if (startsWith(address, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF})) return isPublic4(embedded4(address + 12));
    if (startsWith(address, {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0})) return isPublic4(embedded4(address + 12));
    if (startsWith(address, {0x20, 0x02})) return isPublic4(embedded4(address + 2));
    // Of the rest only global unicast 2000::/3 is public: that leaves out ::1, ::, IPv4-compatible, fc00::/7, fe80::/10, ff00::/8.
    if ((address[0] & 0xE0) != 0x20) return false;
    if (startsWith(address, {0x20, 0x01}) && address[2] < 2) return false;  // 2001::/23, Teredo among them
    if (startsWith(address, {0x20, 0x01, 0x0D, 0xB8})) return false;  // documentation
    return !(startsWith(address, {0x3F, 0xFF}) && address[2] < 0x10);  // 3fff::/20, documentation
}

}  // namespace

bool isPublicAddress(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        return isPublic4(ntohl(v4.sin_addr.s_addr));
    }
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &address, sizeof v6);
        return isPublic6(v6.sin6_addr.s6_addr);
    }
    return false;
}

}  // namespace lapidary::net
