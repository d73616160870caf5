// JSON of results, as the verbs print it with --json.  Includes the whole of nlohmann/json: for .cpp files of this folder only.
#pragma once

#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/engine/session/answer.h"

namespace lapidary::app {

// One line where `indent` is -1, flushed so that a reader at the other end of a pipe has it at once.  Bytes that are not UTF-8 become U+FFFD, as standard output promises JSON.
inline void printJson(const nlohmann::ordered_json& document, int indent = 2) {
    std::cout << document.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << std::endl;
}

nlohmann::ordered_json reportJson(const session::AnswerReport& report);
// Tokens with log-probabilities, alternatives as text too.
nlohmann::ordered_json tokenJson(const generate::GeneratedToken& token, const text::Tokenizer& tokenizer);

}  // namespace lapidary::app
