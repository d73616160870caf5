// NOTE [c10d] The one file that sees c10d and Gloo's declarations (gloo_stubs/README.md): 20 s of compiling, and two definitions of a
// Gloo class in one program would be one too many.
#include "core/engine/distributed/c10d_group.h"

#define USE_C10D_GLOO 1
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <future>
#include <optional>
#include <thread>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>

namespace lapidary::distributed {
namespace {

using Milliseconds = std::chrono::milliseconds;
using StorePointer = c10::intrusive_ptr<c10d::Store>;

// How long a rank that failed waits for the others to say that they live.
constexpr Milliseconds kRollCall = std::chrono::seconds(3);
constexpr Milliseconds kPoll = Milliseconds(20);

enum class Operation : std::uint8_t { AllReduce, Broadcast, AllGather, Barrier };

const char* nameOf(Operation operation) {
    switch (operation) {
        case Operation::AllReduce: return "allReduce";
        case Operation::Broadcast: return "broadcast";
        case Operation::AllGather: return "allGather";
        case Operation::Barrier: return "barrier";
    }
    return "";
}

// "[/pytorch/third_party/gloo/…:534] Connection closed by peer [127.0.0.1]:4711" without the place in somebody's sources, one line.
std::string plainReason(const std::exception& problem) {
    std::string text = problem.what();
    text = text.substr(0, text.find('\n'));
    if (const std::size_t end = text.find("] "); text.starts_with("[") && end != std::string::npos) text = text.substr(end + 2);
    return text;
}

std::string listOfRanks(const std::vector<int>& ranks) {
    std::string text = ranks.size() == 1 ? "rank " : "ranks ";
    for (std::size_t i = 0; i < ranks.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(ranks[i]);
    return text;
}

std::string secondsText(Milliseconds time) { return std::to_string((time.count() + 999) / 1000) + " s"; }

struct Address {
    sockaddr_storage bytes{};
    socklen_t size = 0;
    int family = AF_INET;
};

Result<Address> resolve(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); problem != 0) {
        return Error{ErrorCode::Network, std::string("the address of rank 0 cannot be resolved: ") + ::gai_strerror(problem),
                     host};
    }
    Address address;
    address.size = found->ai_addrlen;
    address.family = found->ai_family;
    std::memcpy(&address.bytes, found->ai_addr, found->ai_addrlen);
    ::freeaddrinfo(found);
    return address;
}

// A listening socket on that address alone: c10d itself would listen on every interface.
Result<int> listenOn(const Address& address, const GroupSettings& settings) {
    const auto failed = [&](const char* what) {
        return Error{ErrorCode::Network, std::string(what) + ": " + std::strerror(errno),
                     settings.masterAddress + ":" + std::to_string(settings.masterPort)};
    };
    const int fd = ::socket(address.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return failed("rank 0 cannot make a socket");
    const int yes = 1;
    (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address.bytes), address.size) == 0 && ::listen(fd, 1024) == 0) return fd;
    const Error error = failed("rank 0 cannot listen");
    ::close(fd);
    return error;
}

// The address of this machine that a packet to rank 0 would leave from: the one that the others can reach.
std::string ownAddress(const Address& master) {
    const int fd = ::socket(master.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_storage mine{};
    socklen_t size = sizeof mine;
    std::array<char, NI_MAXHOST> text{};
    const bool found = fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&master.bytes), master.size) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&mine), &size) == 0 &&
                       ::getnameinfo(reinterpret_cast<const sockaddr*>(&mine), size, text.data(), text.size(), nullptr, 0,
                                     NI_NUMERICHOST) == 0;
    if (fd >= 0) ::close(fd);
    return found ? text.data() : "127.0.0.1";
}

std::string presenceKey(int rank) { return "lapidary/here/" + std::to_string(rank); }
std::string failureKey(int rank) { return "lapidary/failed/" + std::to_string(rank); }

// The ranks whose key is not there when `patience` is over.  Where the store itself is gone: rank 0, which holds it.
// On a thread of its own, for a store whose process is stopped answers never.
std::vector<int> absentRanks(const StorePointer& store, int rank, int size, std::string (*key)(int), Milliseconds patience) {
    auto answer = std::make_shared<std::promise<std::vector<int>>>();
    std::future<std::vector<int>> future = answer->get_future();
    std::thread([=] {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        std::vector<int> missing;
        try {
            store->set(key(rank), std::string("1"));
            do {
                missing.clear();
                for (int other = 0; other < size; ++other) {
                    if (other != rank && !store->check({key(other)})) missing.push_back(other);
                }
                if (!missing.empty()) std::this_thread::sleep_for(kPoll);
            } while (!missing.empty() && std::chrono::steady_clock::now() < deadline);
        } catch (const std::exception&) {
            missing = {0};
        }
        answer->set_value(missing);
    }).detach();
    if (future.wait_for(patience + std::chrono::seconds(1)) == std::future_status::ready) return future.get();
    return rank == 0 ? std::vector<int>{} : std::vector<int>{0};
}

