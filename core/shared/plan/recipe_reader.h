// Reads one section of a recipe over the list of recipe_fields.h.  Private to the sources of this folder.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/shared/base/json.h"
#include "core/shared/plan/recipe.h"
#include "core/shared/plan/recipe_fields.h"

namespace lapidary::plan {

// An absent key leaves what is there; null is a value of those alone that may be absent.  The first complaint is kept and the
// calls behind it do nothing.
class RecipeReader {
public:
    // `object` must be an object; `place` is its path ("" for the whole recipe, else "optimizer").
    RecipeReader(const Json& object, std::string place, std::optional<Error>& error)
        : m_object(object), m_place(std::move(place)), m_error(error) {}

    void integer(const char* key, std::int64_t& value, std::int64_t low, std::int64_t high);
    void number(const char* key, double& value, double low, double high);
    void flag(const char* key, bool& value);
    void path(const char* key, std::string& value);      // a line: no NUL, no interpolation
    void freeText(const char* key, std::string& value);  // prose and expressions: anything but NUL
    void oneOf(const char* key, std::string& value, std::initializer_list<std::string_view> known);
    void paths(const char* key, std::vector<std::string>& values);
    void texts(const char* key, std::map<std::string, std::string>& values);
    void integers(const char* key, std::map<std::string, std::int64_t>& values, std::int64_t low, std::int64_t high);
    void numbers(const char* key, std::map<std::string, double>& values, double low, double high);
    void freeValues(const char* key, std::map<std::string, std::string>& values);  // dotted path → compact JSON
    void freeObject(const char* key, FreeObject& value);
    void alwaysNull(const char* key);

    // The same where null is allowed.
    void integer(const char* key, std::optional<std::int64_t>& value, std::int64_t low, std::int64_t high) {
        optional(key, value, [&](std::int64_t& v) { integer(key, v, low, high); });
    }
    void number(const char* key, std::optional<double>& value, double low, double high) {
        optional(key, value, [&](double& v) { number(key, v, low, high); });
    }
    void flag(const char* key, std::optional<bool>& value) {
        optional(key, value, [&](bool& v) { flag(key, v); });
    }
    void path(const char* key, std::optional<std::string>& value) {
        optional(key, value, [&](std::string& v) { path(key, v); });
    }
    void freeText(const char* key, std::optional<std::string>& value) {
        optional(key, value, [&](std::string& v) { freeText(key, v); });
    }
    void oneOf(const char* key, std::optional<std::string>& value, std::initializer_list<std::string_view> known) {
        optional(key, value, [&](std::string& v) { oneOf(key, v, known); });
    }
    template <class E, std::size_t N>
    void choice(const char* key, std::optional<E>& value, const std::pair<E, std::string_view> (&names)[N]) {
        optional(key, value, [&](E& v) { choice(key, v, names); });
    }

    template <class E, std::size_t N>
    void choice(const char* key, E& value, const std::pair<E, std::string_view> (&names)[N]) {
        const Json* found = find(key);
        if (found == nullptr) return;
        std::string expected;
        for (const auto& [candidate, name] : names) {
            if (found->is_string() && found->get_ref<const std::string&>() == name) {
                value = candidate;
                return;
            }
            expected += (expected.empty() ? "" : ", ") + std::string(name);
        }
        fail(key, "one of " + expected, *found);
    }

    // What is absent from the object keeps what the section has.
    template <class S>
    void section(const char* key, S& value) {
        const Json* found = find(key);
        if (found == nullptr) return;
        if (!found->is_object()) return fail(key, "an object", *found);
        RecipeReader reader(*found, placeOf(key), m_error);
        fields(reader, value);
        reader.refuseOthers();
    }
    template <class S>
    void section(const char* key, std::optional<S>& value) {
        optional(key, value, [&](S& v) { section(key, v); });
    }

    // A list of objects, as a whole.
    template <class S>
    void objects(const char* key, std::vector<S>& values) {
        const Json* found = find(key);
        if (found == nullptr) return;
        if (!found->is_array() || found->size() > kMaxList) return fail(key, "a list of objects", *found);
        std::vector<S> read;
        for (const Json& element : *found) {
            const std::string place = placeOf(key) + "[" + std::to_string(read.size()) + "]";
            if (!element.is_object()) return failAt(place, "an object", describeJson(element));
            RecipeReader reader(element, place, m_error);
            fields(reader, read.emplace_back());
            reader.refuseOthers();
        }
        values = std::move(read);
    }

    // After all keys were asked for: complains of a key that nobody asked for.
    void refuseOthers();

private:
    static constexpr std::size_t kMaxList = 4096;
    static constexpr std::size_t kMaxText = 1 << 16;

    template <class T, class Read>
    void optional(const char* key, std::optional<T>& value, const Read& read) {
        m_known.emplace_back(key);
        if (m_error || !m_object.contains(key)) return;
        if (m_object.at(key).is_null()) return value.reset();
        T found = value.value_or(T());
        read(found);
        if (!m_error) value = std::move(found);
    }

    [[nodiscard]] std::string placeOf(const std::string& key) const { return m_place.empty() ? key : m_place + "." + key; }
    // The value under `key`, nullptr where it is absent or something was refused before.
    const Json* find(const char* key);
    // The object under `key`, complaining where it is another thing.
    const Json* findMap(const char* key);
    void takeText(const std::string& place, const Json& found, bool line, std::string& value);
    void takeInteger(const std::string& place, const Json& found, std::int64_t low, std::int64_t high, std::int64_t& value);
    void takeNumber(const std::string& place, const Json& found, double low, double high, double& value);
    void fail(const char* key, const std::string& expected, const Json& found) {
        failAt(placeOf(key), expected, describeJson(found));
    }
    void failAt(const std::string& place, const std::string& expected, const std::string& found);

    const Json& m_object;
    std::string m_place;
    std::optional<Error>& m_error;
    std::vector<std::string> m_known;
};

}  // namespace lapidary::plan
