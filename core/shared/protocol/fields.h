// Reads and writes the fields of a message through one list of them, so that parse and print cannot drift apart.
// Private to this folder's sources (it includes the whole of nlohmann/json).
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/shared/base/json.h"
#include "core/shared/base/result.h"
#include "core/shared/rules/pan_and_scan.h"

namespace lapidary::protocol {

enum class Presence { Optional, Required };

constexpr std::int64_t kAnyLow = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kAnyHigh = std::numeric_limits<std::int64_t>::max();

// A list of fields is a function `template <class F> void fields(F& f, Message& m)`; struct lists below use it by overload.
class FieldReader {
public:
    FieldReader(const Json& object, std::string where) : m_object(object), m_where(std::move(where)) {}

    [[nodiscard]] bool failed() const { return m_error.has_value(); }
    [[nodiscard]] Result<void> result() const { return m_error ? Result<void>(*m_error) : Result<void>(); }
    [[nodiscard]] bool has(const char* key) const { return m_object.contains(key) && !m_object.at(key).is_null(); }

    void text(const char* key, std::string& value, Presence presence = Presence::Optional) {
        take(key, findString(m_object, key, m_where), value, presence);
    }
    void integer(const char* key, std::int64_t& value, std::int64_t low = kAnyLow, std::int64_t high = kAnyHigh,
                 Presence presence = Presence::Optional) {
        take(key, findInteger(m_object, key, m_where), value, presence);
        requireRange(key, value, low, high);
    }
    void integer(const char* key, std::optional<std::int64_t>& value, std::int64_t low, std::int64_t high) {
        take(key, findInteger(m_object, key, m_where), value);
        if (value) requireRange(key, *value, low, high);
    }
    void number(const char* key, double& value) { take(key, findNumber(m_object, key, m_where), value, Presence::Optional); }
    void number(const char* key, std::optional<double>& value) { take(key, findNumber(m_object, key, m_where), value); }
    void flag(const char* key, bool& value) { take(key, findBool(m_object, key, m_where), value, Presence::Optional); }
    void flag(const char* key, std::optional<bool>& value) { take(key, findBool(m_object, key, m_where), value); }

    // A log-probability: null stands for minus infinity, which JSON cannot say.
    void logprob(const char* key, double& value) {
        if (has(key))
            number(key, value);
        else
            value = -std::numeric_limits<double>::infinity();
    }

    void texts(const char* key, std::vector<std::string>& values) {
        eachElement(key, [&](const Json& element, const std::string& place) {
            if (!element.is_string()) return fail("expected a string, found " + describeJson(element), place);
            values.push_back(element.get<std::string>());
        });
    }
    void texts(const char* key, std::optional<std::vector<std::string>>& values) {
        if (!has(key)) return;
        texts(key, values.emplace());
    }
    template <class T>
    void list(const char* key, std::vector<T>& values) {
        eachElement(key, [&](const Json& element, const std::string& place) { values.push_back(object<T>(element, place)); });
    }
    void box(const char* key, rules::CropBox& value) {
        if (has(key)) value = readBox(m_object.at(key), m_where + "." + key);
    }
    void boxes(const char* key, std::optional<std::vector<rules::CropBox>>& values) {
        if (!has(key)) return;
        values.emplace();
        eachElement(key, [&](const Json& element, const std::string& place) { values->push_back(readBox(element, place)); });
    }
    template <class T>
    void object(const char* key, std::optional<T>& value) {
        if (has(key)) value = object<T>(m_object.at(key), m_where + "." + key);
    }
    void crops(const char* key, std::optional<std::vector<std::vector<rules::CropBox>>>& values) {
        if (!has(key)) return;
        values.emplace();
        eachElement(key, [&](const Json& picture, const std::string& place) {
            if (!picture.is_array()) return fail("expected a list of boxes, found " + describeJson(picture), place);
            values->emplace_back();
            for (const Json& element : picture) values->back().push_back(readBox(element, place));
        });
    }

