// What was said in `lapidary chat`: questions, pictures and answers, with undo and saving as a messages file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/processor/messages_file.h"
#include "core/shared/base/result.h"

namespace lapidary::app {

// The path that a person typed after a command: blanks around it and a pair of quotes are not part of it, and ~ begins at home.
std::string typedPath(std::string_view argument);

class ChatTranscript {
public:
    explicit ChatTranscript(std::string system) : m_system(std::move(system)) {}

    // Adds a picture to the question that comes next.  Errors: Usage for no or an unusable argument; NotFound for a missing file.
    Result<void> addImage(const std::string& argument);
    void ask(const std::string& text);  // takes the pending pictures
    void answer(const std::string& text);
    // Forgets the last question and its answer; false where there is none.
    bool undo();

    [[nodiscard]] std::size_t pendingImages() const { return m_pending.size(); }
    [[nodiscard]] processor::Conversation conversation() const;
    // The messages list of transformers.  Errors: those of writing.
    [[nodiscard]] Result<void> save(const std::filesystem::path& path) const;

private:
    struct Turn {
        std::vector<image::ImageSource> images;
        std::string question;
        std::string answer;
        bool answered = false;
    };

    std::string m_system;
    std::vector<image::ImageSource> m_pending;
    std::vector<Turn> m_turns;
};

}  // namespace lapidary::app
