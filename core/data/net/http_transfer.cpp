#include "core/data/net/http_transfer.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <mutex>
#include <optional>

namespace lapidary::net::detail {
namespace {

using Clock = std::chrono::steady_clock;
using UrlHandle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;
using EasyHandle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using ListHandle = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

constexpr std::size_t kMaxHeadBytes = 256 * 1024;
constexpr long kConnectTimeoutMs = 15'000;
constexpr long kStallSeconds = 60;

std::string partOf(CURLU* url, CURLUPart part, unsigned int flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
    std::string result(text);
    curl_free(text);
    return result;
}

Error badUrl(const std::string& url, const std::string& why) {
    return Error{ErrorCode::InvalidData, "the address '" + shownUrl(url).substr(0, 200) + "' is refused: " + why, ""};
}

// libcurl's parser is the only one: what it understood is what is checked, and what is handed to the transfer.
Result<UrlHandle> parseUrl(const std::string& text, const NetworkPolicy& policy) {
    const bool odd = std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= 32 || c == 127 || c == '\\'; });
    if (odd) return badUrl(text, "it contains a backslash, a space or a control character");
    UrlHandle url(curl_url(), &curl_url_cleanup);
    if (!url) return Error{ErrorCode::OutOfMemory, "no memory for an address", ""};
    if (const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME);
        code != CURLUE_OK) {
        return badUrl(text, curl_url_strerror(code));
    }
    const std::string scheme = partOf(url.get(), CURLUPART_SCHEME);
    if (scheme != "https" && !(scheme == "http" && policy.allowPlainHttp)) return badUrl(text, "only https:// is accepted");
    if (!partOf(url.get(), CURLUPART_USER).empty() || !partOf(url.get(), CURLUPART_PASSWORD).empty()) {
        return badUrl(text, "a user name or password in an address is not accepted");
    }
    if (partOf(url.get(), CURLUPART_HOST).empty()) return badUrl(text, "it names no host");
    return url;
}