    template <class T>
    T object(const Json& element, const std::string& place) {
        T value;
        FieldReader reader(element, place);
        if (!element.is_object())
            reader.fail("expected an object, found " + describeJson(element), place);
        else
            fields(reader, value);
        if (reader.m_error && !m_error) m_error = reader.m_error;
        return value;
    }
    [[nodiscard]] const Json& json() const { return m_object; }
    [[nodiscard]] const std::string& where() const { return m_where; }
    void fail(const std::string& message) { fail(message, m_where); }
    void fail(const std::string& message, const std::string& place) {
        if (!m_error) m_error = Error{ErrorCode::InvalidData, message, place};
    }

private:
    template <class T, class Slot>
    void take(const char* key, Result<std::optional<T>> found, Slot& value, Presence presence = Presence::Optional) {
        if (m_error) return;
        if (!found)
            m_error = found.error();
        else if (*found)
            value = std::move(**found);
        else if (presence == Presence::Required)
            fail("'" + std::string(key) + "' is missing");
    }
    void requireRange(const char* key, std::int64_t value, std::int64_t low, std::int64_t high) {
        if (value >= low && value <= high) return;
        fail("'" + std::string(key) + "': expected " + std::to_string(low) + " to " + std::to_string(high) + ", found " +
             std::to_string(value));
    }
    template <class Take>
    void eachElement(const char* key, const Take& take) {
        if (m_error || !has(key)) return;
        const Json& array = m_object.at(key);
        if (!array.is_array()) return fail("'" + std::string(key) + "': expected a list, found " + describeJson(array));
        std::size_t index = 0;
        for (const Json& element : array) take(element, m_where + "." + key + "[" + std::to_string(index++) + "]");
    }
    rules::CropBox readBox(const Json& element, const std::string& place) {
        rules::CropBox box;
        if (!element.is_array() || element.size() != 4) {
            fail("expected [left, top, right, bottom], found " + describeJson(element), place);
            return box;
        }
        std::int64_t* const sides[] = {&box.left, &box.top, &box.right, &box.bottom};
        for (std::size_t i = 0; i < 4; ++i) {
            const Json& side = element[i];
            const bool fits = side.is_number_integer() && side >= 0 && side <= (std::int64_t{1} << 31);
            if (fits)
                *sides[i] = side.get<std::int64_t>();
            else
                fail("expected pixels from 0 to 2^31, found " + describeJson(side), place);
        }
        return box;
    }

    const Json& m_object;
    std::string m_where;
    std::optional<Error> m_error;
};

// The same calls, writing.  Absent optionals are left out.
class FieldWriter {
public:
    explicit FieldWriter(Json& object) : m_object(object) {}

    void text(const char* key, const std::string& value, Presence = Presence::Optional) { m_object[key] = value; }
    void integer(const char* key, std::int64_t value, std::int64_t = 0, std::int64_t = 0, Presence = Presence::Optional) {
        m_object[key] = value;
    }
    void integer(const char* key, const std::optional<std::int64_t>& value, std::int64_t, std::int64_t) {
        if (value) m_object[key] = *value;
    }
    void number(const char* key, double value) { m_object[key] = value; }
    void number(const char* key, const std::optional<double>& value) {
        if (value) m_object[key] = *value;
    }
    void flag(const char* key, bool value) { m_object[key] = value; }
    void flag(const char* key, const std::optional<bool>& value) {
        if (value) m_object[key] = *value;
    }
    void logprob(const char* key, double value) { m_object[key] = std::isfinite(value) ? Json(value) : Json(nullptr); }
    void texts(const char* key, const std::vector<std::string>& values) { m_object[key] = values; }
    void texts(const char* key, const std::optional<std::vector<std::string>>& values) {
        if (values) m_object[key] = *values;
    }
    template <class T>
    void list(const char* key, std::vector<T>& values) {
        Json array = Json::array();
        for (T& value : values) {
            Json element = Json::object();
            FieldWriter writer(element);
            fields(writer, value);
            array.push_back(std::move(element));
        }
        m_object[key] = std::move(array);
    }
    void box(const char* key, const rules::CropBox& value) { m_object[key] = toList(value); }
    void boxes(const char* key, const std::optional<std::vector<rules::CropBox>>& values) {
        if (values) m_object[key] = toLists(*values);
    }
    template <class T>
    void object(const char* key, std::optional<T>& value) {
        if (!value) return;
        Json element = Json::object();
        FieldWriter writer(element);
        fields(writer, *value);
        m_object[key] = std::move(element);
    }
    void crops(const char* key, const std::optional<std::vector<std::vector<rules::CropBox>>>& values) {
        if (!values) return;
        Json pictures = Json::array();
        for (const auto& picture : *values) pictures.push_back(toLists(picture));
        m_object[key] = std::move(pictures);
    }
    [[nodiscard]] Json& json() { return m_object; }

private:
    static Json toLists(const std::vector<rules::CropBox>& boxes) {
        Json lists = Json::array();
        for (const rules::CropBox& box : boxes) lists.push_back(toList(box));
        return lists;
    }
    static Json toList(const rules::CropBox& box) { return Json::array({box.left, box.top, box.right, box.bottom}); }

    Json& m_object;
};

}  // namespace lapidary::protocol
