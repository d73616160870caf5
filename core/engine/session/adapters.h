// Adapters that stand ready beside one open model, by name.  The base is read once; switching costs nothing but the conversation's
// cache.  Lives on the thread that owns the tensors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/engine/model/adapter.h"
#include "core/shared/base/result.h"

namespace lapidary::session {

// What a forward uses.  Without an adapter both are empty.
struct ActiveAdapter {
    std::string key;  // tells adapters apart, also ones that had the same name one after the other
    std::shared_ptr<const model::Adapter> adapter;

    [[nodiscard]] const model::Adapter* get() const { return adapter.get(); }
    // A picture's features are kept under its pixels' hash, and under the adapter where that changes what the tower sees.
    [[nodiscard]] std::string featureKey(const std::string& pixelHash) const;
};

class AdapterSet {
public:
    explicit AdapterSet(std::shared_ptr<model::Gemma3VlModel> network) : m_network(std::move(network)) {}

    struct Info {
        std::string name;
        std::string path;
        std::string method;  // "lora", "dora"
        std::string baseModel;
        std::int64_t deltas = 0;
        std::int64_t parameters = 0;
        std::vector<std::string> warnings;
    };
    // Reads a peft folder.  Without a name it is called as the folder is (and numbered where that is taken).
    // Errors: Usage when the name is taken, those of openPeftAdapter and Adapter::load.
    Result<Info> add(const std::filesystem::path& folder, const std::string& name = "");
    // Errors: NotFound naming those that are there.
    Result<void> remove(const std::string& name);

    [[nodiscard]] std::vector<std::string> names() const;
    // These together, each added; none: the base alone.  Errors: NotFound as above, Usage where they exclude each other.
    [[nodiscard]] Result<ActiveAdapter> use(const std::vector<std::string>& wanted) const;

private:
    struct Entry {
        std::string name;
        std::string key;
        std::shared_ptr<const model::Adapter> adapter;
    };
    [[nodiscard]] const Entry* find(const std::string& name) const;
    [[nodiscard]] Error unknown(const std::string& name) const;

    std::shared_ptr<model::Gemma3VlModel> m_network;
    std::vector<Entry> m_entries;
    std::uint64_t m_serial = 0;
};

}  // namespace lapidary::session
