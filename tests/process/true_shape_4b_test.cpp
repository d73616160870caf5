// A model of the size that people use, with random weights (tests/support/true_shape.cpp): minutes, and 3 GB in the temporary folder.
// Times are printed, never judged.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/process/engine_client.h"
#include "tests/support/places.h"
#include "tests/support/temp_dir.h"

namespace lapidary::test {
namespace {

using nlohmann::json;
using std::chrono::minutes;

class TrueShape4B : public ::testing::Test {
protected:
    // 4B in Q4_0, 2.2 GB, and its tower in F16 beside it.
    void SetUp() override {
        const std::string writer = buildPath("tests/support/true_shape");
        ASSERT_EQ(std::system(("'" + writer + "' 4b q4_0 '" + m_model + "'").c_str()), 0);
        ASSERT_GT(std::filesystem::file_size(m_model), 2'000'000'000U);
    }

    TempDir m_folder;
    std::string m_model = m_folder.path() / "model.gguf";
};

TEST_F(TrueShape4B, RunsAt4096TokensInUnder4Gb) {
    {
        EngineClient engine;
        const auto events = engine.request({{"id", 1}, {"type", "load"}, {"model", m_model}, {"context", 4096}});
        ASSERT_EQ(events.back()["type"], "done") << events.back();
        const std::int64_t anonymous = engine.child().residentAnonymousBytes();
        std::cout << "private after opening: " << anonymous / 1000000 << " MB\n";
        EXPECT_LE(anonymous, 300'000'000);
    }
    ChildProcess child({"bench", "--model", m_model, "--context", "4096", "--prompt-tokens", "4088", "--max-new-tokens", "8",
                        "--rounds", "1", "--json"});
    child.closeInput();
    const Finished run = child.wait(minutes(50));
    ASSERT_EQ(run.code, 0) << run.err;
    const json document = json::parse(run.out);
    std::cout << document.dump(1) << "\npeak resident: " << run.peakResidentBytes / 1000000 << " MB\n";
    EXPECT_EQ(document["prefill"]["tokens"], 4088);
    EXPECT_LT(run.peakResidentBytes, 4'000'000'000);
}

TEST_F(TrueShape4B, LooksAtAPictureInUnder4Gb) {
    ChildProcess child({"bench", "--model", m_model, "--mmproj", m_folder.path() / "mmproj-model.gguf", "--context", "512",
                        "--prompt-tokens", "32", "--max-new-tokens", "1", "--rounds", "1", "--json"});
    child.closeInput();
    const Finished run = child.wait(minutes(20));
    ASSERT_EQ(run.code, 0) << run.err;
    std::cout << json::parse(run.out).dump(1) << "\npeak resident: " << run.peakResidentBytes / 1000000 << " MB\n";
    EXPECT_LT(run.peakResidentBytes, 4'000'000'000);
}

}  // namespace
}  // namespace lapidary::test
