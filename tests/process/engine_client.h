// The other side of `lapidary engine` for tests: sends requests, collects the events of each.
#pragma once

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/process/child_process.h"

namespace lapidary::test {

class EngineClient {
public:
    explicit EngineClient(const std::map<std::string, std::string>& environment = {}) : m_child({"engine"}, environment) {
        m_hello = next().value_or(nlohmann::json{});
    }

    [[nodiscard]] ChildProcess& child() { return m_child; }
    [[nodiscard]] const nlohmann::json& hello() const { return m_hello; }

    void send(const nlohmann::json& request) { (void)m_child.write(request.dump() + "\n"); }
    void sendLine(const std::string& line) { (void)m_child.write(line + "\n"); }

    // The next event of any request; nothing at the end of the stream or after a minute.
    std::optional<nlohmann::json> next() {
        const auto line = m_child.readLine();
        if (!line) return std::nullopt;
        return nlohmann::json::parse(*line);
    }
    // Waits for the next event of this type.
    std::optional<nlohmann::json> nextOf(const std::string& type) {
        while (auto event = next()) {
            if ((*event)["type"] == type) return event;
        }
        return std::nullopt;
    }
    // All events of request `id` up to its done or error; events of other requests are dropped.
    std::vector<nlohmann::json> finish(int id) {
        std::vector<nlohmann::json> events;
        while (auto event = next()) {
            if (!event->contains("id") || (*event)["id"] != id) continue;
            events.push_back(*event);
            if ((*event)["type"] == "done" || (*event)["type"] == "error") return events;
        }
        return events;
    }
    std::vector<nlohmann::json> request(const nlohmann::json& message) {
        send(message);
        return finish(message["id"]);
    }

private:
    ChildProcess m_child;
    nlohmann::json m_hello;
};

// Joined text of token events.
inline std::string textOf(const std::vector<nlohmann::json>& events) {
    std::string text;
    for (const auto& event : events) {
        if (event["type"] == "token") text += event["text"].get<std::string>();
    }
    return text;
}

inline nlohmann::json userTurn(const std::string& text) {
    return nlohmann::json::array({{{"role", "user"}, {"content", text}}});
}

}  // namespace lapidary::test
