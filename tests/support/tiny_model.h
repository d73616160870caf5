// Whole checkpoints that answer: tiny random weights, a real tokenizer cut small, Gemma's chat template.
// Link lapidary::test_tiny_model.
#pragma once

#include <filesystem>

namespace lapidary::test {

enum class ChatTemplate { Present, Absent };

// The vision-language model of tests/golden/attention: hidden 48, 6 layers, window 6, pictures of 84 x 84, 9 tokens a view,
// 4096 positions, end tokens 1 and 7, greedy by default.
void buildTinyVisionModel(const std::filesystem::path& folder, ChatTemplate chatTemplate = ChatTemplate::Present);

// A text-only model of the same vocabulary (seeded random weights, 5 local + 1 global layer, window 8).
void buildTinyTextModel(const std::filesystem::path& folder, ChatTemplate chatTemplate = ChatTemplate::Present);

// A picture of its own, 60 x 40 with a red and a blue half, as PNG bytes are written to `path`; `variant` changes a pixel.
void writePicture(const std::filesystem::path& path, int variant = 0);

}  // namespace lapidary::test
