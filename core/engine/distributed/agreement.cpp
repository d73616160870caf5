#include "core/engine/distributed/agreement.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace lapidary::distributed {
namespace {

constexpr auto kSignOfLife = std::chrono::seconds(1);

at::Tensor longs(const std::vector<std::int64_t>& values) {
    at::Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, at::TensorOptions(at::kLong));
    std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<std::int64_t>());
    return tensor;
}

at::Tensor bytes(const std::string& text, std::int64_t size) {
    at::Tensor tensor = at::empty({size}, at::TensorOptions(at::kByte));
    tensor.zero_();
    // No memcpy: where all texts are empty the tensor has no memory.
    std::copy_n(text.begin(), std::min(text.size(), static_cast<std::size_t>(size)), tensor.mutable_data_ptr<std::uint8_t>());
    return tensor;
}

std::string textOf(const at::Tensor& tensor, std::int64_t size) {
    return {static_cast<const char*>(tensor.const_data_ptr()), static_cast<std::size_t>(size)};
}

// An error as one text: its code as a character, message, a zero, context.  No text: no error.
std::string packed(const Error& error) {
    std::string message = error.message;
    std::erase(message, '\0');
    return static_cast<char>('A' + static_cast<int>(error.code)) + message + '\0' + error.context;
}

Error unpacked(const std::string& text) {
    const std::size_t zero = text.find('\0');
    return Error{static_cast<ErrorCode>(text.at(0) - 'A'), text.substr(1, zero - 1), text.substr(zero + 1)};
}

// What rank 0 tells while others wait for it.
enum class Word : std::uint8_t { StillAtIt, Done, Failed };

Result<std::string> exchangeWord(ProcessGroup& group, Word& word, const std::string& text) {
    at::Tensor head = longs({static_cast<std::int64_t>(word), static_cast<std::int64_t>(text.size())});
    RETURN_IF_ERROR(group.broadcast(head, 0));
    const std::int64_t* const values = head.const_data_ptr<std::int64_t>();
    word = static_cast<Word>(values[0]);
    const std::int64_t size = values[1];
    if (size == 0) return std::string();
    at::Tensor body = bytes(text, size);
    RETURN_IF_ERROR(group.broadcast(body, 0));
    return textOf(body, size);
}

// Tells the others every second that rank 0 lives; the group is its own until end().
class SignsOfLife {
public:
    explicit SignsOfLife(ProcessGroup& group) : m_group(group), m_thread([this] { tell(); }) {}
    ~SignsOfLife() { (void)end(); }
    SignsOfLife(const SignsOfLife&) = delete;
    SignsOfLife& operator=(const SignsOfLife&) = delete;

    Result<void> end() {
        {
            const std::lock_guard lock(m_mutex);
            m_done = true;
        }
        m_changed.notify_all();
        if (m_thread.joinable()) m_thread.join();
        return m_outcome;
    }

private:
    void tell() {
        std::unique_lock lock(m_mutex);
        while (m_outcome && !m_changed.wait_for(lock, kSignOfLife, [this] { return m_done; })) {
            lock.unlock();
            Word word = Word::StillAtIt;
            const auto told = exchangeWord(m_group, word, "");
            lock.lock();
            if (!told) m_outcome = told.error();
        }
    }

    ProcessGroup& m_group;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    bool m_done = false;
    Result<void> m_outcome;
    std::thread m_thread;  // last: it uses the others
};

Result<std::string> workAndTell(ProcessGroup& group, const std::function<Result<std::string>()>& work) {
    std::optional<Result<std::string>> outcome;
    try {
        SignsOfLife signs(group);
        outcome = work();
        RETURN_IF_ERROR(signs.end());
    } catch (...) {
        Word failed = Word::Failed;
        (void)exchangeWord(group, failed, packed(Error{ErrorCode::Internal, "rank 0 failed", ""}));
        throw;
    }
    Word word = *outcome ? Word::Done : Word::Failed;
    RETURN_IF_ERROR(exchangeWord(group, word, *outcome ? **outcome : packed(outcome->error())));
    return std::move(*outcome);
}

}  // namespace