// Called by one thread at a time.
class C10dGroup final : public ProcessGroup {
public:
    C10dGroup(const GroupSettings& settings, StorePointer store, c10::intrusive_ptr<c10d::ProcessGroupGloo> backend)
        : m_settings(settings), m_store(std::move(store)), m_backend(std::move(backend)) {}

    [[nodiscard]] int rank() const override { return m_settings.rank; }
    [[nodiscard]] int size() const override { return m_settings.size; }
    [[nodiscard]] int localSize() const override { return m_settings.localSize; }

    Result<void> allReduce(at::Tensor& tensor) override {
        at::Tensor flat = tensor.contiguous();
        RETURN_IF_ERROR(run({Operation::AllReduce, &tensor, 0}, [&] {
            std::vector<at::Tensor> tensors{flat};
            return m_backend->allreduce(tensors);
        }));
        if (!flat.is_same(tensor)) tensor.copy_(flat);
        return {};
    }

    Result<void> broadcast(at::Tensor& tensor, int root) override {
        TORCH_CHECK(root >= 0 && root < size(), "a group of ", size(), " has no rank ", root);
        at::Tensor flat = tensor.contiguous();
        RETURN_IF_ERROR(run({Operation::Broadcast, &tensor, root}, [&] {
            std::vector<at::Tensor> tensors{flat};
            c10d::BroadcastOptions options;
            options.rootRank = root;
            return m_backend->broadcast(tensors, options);
        }));
        if (!flat.is_same(tensor)) tensor.copy_(flat);
        return {};
    }

    Result<std::vector<at::Tensor>> allGather(const at::Tensor& tensor) override {
        std::vector<at::Tensor> found;
        found.reserve(static_cast<std::size_t>(size()));
        for (int i = 0; i < size(); ++i) found.push_back(at::empty(tensor.sizes(), tensor.options()));
        RETURN_IF_ERROR(run({Operation::AllGather, &tensor, 0}, [&] { return gather(tensor.contiguous(), found); }));
        return found;
    }

    Result<void> barrier() override { return run({Operation::Barrier, nullptr, 0}, nullptr); }

private:
    struct Call {
        Operation operation;
        const at::Tensor* tensor;
        int root;
    };
    // operation, root, dtype, elements, number of the call
    using Signature = std::array<std::int64_t, 5>;

    c10::intrusive_ptr<c10d::Work> gather(at::Tensor mine, std::vector<at::Tensor>& all) {
        std::vector<std::vector<at::Tensor>> outputs{all};
        std::vector<at::Tensor> inputs{std::move(mine)};
        return m_backend->allgather(outputs, inputs);
    }

    Result<void> run(const Call& call, const std::function<c10::intrusive_ptr<c10d::Work>()>& start) {
        if (m_failure) return *m_failure;
        ++m_calls;
        try {
            if (auto different = compareCalls(call)) return *(m_failure = std::move(*different));
            if (start != nullptr && call.tensor->numel() > 0) start()->wait();
            return {};
        } catch (const c10::Error& problem) {
            m_failure = failureOf(call, problem);
        } catch (const std::runtime_error& problem) {  // Gloo's own
            m_failure = failureOf(call, problem);
        }
        return *m_failure;
    }

    // Also the whole of a barrier.
    std::optional<Error> compareCalls(const Call& call) {
        Signature mine{static_cast<std::int64_t>(call.operation), call.root, -1, 0, m_calls};
        if (call.tensor != nullptr) {
            mine[2] = static_cast<std::int64_t>(call.tensor->scalar_type());
            mine[3] = call.tensor->numel();
        }
        at::Tensor sent = at::empty({static_cast<std::int64_t>(mine.size())}, at::TensorOptions(at::kLong));
        std::memcpy(sent.mutable_data_ptr(), mine.data(), sizeof mine);
        std::vector<at::Tensor> received;
        received.reserve(static_cast<std::size_t>(size()));
        for (int i = 0; i < size(); ++i) received.push_back(at::empty_like(sent));
        gather(sent, received)->wait();
        for (int other = 0; other < size(); ++other) {
            Signature theirs{};
            std::memcpy(theirs.data(), received[static_cast<std::size_t>(other)].const_data_ptr(), sizeof theirs);
            if (theirs == mine) continue;
            return Error{ErrorCode::Internal,
                         "rank " + std::to_string(other) + " calls " + describe(theirs) + " where rank " +
                             std::to_string(rank()) + " calls " + describe(mine),
                         "process group"};
        }
        return std::nullopt;
    }

