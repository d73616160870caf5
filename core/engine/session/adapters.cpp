#include "core/engine/session/adapters.h"

#include <algorithm>
#include <utility>

#include "core/data/checkpoint/peft_adapter.h"

namespace lapidary::session {
namespace {

std::string folderName(const std::filesystem::path& folder) {
    const std::filesystem::path plain = folder.lexically_normal();
    const std::string name = (plain.has_filename() ? plain : plain.parent_path()).filename().string();
    return name.empty() || name == "." || name == ".." ? "adapter" : name;
}

std::int64_t elements(const checkpoint::PeftAdapter& stored) {
    std::int64_t count = 0;
    for (const checkpoint::PeftTensor& tensor : stored.tensors) {
        std::int64_t size = 1;
        for (const std::int64_t dimension : tensor.shape) size *= dimension;
        count += size;
    }
    return count;
}

}  // namespace

std::string ActiveAdapter::featureKey(const std::string& pixelHash) const {
    return adapter != nullptr && adapter->changesPictures() ? pixelHash + " " + key : pixelHash;
}

const AdapterSet::Entry* AdapterSet::find(const std::string& name) const {
    const auto found = std::find_if(m_entries.begin(), m_entries.end(), [&](const Entry& entry) { return entry.name == name; });
    return found == m_entries.end() ? nullptr : &*found;
}

Error AdapterSet::unknown(const std::string& name) const {
    std::string there;
    for (const Entry& entry : m_entries) there += (there.empty() ? "" : ", ") + entry.name;
    return Error{ErrorCode::NotFound,
                 "no adapter '" + name + "' is loaded; " + (there.empty() ? "there is none" : "there are: " + there), ""};
}

Result<AdapterSet::Info> AdapterSet::add(const std::filesystem::path& folder, const std::string& name) {
    std::string called = name.empty() ? folderName(folder) : name;
    for (int number = 2; name.empty() && find(called) != nullptr; ++number)
        called = folderName(folder) + "-" + std::to_string(number);
    if (find(called) != nullptr)
        return Error{ErrorCode::Usage, "an adapter '" + called + "' is loaded already; unload it or choose another name", ""};
    ASSIGN_OR_RETURN(const checkpoint::PeftAdapter stored, checkpoint::openPeftAdapter(folder, m_network->config()));
    ASSIGN_OR_RETURN(model::Adapter adapter, model::Adapter::load(*m_network, stored));
    Info info{.name = called,
              .path = folder.string(),
              .method = stored.spec.kind == plan::AdapterKind::Dora ? "dora" : "lora",
              .baseModel = stored.baseModel,
              .deltas = static_cast<std::int64_t>(adapter.deltaCount()),
              .parameters = elements(stored),
              .warnings = stored.warnings};
    m_entries.push_back(
        {called, called + "#" + std::to_string(++m_serial), std::make_shared<const model::Adapter>(std::move(adapter))});
    return info;
}

Result<void> AdapterSet::remove(const std::string& name) {
    if (find(name) == nullptr) return unknown(name);
    std::erase_if(m_entries, [&](const Entry& entry) { return entry.name == name; });
    return {};
}

std::vector<std::string> AdapterSet::names() const {
    std::vector<std::string> names;
    names.reserve(m_entries.size());
    for (const Entry& entry : m_entries) names.push_back(entry.name);
    return names;
}

Result<ActiveAdapter> AdapterSet::use(const std::vector<std::string>& wanted) const {
    ActiveAdapter active;
    std::vector<const model::Adapter*> together;
    for (const std::string& name : wanted) {
        const Entry* const entry = find(name);
        if (entry == nullptr) return unknown(name);
        active.key += (active.key.empty() ? "" : " ") + entry->key;
        active.adapter = entry->adapter;
        together.push_back(entry->adapter.get());
    }
    if (together.size() < 2) return active;
    ASSIGN_OR_RETURN(model::Adapter sum, model::Adapter::combined(together));
    active.adapter = std::make_shared<const model::Adapter>(std::move(sum));
    return active;
}

}  // namespace lapidary::session
