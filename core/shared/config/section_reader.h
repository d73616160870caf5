// One object of a config.json, read key by key: absent and null leave the default, everything else is checked against bounds.
// Private to this folder's sources (it includes the whole of nlohmann/json).
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/shared/base/json.h"
#include "core/shared/base/result.h"

namespace lapidary::config {

// Remembers the first complaint; later calls then do nothing, so that a long list of keys reads as a list.  A value that is
// refused leaves the default, so that checks which follow may compute with it.
class SectionReader {
public:
    SectionReader(const Json& object, std::string where) : m_object(object), m_where(std::move(where)) {}

    void integer(const char* key, std::int64_t& value, std::int64_t low, std::int64_t high) {
        std::int64_t found = value;
        take(findInteger(m_object, key, m_where), found);
        if (found >= low && found <= high)
            value = found;
        else
            fail(key, "from " + std::to_string(low) + " to " + std::to_string(high), std::to_string(found));
    }
    // A finite number above zero.
    void positive(const char* key, double& value) {
        double found = value;
        take(findNumber(m_object, key, m_where), found);
        if (found > 0.0)
            value = found;
        else
            fail(key, "a number above 0", std::to_string(found));
    }
    void numberIn(const char* key, double& value, double low, double high) {
        double found = value;
        take(findNumber(m_object, key, m_where), found);
        if (found >= low && found <= high)
            value = found;
        else
            fail(key, "from " + std::to_string(low) + " to " + std::to_string(high), std::to_string(found));
    }
    void flag(const char* key, bool& value) { take(findBool(m_object, key, m_where), value); }
    void text(const char* key, std::string& value) { take(findString(m_object, key, m_where), value); }

    // One id or a list of ids ("eos_token_id": 1, or [1, 106]).
    void ids(const char* key, std::vector<std::int64_t>& values) {
        if (m_error || !has(key)) return;
        const Json& found = m_object.at(key);
        const Json list = found.is_array() ? found : Json::array({found});
        if (list.empty() || list.size() > 1024) return fail(key, "one id, or a list of 1 to 1024", describeJson(found));
        values.clear();
        for (const Json& id : list) {
            if (!id.is_number_integer() || id < 0 || id > kMaxId) return fail(key, "ids from 0 to 2^31 - 1", describeJson(id));
            values.push_back(id.get<std::int64_t>());
        }
    }

    [[nodiscard]] bool has(const char* key) const {
        return m_object.is_object() && m_object.contains(key) && !m_object.at(key).is_null();
    }
    // The object under `key`, or nullptr where it is absent or null.  Another type is a complaint.
    const Json* object(const char* key) {
        if (m_error || !has(key)) return nullptr;
        const Json& value = m_object.at(key);
        if (value.is_object()) return &value;
        fail(key, "an object", describeJson(value));
        return nullptr;
    }
    [[nodiscard]] const Json& json() const { return m_object; }
    [[nodiscard]] const std::string& where() const { return m_where; }
    [[nodiscard]] bool failed() const { return m_error.has_value(); }
    [[nodiscard]] Result<void> result() const { return m_error ? Result<void>(*m_error) : Result<void>(); }

    void fail(const std::string& key, const std::string& expected, const std::string& found,
              ErrorCode code = ErrorCode::InvalidData) {
        if (!m_error) m_error = Error{code, "'" + key + "': expected " + expected + ", found " + found, m_where};
    }
    void fail(const Error& error) {
        if (!m_error) m_error = error;
    }

    static constexpr std::int64_t kMaxId = (std::int64_t{1} << 31) - 1;

private:
    template <class T>
    void take(Result<std::optional<T>> found, T& value) {
        if (m_error) return;
        if (!found)
            m_error = found.error();
        else if (*found)
            value = std::move(**found);
    }

    const Json& m_object;
    std::string m_where;
    std::optional<Error> m_error;
};

}  // namespace lapidary::config
