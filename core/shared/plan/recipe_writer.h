// Prints one section of a recipe over the list of recipe_fields.h.  Private to the sources of this folder.
#pragma once

#include <nlohmann/json.hpp>

#include "core/shared/plan/recipe_fields.h"

namespace lapidary::plan {

class RecipeWriter {
public:
    [[nodiscard]] nlohmann::ordered_json take() && { return std::move(m_object); }

    template <class T>
    void integer(const char* key, const T& value, std::int64_t /*low*/, std::int64_t /*high*/) {
        put(key, value);
    }
    template <class T>
    void number(const char* key, const T& value, double /*low*/, double /*high*/) {
        put(key, value);
    }
    template <class T>
    void flag(const char* key, const T& value) {
        put(key, value);
    }
    template <class T>
    void path(const char* key, const T& value) {
        put(key, value);
    }
    template <class T>
    void freeText(const char* key, const T& value) {
        put(key, value);
    }
    template <class T>
    void oneOf(const char* key, const T& value, std::initializer_list<std::string_view> /*known*/) {
        put(key, value);
    }
    void paths(const char* key, const std::vector<std::string>& values) { m_object[key] = values; }
    void texts(const char* key, const std::map<std::string, std::string>& values) { m_object[key] = values; }
    void integers(const char* key, const std::map<std::string, std::int64_t>& values, std::int64_t /*low*/,
                  std::int64_t /*high*/) {
        m_object[key] = values;
    }
    void numbers(const char* key, const std::map<std::string, double>& values, double /*low*/, double /*high*/) {
        m_object[key] = values;
    }
    void freeValues(const char* key, const std::map<std::string, std::string>& values) {
        nlohmann::ordered_json object = nlohmann::ordered_json::object();
        for (const auto& [name, value] : values) object[name] = parsed(value);
        m_object[key] = std::move(object);
    }
    void freeObject(const char* key, const FreeObject& value) { m_object[key] = parsed(value.json); }
    void alwaysNull(const char* key) { m_object[key] = nullptr; }

    template <class E, std::size_t N>
    void choice(const char* key, const E& value, const std::pair<E, std::string_view> (&names)[N]) {
        for (const auto& [candidate, name] : names) {
            if (candidate == value) m_object[key] = name;
        }
    }
    template <class E, std::size_t N>
    void choice(const char* key, const std::optional<E>& value, const std::pair<E, std::string_view> (&names)[N]) {
        m_object[key] = nullptr;
        if (value) choice(key, *value, names);
    }
    template <class S>
    void section(const char* key, S& value) {
        RecipeWriter writer;
        fields(writer, value);
        m_object[key] = std::move(writer).take();
    }
    template <class S>
    void section(const char* key, std::optional<S>& value) {
        m_object[key] = nullptr;
        if (value) section(key, *value);
    }
    template <class S>
    void objects(const char* key, std::vector<S>& values) {
        nlohmann::ordered_json list = nlohmann::ordered_json::array();
        for (S& value : values) {
            RecipeWriter writer;
            fields(writer, value);
            list.push_back(std::move(writer).take());
        }
        m_object[key] = std::move(list);
    }

private:
    // Text of our own making: it was JSON when it was read.
    static nlohmann::ordered_json parsed(const std::string& text) {
        return nlohmann::ordered_json::parse(text, nullptr, false);
    }

    template <class T>
    void put(const char* key, const std::optional<T>& value) {
        m_object[key] = nullptr;
        if (value) m_object[key] = *value;
    }
    template <class T>
    void put(const char* key, const T& value) {
        m_object[key] = value;
    }

    nlohmann::ordered_json m_object = nlohmann::ordered_json::object();
};

}  // namespace lapidary::plan
