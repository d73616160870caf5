#include "core/data/files/yaml_text.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <vector>

#include "core/shared/base/json.h"
#include "core/shared/plan/override_value.h"

namespace lapidary::files {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;
constexpr std::size_t kMaxValues = 100'000;
constexpr std::size_t kMaxDepth = 64;

// Thrown through yaml-cpp's parser, which offers no other way out, and caught in parseYaml alone.
struct Refusal {
    std::string what;
    YAML::Mark mark;
};

std::string place(const YAML::Mark& mark) {
    if (mark.is_null()) return "";
    return " at line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1);
}

// Builds the value while the text is read, so that nothing is expanded before it was counted.
class JsonBuilder final : public YAML::EventHandler {
public:
    void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuseAnchor(mark, anchor);
        put(nullptr, mark);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
        throw Refusal{"aliases (*name) are not accepted; write the value itself", mark};
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
        refuseAnchor(mark, anchor);
        // "?" is a plain scalar, "!" a quoted or a block one.
        if (tag == "!") return put(value, mark);
        refuseTag(mark, tag);
        if (value == "~" || value.empty()) return put(nullptr, mark);
        auto scalar = plan::plainScalar(value, keyPath());
        if (!scalar) throw Refusal{scalar.error().message, mark};
        put(std::move(*scalar), mark);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        refuseAnchor(mark, anchor);
        refuseTag(mark, tag);
        open(Json::array(), mark);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        refuseAnchor(mark, anchor);
        refuseTag(mark, tag);
        open(Json::object(), mark);
    }
    void OnMapEnd() override { close(); }

    Json take() && { return std::move(m_root); }

private:
    struct Open {
        Json* node;
        std::optional<std::string> key;  // read, its value is not yet; objects only
    };

    static void refuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor) throw Refusal{"anchors (&name) are not accepted", mark};
    }
    static void refuseTag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty() && tag != "?") throw Refusal{"tags (!name) are not accepted", mark};
    }
    [[nodiscard]] std::string keyPath() const {
        std::string path;
        for (const Open& open : m_open) {
            if (open.key) path += (path.empty() ? "" : ".") + clipText(*open.key, 80);
        }
        return clipText(path, 200);
    }

    Json* add(Json value, const YAML::Mark& mark) {
        if (++m_values > kMaxValues) throw Refusal{"more than " + std::to_string(kMaxValues) + " values", mark};
        if (m_open.empty()) {
            m_root = std::move(value);
            return &m_root;
        }
        Open& parent = m_open.back();
        if (parent.node->is_array()) return &parent.node->emplace_back(std::move(value));
        Json& slot = (*parent.node)[*parent.key];
        slot = std::move(value);
        return &slot;
    }
    void put(Json value, const YAML::Mark& mark) {
        if (m_open.empty() || m_open.back().node->is_array() || m_open.back().key) {
            add(std::move(value), mark);
            valueEnds();
            return;
        }
        Open& parent = m_open.back();
        if (!value.is_string()) throw Refusal{"expected a text as key, found " + describeJson(value), mark};
        std::string key = value.get<std::string>();
        if (parent.node->contains(key)) throw Refusal{"the key '" + clipText(key, 80) + "' appears twice", mark};
        parent.key = std::move(key);
    }
    void open(Json container, const YAML::Mark& mark) {
        if (m_open.size() >= kMaxDepth) throw Refusal{"nested deeper than " + std::to_string(kMaxDepth) + " levels", mark};
        const bool isKey = !m_open.empty() && m_open.back().node->is_object() && !m_open.back().key;
        if (isKey) throw Refusal{"expected a text as key, found " + describeJson(container), mark};
        // The node stays where it is while it is open: nothing is added to its parent meanwhile.
        m_open.push_back({add(std::move(container), mark), std::nullopt});
    }
    void close() {
        m_open.pop_back();
        valueEnds();
    }
    void valueEnds() {
        if (!m_open.empty()) m_open.back().key.reset();
    }

    Json m_root;
    std::vector<Open> m_open;
    std::size_t m_values = 0;
};

}  // namespace

Result<Json> parseYaml(std::string_view text, const std::string& source) {
    const auto refused = [&](const std::string& what) { return Error{ErrorCode::InvalidData, what, source}; };
    if (text.size() > kMaxBytes) return refused("at most " + std::to_string(kMaxBytes) + " bytes of YAML are accepted");
    // yaml-cpp ends a text at NUL, silently.
    if (text.find('\0') != std::string_view::npos) return refused("expected text, found a NUL byte");
    if (!plan::isUtf8(text)) return refused("the text is not UTF-8");
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        JsonBuilder first;
        if (!parser.HandleNextDocument(first)) return Json::object();
        Json value = std::move(first).take();
        JsonBuilder second;
        if (parser.HandleNextDocument(second)) return refused("expected one document, found another after it");
        return value.is_null() ? Json::object() : value;
    } catch (const Refusal& refusal) {
        return refused(refusal.what + place(refusal.mark));
    } catch (const YAML::Exception& problem) {
        return refused("not valid YAML" + place(problem.mark) + ": " + clipText(problem.msg, 200));
    }
}

}  // namespace lapidary::files
