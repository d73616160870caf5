// Answers to `thumbnail` and `preview` as an engine gives them, for FakeEngine.
#pragma once

#include <cstdint>
#include <string>

#include "tests/support/fake_engine.h"

namespace lapidary::test {

// Every picture has that size; the files that the answers name are not there.  Without `panAndScan` in a request the model cuts none.
void scriptPictures(FakeEngine& engine, std::int64_t width, std::int64_t height);
// The same with real files: `picture` is read, views are written into `folder`.
void scriptPicture(FakeEngine& engine, const std::string& picture, const std::string& folder);
// Pictures whose path holds `word` are refused as no pictures.
void refusePictures(FakeEngine& engine, const std::string& word, std::int64_t width, std::int64_t height);

}  // namespace lapidary::test