    static std::string describe(const Signature& signature) {
        std::string text = nameOf(static_cast<Operation>(signature[0]));
        if (signature[2] >= 0) {
            text += " of " + std::to_string(signature[3]) + " " + c10::toString(static_cast<at::ScalarType>(signature[2]));
        }
        if (signature[0] == static_cast<std::int64_t>(Operation::Broadcast))
            text += " from rank " + std::to_string(signature[1]);
        return text + " (call " + std::to_string(signature[4]) + ")";
    }

    Error failureOf(const Call& call, const std::exception& problem) {
        const std::string reason = plainReason(problem);
        const bool timedOut = reason.find("imed out") != std::string::npos;
        m_backend.reset();  // its connections close, so that the others notice now and come to the roll call
        const std::vector<int> absent =
            absentRanks(m_store, rank(), size(), failureKey, std::min(m_settings.timeout, kRollCall));
        const std::string where = std::string(" in ") + nameOf(call.operation) + " (call " + std::to_string(m_calls) +
                                  " of rank " + std::to_string(rank()) + ")";
        std::string what = "the ranks lost each other";
        if (!absent.empty()) {
            what = listOfRanks(absent) + (timedOut ? " did not answer within " + secondsText(m_settings.timeout) : " ended");
        }
        return Error{ErrorCode::ChildDied, what + where + ": " + reason, ""};
    }

    GroupSettings m_settings;
    StorePointer m_store;
    c10::intrusive_ptr<c10d::ProcessGroupGloo> m_backend;
    std::int64_t m_calls = 0;
    std::optional<Error> m_failure;
};

struct Meeting {
    StorePointer store;
    std::string device;  // the address that Gloo's connections use
};

Result<Meeting> meet(const GroupSettings& settings) {
    if (!settings.storeFile.empty()) {
        return Meeting{c10::make_intrusive<c10d::FileStore>(settings.storeFile.string(), settings.size), "127.0.0.1"};
    }
    ASSIGN_OR_RETURN(const Address master, resolve(settings.masterAddress, settings.masterPort));
    c10d::TCPStoreOptions options;
    options.port = settings.masterPort;
    options.isServer = settings.rank == 0;
    options.waitWorkers = false;  // the roll call below names who is missing
    options.timeout = settings.timeout;
    if (options.isServer) {
        ASSIGN_OR_RETURN(options.masterListenFd, listenOn(master, settings));
    }
    return Meeting{c10::make_intrusive<c10d::TCPStore>(settings.masterAddress, options), ownAddress(master)};
}

}  // namespace

Result<std::shared_ptr<ProcessGroup>> openGlooGroup(const GroupSettings& settings) {
    TORCH_CHECK(settings.rank >= 0 && settings.rank < settings.size, "rank ", settings.rank, " of ", settings.size);
    std::optional<Meeting> meeting;
    try {
        ASSIGN_OR_RETURN(meeting, meet(settings));
        meeting->store->setTimeout(settings.timeout);
        const auto absent = absentRanks(meeting->store, settings.rank, settings.size, presenceKey, settings.timeout);
        if (!absent.empty()) {
            return Error{ErrorCode::ChildDied,
                         listOfRanks(absent) + " did not come within " + secondsText(settings.timeout) + " of the start", ""};
        }
        auto options = c10d::ProcessGroupGloo::Options::create(settings.timeout);
        options->devices = {c10d::ProcessGroupGloo::createDeviceForHostname(meeting->device)};
        options->threads = 1;
        auto backend = c10::make_intrusive<c10d::ProcessGroupGloo>(meeting->store, settings.rank, settings.size, options);
        return std::shared_ptr<ProcessGroup>(std::make_shared<C10dGroup>(settings, meeting->store, std::move(backend)));
    } catch (const std::exception& problem) {
        if (meeting) return Error{ErrorCode::ChildDied, "a rank ended while they joined: " + plainReason(problem), ""};
        return Error{ErrorCode::ChildDied, "rank 0 cannot be reached: " + plainReason(problem),
                     settings.masterAddress + ":" + std::to_string(settings.masterPort)};
    }
}

}  // namespace lapidary::distributed
