#include "core/data/dataset/template_lint.h"

#include <algorithm>
#include <array>

#include "core/data/text/chat_template.h"
#include "core/data/text/special_tokens.h"

namespace lapidary::dataset {
namespace {

using Ids = std::vector<std::int64_t>;

constexpr std::array<std::string_view, 14> kMarkers{text::kStartOfTurn,
                                                    text::kEndOfTurn,
                                                    text::kBos,
                                                    text::kEos,
                                                    text::kStartOfImage,
                                                    text::kImageSoftToken,
                                                    "<|im_start|>",
                                                    "<|im_end|>",
                                                    "<|user|>",
                                                    "<|assistant|>",
                                                    "[INST]",
                                                    "[/INST]",
                                                    "<|start_header_id|>",
                                                    "<|eot_id|>"};

// Gemma's ids of user "Hello", assistant "Hello" (transformers' apply_chat_template).
const Ids& referenceIds() {
    static const Ids kIds{2, 105, 2364, 107, 9259, 106, 107, 105, 4368, 107, 9259, 106, 107};
    return kIds;
}

Ids header(const text::Tokenizer& tokenizer, const std::string& role) {
    const text::Segment segment{true, std::string(text::kStartOfTurn) + role};
    return tokenizer.encode(std::span(&segment, 1));
}

std::string at(std::size_t position) { return " at position " + std::to_string(position); }

}  // namespace

std::vector<std::string> lintIds(std::span<const std::int64_t> ids, const text::Tokenizer& tokenizer) {
    std::vector<std::string> sentences;
    const auto begin = tokenizer.idOf(text::kStartOfTurn);
    const auto end = tokenizer.idOf(text::kEndOfTurn);
    if (!begin || !end) return {"the vocabulary has no <start_of_turn> and <end_of_turn>"};
    if (ids.empty() || ids[0] != tokenizer.bosId()) sentences.emplace_back("the sample does not begin with <bos>");
    for (std::size_t i = 1; i < ids.size(); ++i) {
        if (ids[i] == tokenizer.bosId()) sentences.push_back("a second <bos>" + at(i));
    }
    const Ids user = header(tokenizer, "user");
    const Ids model = header(tokenizer, "model");
    bool open = false;
    std::size_t turns = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (ids[i] == *begin) {
            if (open)
                sentences.push_back("turn " + std::to_string(turns) + " has no <end_of_turn> before the next begins" + at(i));
            open = true;
            ++turns;
            const Ids& expected = turns % 2 == 1 ? user : model;
            if (!std::equal(expected.begin(), expected.end(), ids.begin() + static_cast<std::ptrdiff_t>(i),
                            ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), i + expected.size())))) {
                sentences.push_back("turn " + std::to_string(turns) + " is not the " + (turns % 2 == 1 ? "user's" : "model's") +
                                    at(i));
            }
        } else if (ids[i] == *end) {
            if (!open) sentences.push_back("<end_of_turn> outside a turn" + at(i));
            open = false;
        }
    }
    if (turns == 0) sentences.emplace_back("there is no <start_of_turn>: the chat template was not applied");
    if (open) sentences.push_back("turn " + std::to_string(turns) + " has no <end_of_turn>: the model would not learn to stop");
    return sentences;
}

std::vector<std::string> lintTokenizer(const text::Tokenizer& tokenizer) {
    const std::vector<text::Message> messages{{"user", "Hello"}, {"assistant", "Hello"}};
    const auto segments = text::renderChat(messages, text::AfterLastMessage::Nothing);
    const Ids ids = tokenizer.encode(*segments);
    auto sentences = lintIds(ids, tokenizer);
    const auto& reference = referenceIds();
    const bool isGemma = tokenizer.idOf(text::kStartOfTurn) == reference[1] && tokenizer.size() >= 262144;
    if (isGemma && ids != reference) {
        const auto differ = static_cast<std::size_t>(
            std::mismatch(ids.begin(), ids.end(), reference.begin(), reference.end()).first - ids.begin());
        sentences.push_back("the template's ids are not the reference's: they differ" + at(differ));
    }
    return sentences;
}

std::vector<std::string> lintTexts(const Record& record) {
    std::vector<std::string> sentences;
    for (std::size_t i = 0; i < record.messages.size(); ++i) {
        const std::string text = textOfMessage(record.messages[i]);
        for (const std::string_view marker : kMarkers) {
            if (text.find(marker) != std::string::npos) {
                sentences.push_back("turn " + std::to_string(i + 1) + " holds " + std::string(marker) +
                                    ", which stays plain text: was the template applied before?");
                break;
            }
        }
    }
    return sentences;
}

}  // namespace lapidary::dataset
