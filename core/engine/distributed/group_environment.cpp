#include "core/engine/distributed/group_environment.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "core/engine/distributed/device_group.h"
#include "core/engine/distributed/local_group.h"

namespace lapidary::distributed {
namespace {

constexpr int kMostRanks = 4096;

Error unusable(const char* name, const std::string& expected, const std::string& found) {
    return Error{ErrorCode::Usage, std::string(name) + " must be " + expected + ", not '" + found.substr(0, 60) + "'",
                 "the variables of the launcher"};
}

Result<int> number(const Environment& environment, const char* name, int lowest, int highest) {
    const auto text = environment(name);
    if (!text) {
        return Error{ErrorCode::Usage,
                     std::string(name) + " is not set, others of RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT are",
                     "the variables of the launcher"};
    }
    int value = 0;
    const char* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, value);
    if (read.ec != std::errc() || read.ptr != end || value < lowest || value > highest) {
        return unusable(name, "a whole number from " + std::to_string(lowest) + " to " + std::to_string(highest), *text);
    }
    return value;
}

// A host name or an address: what else stands there is no business of a resolver.
Result<std::string> hostName(const Environment& environment) {
    const std::string host = environment("MASTER_ADDR").value_or("127.0.0.1");
    const bool good =
        !host.empty() && host.size() <= 253 && host.front() != '-' && std::all_of(host.begin(), host.end(), [](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == ':' || c == '_';
        });
    if (!good) return unusable("MASTER_ADDR", "a host name or an address", host);
    return host;
}

}  // namespace

Result<GroupSettings> groupSettings(const Environment& environment) {
    GroupSettings settings;
    if (!environment("RANK") && !environment("WORLD_SIZE")) return settings;
    ASSIGN_OR_RETURN(settings.size, number(environment, "WORLD_SIZE", 1, kMostRanks));
    ASSIGN_OR_RETURN(settings.rank, number(environment, "RANK", 0, settings.size - 1));
    if (settings.size == 1) return settings;
    settings.localSize = settings.size;
    settings.localRank = settings.rank;
    if (environment("LOCAL_WORLD_SIZE")) {
        ASSIGN_OR_RETURN(settings.localSize, number(environment, "LOCAL_WORLD_SIZE", 1, settings.size));
    }
    if (environment("LOCAL_RANK")) {
        ASSIGN_OR_RETURN(const int local, number(environment, "LOCAL_RANK", 0, settings.localSize - 1));
        if (local > settings.rank) return unusable("LOCAL_RANK", "at most RANK", std::to_string(local));
        settings.localRank = local;
    }
    ASSIGN_OR_RETURN(settings.masterAddress, hostName(environment));
    ASSIGN_OR_RETURN(const int port, number(environment, "MASTER_PORT", 1, 65535));
    settings.masterPort = static_cast<std::uint16_t>(port);
    return settings;
}

Result<std::shared_ptr<ProcessGroup>> makeProcessGroup(const Environment& environment, std::chrono::milliseconds timeout) {
    ASSIGN_OR_RETURN(GroupSettings settings, groupSettings(environment));
    settings.timeout = timeout;
    if (settings.size == 1) return std::shared_ptr<ProcessGroup>(std::make_shared<LocalGroup>());
    return openGlooGroup(settings);
}

Result<std::shared_ptr<ProcessGroup>> makeProcessGroup(const Environment& environment, std::chrono::milliseconds timeout,
                                                       at::Device device) {
    ASSIGN_OR_RETURN(GroupSettings settings, groupSettings(environment));
    ASSIGN_OR_RETURN(auto group, makeProcessGroup(environment, timeout));
    if (settings.size == 1 || device.is_cpu()) return group;
    settings.timeout = timeout;
    return withDevice(std::move(group), settings, device);
}

Result<at::Device> deviceOfRank(const std::string& wanted, const GroupSettings& settings) {
    return deviceOfRank(wanted, settings, [] { return ops::CudaPlugin::open(); });
}

Result<at::Device> deviceOfRank(const std::string& wanted, const GroupSettings& settings,
                                const std::function<Result<ops::CudaPlugin>()>& openPlugin) {
    if (settings.localSize == 1) return ops::resolveDevice(wanted, openPlugin);
    if (wanted.starts_with("cuda:")) {
        return Error{ErrorCode::Usage,
                     std::to_string(settings.localSize) + " ranks of one machine cannot share '" + wanted +
                         "'; --device cuda gives each the GPU of its LOCAL_RANK",
                     "--device"};
    }
    if (wanted != "auto" && wanted != "cuda") return ops::resolveDevice(wanted, openPlugin);
    // The same answer on all ranks: a GPU for each, or none.
    const auto plugin = openPlugin();
    const auto devices = plugin ? plugin->devices() : Result<std::vector<ops::CudaDevice>>(plugin.error());
    const bool enough = devices && std::ssize(*devices) >= settings.localSize;
    if (!enough && wanted == "auto") return at::Device(at::kCPU);
    if (!enough && devices) {
        return Error{ErrorCode::Unsupported,
                     std::to_string(settings.localSize) + " ranks of this machine want a GPU each, and it has " +
                         std::to_string(devices->size()) + ". --device cpu works everywhere",
                     "--device"};
    }
    return ops::resolveDevice("cuda:" + std::to_string(settings.localRank), openPlugin);
}

}  // namespace lapidary::distributed
