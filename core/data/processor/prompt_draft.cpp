#include "core/data/processor/prompt_draft.h"

#include <algorithm>
#include <utility>

#include "core/data/text/special_tokens.h"
#include "core/shared/rules/prompt_layout.h"

namespace lapidary::processor {
namespace {

using text::ContentPart;
using text::SpecialTokens;

constexpr std::string_view kMarker = rules::kStartOfImage;

std::string ownerName(std::size_t index, const text::Message& message) {
    return "message " + std::to_string(index + 1) + " (" + message.role.substr(0, 40) + ")";
}

void appendText(PromptDraft& draft, bool markup, std::string text) {
    if (!text.empty()) draft.push_back({{markup, std::move(text)}, false, -1, {}});
}

void appendPicture(PromptDraft& draft, std::int64_t picture, std::string owner) {
    draft.push_back({{}, true, picture, std::move(owner)});
}

// Text in which markers are places.
void appendWithMarkers(PromptDraft& draft, bool markup, std::string_view text, const std::string& owner) {
    for (std::size_t at = text.find(kMarker); at != std::string_view::npos; at = text.find(kMarker)) {
        appendText(draft, markup, std::string(text.substr(0, at)));
        appendPicture(draft, -1, owner);
        text.remove_prefix(at + kMarker.size());
    }
    appendText(draft, markup, std::string(text));
}

// What a person typed.
void appendTyped(PromptDraft& draft, const std::string& text, const DraftOptions& options, const std::string& owner) {
    const bool parse = options.typed == SpecialTokens::Parse;
    if (parse && options.pictures > 0) {
        appendWithMarkers(draft, true, text, owner);
    } else {
        appendText(draft, parse, text);
    }
}

struct Place {
    std::int64_t picture = -1;
    std::string owner;
};

// The image parts that the template prints: all but those of a system message at the top, whose first text alone counts.
std::vector<Place> printedPlaces(std::span<const text::Message> messages) {
    std::vector<Place> places;
    for (std::size_t i = messages.empty() || messages[0].role != "system" ? 0 : 1; i < messages.size(); ++i) {
        const auto* parts = std::get_if<std::vector<ContentPart>>(&messages[i].content);
        if (parts == nullptr) continue;
        for (const ContentPart& part : *parts) {
            if (part.type == ContentPart::Type::Image) places.push_back({part.imageIndex, ownerName(i, messages[i])});
        }
    }
    return places;
}

std::int64_t markersIn(std::string_view text) {
    std::int64_t count = 0;
    for (std::size_t at = text.find(kMarker); at != std::string_view::npos; at = text.find(kMarker, at + kMarker.size()))
        ++count;
    return count;
}

std::string counted(std::int64_t count, const std::string& thing) {
    return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

// "message 1 (user) has 1, message 3 (user) has 2"
std::string placesByOwner(const PromptDraft& draft) {
    std::vector<std::pair<std::string, std::int64_t>> counts;
    for (const DraftPiece& piece : draft) {
        if (!piece.isPicture) continue;
        if (counts.empty() || counts.back().first != piece.owner) counts.emplace_back(piece.owner, 0);
        ++counts.back().second;
    }
    std::string list;
    for (const auto& [owner, count] : counts) list += (list.empty() ? "" : ", ") + owner + " has " + std::to_string(count);
    return list;
}

Error countMismatch(const PromptDraft& draft, std::int64_t places, std::int64_t pictures) {
    const std::string list = placesByOwner(draft);
    return {ErrorCode::InvalidData,
            counted(places, "image placeholder") + " but " + counted(pictures, "picture") + (list.empty() ? "" : ": " + list),
            ""};
}

// Where a person typed markers beside pictures of the same message, the markers say where the pictures stand: the image parts
// themselves, which only name the pictures, are then left out.
Result<std::vector<text::Message>> withTypedPlaces(std::span<const text::Message> messages, const DraftOptions& options) {
    std::vector<text::Message> placed(messages.begin(), messages.end());
    if (options.typed != SpecialTokens::Parse || options.pictures == 0) return placed;
    for (std::size_t i = 0; i < placed.size(); ++i) {
        auto* parts = std::get_if<std::vector<ContentPart>>(&placed[i].content);
        if (parts == nullptr) continue;
        std::int64_t typed = 0;
        for (const ContentPart& part : *parts) typed += part.type == ContentPart::Type::Text ? markersIn(part.text) : 0;
        const auto isPicture = [](const ContentPart& part) { return part.type == ContentPart::Type::Image; };
        const std::int64_t pictures = std::count_if(parts->begin(), parts->end(), isPicture);
        if (typed == 0 || pictures == 0) continue;
        if (typed != pictures) {
            return Error{ErrorCode::InvalidData,
                         counted(typed, "typed " + std::string(kMarker)) + " but " + counted(pictures, "picture") +
                             ": type one for each picture, or none",
                         ownerName(i, placed[i])};
        }
        std::erase_if(*parts, isPicture);
    }
    return placed;
}

// Whether the text itself begins with the <bos> that a prompt gets.
bool beginsWithBos(std::span<const text::Message> messages, const DraftOptions& options) {
    if (options.typed != SpecialTokens::Parse || messages.empty()) return false;
    if (const auto* string = std::get_if<std::string>(&messages[0].content)) return string->starts_with(text::kBos);
    const auto* parts = std::get_if<std::vector<ContentPart>>(&messages[0].content);
    return parts != nullptr && !parts->empty() && parts->front().type == ContentPart::Type::Text &&
           parts->front().text.starts_with(text::kBos);
}

}  // namespace

Result<PromptDraft> draftChat(std::span<const text::Message> given, text::AfterLastMessage after, const DraftOptions& options) {
    ASSIGN_OR_RETURN(const auto messages, withTypedPlaces(given, options));
    ASSIGN_OR_RETURN(const auto segments, text::renderChat(messages, after));
    const std::vector<Place> places = printedPlaces(messages);
    PromptDraft draft;
    std::size_t next = 0;
    for (const text::Segment& segment : segments) {
        if (segment.markup && segment.text == kMarker) {
            appendPicture(draft, places.at(next).picture, places.at(next).owner);
            ++next;
        } else if (segment.markup) {
            appendText(draft, true, segment.text);
        } else {
            appendTyped(draft, segment.text, options, "the typed text");
        }
    }
    return draft;
}

Result<PromptDraft> draftPlain(std::span<const text::Message> given, const DraftOptions& options) {
    ASSIGN_OR_RETURN(const auto messages, withTypedPlaces(given, options));
    PromptDraft draft;
    if (!beginsWithBos(messages, options)) appendText(draft, true, std::string(text::kBos));
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const std::string owner = ownerName(i, messages[i]);
        if (i > 0) appendText(draft, true, "\n");
        if (const auto* string = std::get_if<std::string>(&messages[i].content)) {
            appendTyped(draft, *string, options, owner);
        } else if (const auto* parts = std::get_if<std::vector<ContentPart>>(&messages[i].content)) {
            for (const ContentPart& part : *parts) {
                if (part.type == ContentPart::Type::Image) appendPicture(draft, part.imageIndex, owner);
                if (part.type == ContentPart::Type::Text) appendTyped(draft, part.text, options, owner);
            }
        } else {
            return Error{ErrorCode::InvalidData, "Invalid content type", owner};
        }
    }
    return draft;
}

PromptDraft draftRaw(std::string_view prompt, const DraftOptions& options) {
    const bool parse = options.typed == SpecialTokens::Parse;
    PromptDraft draft;
    if (!parse || !prompt.starts_with(text::kBos)) appendText(draft, true, std::string(text::kBos));
    const std::string markers = prompt.empty() ? rules::promptOfImages(options.pictures) : std::string();
    if (!markers.empty()) prompt = markers;
    if (options.pictures > 0) {
        appendWithMarkers(draft, parse, prompt, "the prompt");
    } else {
        appendText(draft, parse, std::string(prompt));
    }
    return draft;
}

Result<void> assignPictures(PromptDraft& draft, std::int64_t pictures) {
    std::int64_t places = 0;
    std::vector<bool> used(static_cast<std::size_t>(pictures), false);
    for (const DraftPiece& piece : draft) {
        if (!piece.isPicture) continue;
        ++places;
        if (piece.picture >= pictures) {
            return Error{
                ErrorCode::InvalidData,
                piece.owner + " refers to picture " + std::to_string(piece.picture + 1) + " of " + std::to_string(pictures),
                ""};
        }
        if (piece.picture >= 0) used[piece.picture] = true;
    }
    std::int64_t next = 0;
    for (DraftPiece& piece : draft) {
        if (!piece.isPicture || piece.picture >= 0) continue;
        while (next < pictures && used[next]) ++next;
        if (next == pictures) return countMismatch(draft, places, pictures);
        used[next] = true;
        piece.picture = next;
    }
    for (const bool isUsed : used) {
        if (!isUsed) return countMismatch(draft, places, pictures);
    }
    return {};
}

}  // namespace lapidary::processor