std::string originOfParsed(CURLU* url) {
    return partOf(url, CURLUPART_SCHEME) + "://" + partOf(url, CURLUPART_HOST) + ":" +
           partOf(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

std::string numericAddress(const sockaddr& address) {
    char text[INET6_ADDRSTRLEN] = "an unknown kind of address";
    if (address.sa_family == AF_INET)
        inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
    if (address.sa_family == AF_INET6)
        inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text, sizeof text);
    return text;
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

// One request without redirects, and what its callbacks learn.
class Request {
public:
    Request(const Transfer& transfer, const NetworkPolicy& policy, std::stop_token stop)
        : m_transfer(transfer), m_policy(policy), m_stop(std::move(stop)) {}

    // Returns the address of a redirect, or nothing when the response was final.
    Result<std::optional<std::string>> run(CURLU* url, bool sendToken, std::chrono::milliseconds timeLeft) {
        const EasyHandle handle(curl_easy_init(), &curl_easy_cleanup);
        if (!handle) return Error{ErrorCode::OutOfMemory, "no memory for a transfer", ""};
        m_curl = handle.get();
        m_head.url = partOf(url, CURLUPART_URL);
        configure(url, timeLeft);
        const ListHandle resolve = list(m_policy.resolve);
        if (resolve) curl_easy_setopt(m_curl, CURLOPT_RESOLVE, resolve.get());
        std::vector<std::string> lines;
        if (sendToken) lines.push_back("Authorization: Bearer " + m_transfer.bearerToken);
        const ListHandle headers = list(lines);
        if (headers) curl_easy_setopt(m_curl, CURLOPT_HTTPHEADER, headers.get());
        const std::string range = std::to_string(m_transfer.firstByte) + "-";
        if (m_transfer.firstByte > 0) curl_easy_setopt(m_curl, CURLOPT_RANGE, range.c_str());

        const CURLcode code = curl_easy_perform(m_curl);
        if (m_problem) return *m_problem;
        if (code != CURLE_OK) return errorOf(code);
        char* next = nullptr;
        curl_easy_getinfo(m_curl, CURLINFO_REDIRECT_URL, &next);
        if (next != nullptr) return std::optional<std::string>(next);
        RETURN_IF_ERROR(finishHead());
        return std::optional<std::string>();
    }

private:
    static ListHandle list(const std::vector<std::string>& lines) {
        curl_slist* result = nullptr;
        for (const std::string& line : lines) result = curl_slist_append(result, line.c_str());
        return {result, &curl_slist_free_all};
    }

    void configure(CURLU* url, std::chrono::milliseconds timeLeft) {
        curl_easy_setopt(m_curl, CURLOPT_CURLU, url);
        curl_easy_setopt(m_curl, CURLOPT_PROTOCOLS_STR, m_policy.allowPlainHttp ? "http,https" : "https");
        curl_easy_setopt(m_curl, CURLOPT_FOLLOWLOCATION, 0L);
        // A proxy would make the connection in our place, past the check of the address.
        curl_easy_setopt(m_curl, CURLOPT_PROXY, "");
        curl_easy_setopt(m_curl, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(m_curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
        curl_easy_setopt(m_curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(m_curl, CURLOPT_USERAGENT, "lapidary");
        curl_easy_setopt(m_curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
        if (timeLeft.count() > 0) {
            curl_easy_setopt(m_curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeLeft.count()));
        } else {
            curl_easy_setopt(m_curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
            curl_easy_setopt(m_curl, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
        }
        curl_easy_setopt(m_curl, CURLOPT_OPENSOCKETFUNCTION, &Request::onOpenSocket);
        curl_easy_setopt(m_curl, CURLOPT_OPENSOCKETDATA, this);
        curl_easy_setopt(m_curl, CURLOPT_HEADERFUNCTION, &Request::onHeaderLine);
        curl_easy_setopt(m_curl, CURLOPT_HEADERDATA, this);
        curl_easy_setopt(m_curl, CURLOPT_WRITEFUNCTION, &Request::onBody);
        curl_easy_setopt(m_curl, CURLOPT_WRITEDATA, this);
        curl_easy_setopt(m_curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(m_curl, CURLOPT_XFERINFOFUNCTION, &Request::onProgress);
        curl_easy_setopt(m_curl, CURLOPT_XFERINFODATA, this);
    }

    static curl_socket_t onOpenSocket(void* data, curlsocktype purpose, curl_sockaddr* address) {
        auto& self = *static_cast<Request*>(data);
        const bool allowed =
            purpose == CURLSOCKTYPE_IPCXN &&
            (self.m_policy.allowsAddress ? self.m_policy.allowsAddress(address->addr) : isPublicAddress(address->addr));
        if (!allowed) {
            self.m_refusedAddress = numericAddress(address->addr);
            return CURL_SOCKET_BAD;
        }
        return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    }

    static std::size_t onHeaderLine(char* text, std::size_t /*one*/, std::size_t length, void* data) {
        auto& self = *static_cast<Request*>(data);
        self.m_headBytes += length;
        if (self.m_headBytes > kMaxHeadBytes) {
            self.m_problem = Error{ErrorCode::Network, "the server sends too many header lines", shownUrl(self.m_head.url)};
            return 0;
        }
        const std::string line(text, length);
        if (line.starts_with("HTTP/")) self.m_head.fields.clear();  // an interim response came before
        const std::size_t colon = line.find(':');
        if (colon != std::string::npos) {
            const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
            const std::size_t end = line.find_last_not_of(" \t\r\n");
            self.m_head.fields[lower(line.substr(0, colon))] =
                begin == std::string::npos || end < begin ? "" : line.substr(begin, end - begin + 1);
        }
        return length;
    }

    static std::size_t onBody(char* text, std::size_t /*one*/, std::size_t length, void* data) {
        auto& self = *static_cast<Request*>(data);
        const auto taken = self.take({reinterpret_cast<const std::byte*>(text), length});
        if (taken) return length;
        self.m_problem = taken.error();
        return length == 0 ? 1 : 0;
    }

    static int onProgress(void* data, curl_off_t /*total*/, curl_off_t /*now*/, curl_off_t /*upTotal*/, curl_off_t /*upNow*/) {
        auto& self = *static_cast<Request*>(data);
        if (!self.m_stop.stop_requested()) return 0;
        self.m_problem = Error{ErrorCode::Cancelled, "the download was stopped", ""};
        return 1;
    }

    Result<void> take(std::span<const std::byte> bytes) {
        long status = 0;
        curl_easy_getinfo(m_curl, CURLINFO_RESPONSE_CODE, &status);
        m_received += bytes.size();
        if (m_transfer.maxBytes > 0 && m_received > m_transfer.maxBytes) {
            return Error{
                ErrorCode::InvalidData,
                "'" + shownUrl(m_head.url) + "' is larger than the " + std::to_string(m_transfer.maxBytes) + " bytes accepted",
                ""};
        }
        if (status >= 300 && status < 400) return {};  // a redirect's page
        RETURN_IF_ERROR(finishHead());
        return m_transfer.onData ? m_transfer.onData(bytes) : Result<void>();
    }

    Result<void> finishHead() {
        if (m_headDone) return {};
        m_headDone = true;
        curl_easy_getinfo(m_curl, CURLINFO_RESPONSE_CODE, &m_head.status);
        return m_transfer.onHead ? m_transfer.onHead(m_head) : Result<void>();
    }

    [[nodiscard]] Error errorOf(CURLcode code) const {
        const std::string place = "'" + shownUrl(m_head.url) + "'";
        if (!m_refusedAddress.empty()) {
            return Error{ErrorCode::InvalidData,
                         place + " leads to " + m_refusedAddress + ", which is not a public address; refused", ""};
        }
        if (code == CURLE_OPERATION_TIMEDOUT) {
            return Error{ErrorCode::Network,
                         place + " did not deliver in time" +
                             (m_transfer.timeout.count() > 0
                                  ? " (" + std::to_string(m_transfer.timeout.count()) + " ms for the whole transfer)"
                                  : ""),
                         ""};
        }
        return Error{ErrorCode::Network, place + ": " + curl_easy_strerror(code), ""};
    }

    const Transfer& m_transfer;
    const NetworkPolicy& m_policy;
    std::stop_token m_stop;
    CURL* m_curl = nullptr;
    ResponseHead m_head;
    bool m_headDone = false;
    std::size_t m_headBytes = 0;
    std::uint64_t m_received = 0;
    std::string m_refusedAddress;
    std::optional<Error> m_problem;
};

void initialiseOnce() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

std::string shownUrl(const std::string& url) {
    std::string shown = url.substr(0, url.find_first_of("?#"));
    const std::size_t host = shown.find("://");
    const std::size_t at = shown.find('@');
    if (host != std::string::npos && at != std::string::npos && at < shown.find('/', host + 3))
        shown.erase(host + 3, at - host - 2);
    for (char& c : shown) {
        if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';
    }
    return shown;
}

Result<std::string> originOf(const std::string& url, const NetworkPolicy& policy) {
    ASSIGN_OR_RETURN(const UrlHandle parsed, parseUrl(url, policy));
    return originOfParsed(parsed.get());
}

Result<void> get(const Transfer& transfer, const NetworkPolicy& policy, std::stop_token stop) {
    initialiseOnce();
    const Clock::time_point deadline = Clock::now() + transfer.timeout;
    std::string address = transfer.url;
    std::string firstOrigin;
    for (int redirects = 0; redirects <= transfer.maxRedirects; ++redirects) {
        if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "the download was stopped", ""};
        ASSIGN_OR_RETURN(const UrlHandle url, parseUrl(address, policy));
        const std::string origin = originOfParsed(url.get());
        if (redirects == 0) firstOrigin = origin;
        std::chrono::milliseconds left{0};
        if (transfer.timeout.count() > 0) {
            left = std::max(std::chrono::milliseconds(1),
                            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()));
        }
        const bool sendToken = !transfer.bearerToken.empty() && origin == firstOrigin;
        ASSIGN_OR_RETURN(const std::optional<std::string> next,
                         Request(transfer, policy, stop).run(url.get(), sendToken, left));
        if (!next) return {};
        address = *next;
    }
    return Error{ErrorCode::Network,
                 "'" + shownUrl(transfer.url) + "' redirects more than " + std::to_string(transfer.maxRedirects) + " times",
                 ""};
}

}  // namespace lapidary::net::detail
