// What a run told, for the fixtures of runs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "core/shared/protocol/training_event.h"

namespace lapidary::train {

struct RunEvents {
    // To be a run's onEvent; what a test does about an event, it does on the run's own thread.
    void hear(const protocol::TrainingEvent& event) {
        events.push_back(event);
        if (const auto* notice = std::get_if<protocol::NoticeEvent>(&event.body)) onNotice(*notice);
        if (const auto* step = std::get_if<protocol::StepEvent>(&event.body)) onStep(step->step);
    }
    template <class Event>
    [[nodiscard]] std::vector<Event> all() const {
        std::vector<Event> found;
        for (const protocol::TrainingEvent& event : events) {
            if (const auto* body = std::get_if<Event>(&event.body)) found.push_back(*body);
        }
        return found;
    }
    // A line each.
    [[nodiscard]] std::string notices(const std::string& kind) const {
        std::string text;
        for (const auto& notice : all<protocol::NoticeEvent>()) text += notice.kind == kind ? notice.message + "\n" : "";
        return text;
    }

    std::vector<protocol::TrainingEvent> events;
    std::function<void(const protocol::NoticeEvent&)> onNotice = [](const protocol::NoticeEvent&) {};
    std::function<void(std::int64_t step)> onStep = [](std::int64_t) {};
};

}  // namespace lapidary::train
