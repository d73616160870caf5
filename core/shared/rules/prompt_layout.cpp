#include "core/shared/rules/prompt_layout.h"

namespace lapidary::rules {
namespace {

using Kind = LayoutPiece::Kind;

// Joins adjacent texts, so that a caller never tokenises one run of text in two parts.
void addText(std::vector<LayoutPiece>& pieces, std::string_view text) {
    if (!pieces.empty() && pieces.back().kind == Kind::Text)
        pieces.back().text += text;
    else
        pieces.push_back({Kind::Text, std::string(text), 0});
}

void addView(std::vector<LayoutPiece>& pieces, std::int64_t tokens) {
    addText(pieces, "\n\n");
    pieces.push_back({Kind::Markup, std::string(kStartOfImage), 0});
    pieces.push_back({Kind::SoftTokens, "", tokens});
    pieces.push_back({Kind::Markup, std::string(kEndOfImage), 0});
    addText(pieces, "\n\n");
}

}  // namespace

std::vector<LayoutPiece> imageLayout(std::int64_t numCrops, std::int64_t tokensPerImage) {
    std::vector<LayoutPiece> pieces;
    if (numCrops > 0) addText(pieces, "Here is the original image ");
    addView(pieces, tokensPerImage);
    for (std::int64_t crop = 0; crop < numCrops; ++crop) {
        addText(pieces, crop == 0 ? " and here are some crops to help you see better " : " ");
        addView(pieces, tokensPerImage);
    }
    return pieces;
}

std::string layoutText(std::span<const LayoutPiece> pieces) {
    std::string text;
    for (const LayoutPiece& piece : pieces) {
        text += piece.text;
        for (std::int64_t i = 0; i < piece.softTokens; ++i) text += kImageSoftToken;
    }
    return text;
}

Result<std::string> expandPrompt(std::string_view prompt, std::span<const std::int64_t> numCrops, std::int64_t tokensPerImage) {
    std::size_t markers = 0;
    for (std::size_t at = prompt.find(kStartOfImage); at != std::string_view::npos; at = prompt.find(kStartOfImage, at + 1)) {
        ++markers;
    }
    if (markers != numCrops.size()) {
        return Error{ErrorCode::InvalidData,
                     "Prompt contained " + std::to_string(markers) + " image tokens but received " +
                         std::to_string(numCrops.size()) + " images.",
                     ""};
    }
    std::string expanded;
    for (const std::int64_t crops : numCrops) {
        const std::size_t at = prompt.find(kStartOfImage);
        expanded += prompt.substr(0, at);
        expanded += layoutText(imageLayout(crops, tokensPerImage));
        prompt.remove_prefix(at + kStartOfImage.size());
    }
    return expanded.append(prompt);
}

std::string promptOfImages(std::int64_t images) {
    std::string prompt;
    for (std::int64_t i = 0; i < images; ++i) {
        if (i > 0) prompt += ' ';
        prompt += kStartOfImage;
    }
    return prompt;
}

}  // namespace lapidary::rules
