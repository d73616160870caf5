// The model that is open now, seen by the model worker, who changes it, and the picture worker, who counts tokens with it.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "core/engine/session/model.h"

namespace lapidary::session {

class ModelHolder {
public:
    [[nodiscard]] std::shared_ptr<const Model> get() const {
        const std::lock_guard lock(m_mutex);
        return m_model;
    }
    void set(std::shared_ptr<const Model> model) {
        const std::lock_guard lock(m_mutex);
        m_model.swap(model);  // the old one ends outside the lock, with the parameter
    }

private:
    mutable std::mutex m_mutex;
    std::shared_ptr<const Model> m_model;
};

// What every request that needs a model answers without one.
inline Error noModelError() { return Error{ErrorCode::Usage, "no model is open: send a 'load' request first", ""}; }

}  // namespace lapidary::session
