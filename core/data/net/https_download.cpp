#include "core/data/net/https_download.h"

#include "core/data/net/http_transfer.h"

namespace lapidary::net {

Result<std::string> downloadHttps(const std::string& url, const DownloadLimits& limits, const NetworkPolicy& policy,
                                  std::stop_token stop) {
    std::string body;
    detail::Transfer transfer;
    transfer.url = url;
    transfer.timeout = limits.timeout;
    transfer.maxBytes = limits.maxBytes;
    transfer.maxRedirects = limits.maxRedirects;
    transfer.onHead = [&](const detail::ResponseHead& head) -> Result<void> {
        if (head.status >= 200 && head.status < 300) return {};
        return Error{ErrorCode::Network,
                     "'" + detail::shownUrl(head.url) + "' answered with status " + std::to_string(head.status), ""};
    };
    transfer.onData = [&](std::span<const std::byte> bytes) -> Result<void> {
        body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return {};
    };
    RETURN_IF_ERROR(detail::get(transfer, policy, std::move(stop)));
    return body;
}

}  // namespace lapidary::net
