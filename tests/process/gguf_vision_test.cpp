// A text GGUF and its mmproj, as people download them: the embedding has 262144 rows, the soft token of pictures is 262144.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/process/child_process.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::test {
namespace {

std::int64_t promptTokens(const Finished& run) { return nlohmann::json::parse(run.out)["prompt_tokens"]; }

TEST(GgufVision, APictureIsSeenThroughATrimmedVocabulary) {
    const TempDir folder;
    config::Gemma3Config config = tinyVisionConfig();
    config.text.vocabSize = 262144;
    config.boiTokenIndex = 255999;
    config.eoiTokenIndex = 256000;
    config.imageTokenIndex = 262144;
    const std::string model = folder.path() / "model.gguf";
    const std::string mmproj = folder.path() / "mmproj.gguf";
    writeTextGguf(model, config);
    writeMmprojGguf(mmproj, config);
    std::vector<std::string> words{"generate", "--model", model, "--mmproj", mmproj,  "--raw",
                                   "--prompt", "t300",    "-n",  "3",        "--json"};
    const std::string picture = folder.path() / "picture.png";
    writePicture(picture);
    const Finished text = runLapidary(words);
    ASSERT_EQ(text.code, 0) << text.err;
    words.insert(words.end(), {"--image", picture});
    const Finished seen = runLapidary(words);
    ASSERT_EQ(seen.code, 0) << seen.err;
    // The markers and four soft tokens more than the text alone.
    EXPECT_GE(promptTokens(seen), promptTokens(text) + 6);
}

}  // namespace
}  // namespace lapidary::test