Result<std::vector<std::int64_t>> sumOverRanks(ProcessGroup& group, const std::vector<std::int64_t>& values) {
    if (group.size() == 1) return values;
    at::Tensor tensor = longs(values);
    RETURN_IF_ERROR(group.allReduce(tensor));
    const std::int64_t* const sums = tensor.const_data_ptr<std::int64_t>();
    return std::vector<std::int64_t>(sums, sums + values.size());
}

Result<bool> anyRank(ProcessGroup& group, bool mine) {
    ASSIGN_OR_RETURN(const std::vector<std::int64_t> sums, sumOverRanks(group, {mine ? 1 : 0}));
    return sums.front() > 0;
}

Result<std::vector<std::string>> gatherTexts(ProcessGroup& group, const std::string& mine) {
    if (group.size() == 1) return std::vector<std::string>{mine};
    ASSIGN_OR_RETURN(const std::vector<at::Tensor> sizes, group.allGather(longs({static_cast<std::int64_t>(mine.size())})));
    std::vector<std::int64_t> counts;
    counts.reserve(sizes.size());
    for (const at::Tensor& size : sizes) counts.push_back(size.item<std::int64_t>());
    const std::int64_t longest = *std::max_element(counts.begin(), counts.end());
    ASSIGN_OR_RETURN(const std::vector<at::Tensor> found, group.allGather(bytes(mine, longest)));
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < found.size(); ++i) texts.push_back(textOf(found[i], counts[i]));
    return texts;
}

Result<void> agree(ProcessGroup& group, const Result<void>& mine) {
    if (group.size() == 1) return mine;
    ASSIGN_OR_RETURN(const bool failed, anyRank(group, !mine));
    if (!failed) return {};
    ASSIGN_OR_RETURN(const std::vector<std::string> texts, gatherTexts(group, mine ? "" : packed(mine.error())));
    const auto first = std::find_if(texts.begin(), texts.end(), [](const std::string& text) { return !text.empty(); });
    const auto rank = static_cast<int>(first - texts.begin());
    Error error = unpacked(*first);
    return rank == 0 ? error : error.within("rank " + std::to_string(rank));
}

Result<std::string> byFirstRank(ProcessGroup& group, const std::function<Result<std::string>()>& work) {
    if (group.size() == 1) return work();
    if (group.rank() == 0) return workAndTell(group, work);
    while (true) {
        Word word = Word::StillAtIt;
        ASSIGN_OR_RETURN(std::string text, exchangeWord(group, word, ""));
        if (word == Word::Done) return text;
        if (word == Word::Failed) return unpacked(text);
    }
}

Result<void> allReduceInBuckets(ProcessGroup& group, const std::vector<at::Tensor>& tensors, std::int64_t bucketBytes) {
    if (group.size() == 1) return {};
    const c10::AutoGradMode noGradient(false);
    for (std::size_t begin = 0; begin < tensors.size();) {
        const at::ScalarType type = tensors[begin].scalar_type();
        std::size_t end = begin;
        std::int64_t count = 0;
        const std::int64_t most = bucketBytes / static_cast<std::int64_t>(tensors[begin].element_size());
        while (end < tensors.size() && tensors[end].scalar_type() == type &&
               (end == begin || count + tensors[end].numel() <= most)) {
            count += tensors[end++].numel();
        }
        if (end == begin + 1) {  // alone, perhaps larger than a bucket: no copy
            at::Tensor tensor = tensors[begin];
            RETURN_IF_ERROR(group.allReduce(tensor));
        } else {
            at::Tensor flat = at::empty({count}, tensors[begin].options());
            std::int64_t at = 0;
            for (std::size_t i = begin; i < end; at += tensors[i++].numel()) {
                flat.narrow(0, at, tensors[i].numel()).copy_(tensors[i].reshape({-1}));
            }
            RETURN_IF_ERROR(group.allReduce(flat));
            at = 0;
            for (std::size_t i = begin; i < end; at += tensors[i++].numel()) {
                tensors[i].copy_(flat.narrow(0, at, tensors[i].numel()).view(tensors[i].sizes()));
            }
        }
        begin = end;
    }
    return {};
}

}  // namespace lapidary::distributed
