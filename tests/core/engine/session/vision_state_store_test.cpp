// What a tower made of pictures, kept on disk: found again bit for bit, by whoever asks; never a reason to fail.
#include "core/engine/session/vision_state_store.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "core/engine/session/answer.h"
#include "core/engine/session/prompt.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::session {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> filesBelow(const fs::path& folder) {
    std::vector<fs::path> files;
    if (!fs::exists(folder)) return files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
}

class VisionStates : public ::testing::Test {
protected:
    VisionStates() { test::buildTinyVisionModel(m_temp.path() / "model"); }

    [[nodiscard]] fs::path cache() const { return m_temp.path() / "vision"; }
    [[nodiscard]] const test::TempDir& temp() const { return m_temp; }

    [[nodiscard]] std::shared_ptr<const Model> load(const std::string& visionCache, const std::string& quantize = "") const {
        ModelRequest request;
        request.model = (m_temp.path() / "model").string();
        request.threads = 1;
        request.visionCache = visionCache;
        request.quantize = quantize;
        auto loaded = Model::load(request);
        if (!loaded) throw std::runtime_error(loaded.error().toString());
        return *loaded;
    }

    struct Seen {
        std::vector<float> logits;
        std::int64_t reusedViews = 0;
        std::vector<ViewTime> times;
        std::vector<std::string> hashes;  // of all views of the prompt
    };
    // One prompt about two pictures, from nothing.
    [[nodiscard]] Seen look(const std::shared_ptr<const Model>& model) const {
        processor::Conversation conversation;
        std::vector<text::ContentPart> parts;
        for (const int variant : {3, 8}) {
            const fs::path path = m_temp.path() / (std::to_string(variant) + ".png");
            test::writePicture(path, variant);
            parts.push_back({text::ContentPart::Type::Image, "", std::ssize(conversation.images)});
            conversation.images.push_back({image::ImageSource::Kind::Path, path.string()});
        }
        parts.push_back({text::ContentPart::Type::Text, "What colour?", -1});
        conversation.messages.push_back({"user", std::move(parts)});
        const auto prompt = buildPrompt(model->opened(), conversation, {});
        if (!prompt) throw std::runtime_error(prompt.error().toString());
        Sequence sequence(model);
        ImageFeatureMemory memory;
        const auto prefill = sequence.prefill(*prompt, memory, {}, {});
        if (!prefill) throw std::runtime_error(prefill.error().toString());
        Seen seen{{prefill->logits.begin(), prefill->logits.end()}, prefill->reusedViews, prefill->viewTimes, {}};
        for (const ViewTime& time : seen.times) EXPECT_GT(time.seconds, 0.0);
        for (const image::View& view : prompt->views) seen.hashes.push_back(view.sha256);
        return seen;
    }

private:
    test::TempDir m_temp;
};

TEST_F(VisionStates, AreReusedByTheNextProcessBitForBit) {
    const Seen plain = look(load("off"));
    EXPECT_EQ(plain.reusedViews, 0);
    EXPECT_FALSE(fs::exists(cache()));
    const Seen cold = look(load(cache().string()));
    EXPECT_EQ(cold.reusedViews, 0);
    EXPECT_EQ(filesBelow(cache()).size(), 2U);
    const Seen warm = look(load(cache().string()));
    EXPECT_EQ(warm.reusedViews, 2);
    // Each view that passed the tower has a time of its own; one that did not has none.
    ASSERT_EQ(cold.times.size(), 2U);
    EXPECT_EQ((std::vector<std::string>{cold.times[0].sha256, cold.times[1].sha256}), cold.hashes);
    EXPECT_TRUE(warm.times.empty());
    EXPECT_EQ(cold.logits, plain.logits);
    EXPECT_EQ(warm.logits, plain.logits);
}

TEST_F(VisionStates, OtherArithmeticHasOtherStates) {
    (void)look(load(cache().string()));
    const Seen quantised = look(load(cache().string(), "q8_0"));
    EXPECT_EQ(quantised.reusedViews, 0) << "its tower is another";
    EXPECT_EQ(quantised.logits, look(load("off", "q8_0")).logits);
    EXPECT_EQ(look(load(cache().string(), "q8_0")).reusedViews, 2);
}

TEST_F(VisionStates, AFolderThatCannotBeUsedFailsNoAnswer) {
    const std::vector<float> expected = look(load("off")).logits;
    std::ofstream(cache()) << "a file in its place";
    EXPECT_EQ(look(load(cache().string())).logits, expected);
    EXPECT_EQ(look(load("/proc/no such place")).logits, expected);
    fs::remove(cache());
    (void)look(load(cache().string()));
    for (const fs::path& file : filesBelow(cache())) std::ofstream(file) << "not safetensors";
    const Seen damaged = look(load(cache().string()));
    EXPECT_EQ(damaged.reusedViews, 0);
    EXPECT_EQ(damaged.logits, expected);
    EXPECT_EQ(look(load(cache().string())).reusedViews, 2) << "written again";
    // Whole files of another shape, as another program might leave them.
    const auto model = load(cache().string());
    VisionStateStore store(cache(), *towerHash(model->network(), model->opened()));
    for (const fs::path& file : filesBelow(cache())) ASSERT_TRUE(store.put(file.stem().string(), at::full({4, 4}, 1.0)));
    const Seen other = look(load(cache().string()));
    EXPECT_EQ(other.reusedViews, 0);
    EXPECT_EQ(other.logits, expected);
}

TEST_F(VisionStates, TextModelsAndPromptsWithoutPicturesOpenNothing) {
    const auto model = load(cache().string());
    Sequence sequence(model);
    ImageFeatureMemory memory;
    processor::ProcessedPrompt prompt;
    prompt.ids = {2, 40, 41};
    ASSERT_TRUE(sequence.prefill(prompt, memory, {}, {}));
    EXPECT_FALSE(fs::exists(cache()));
    test::buildTinyTextModel(temp().path() / "text");
    ModelRequest request;
    request.model = (temp().path() / "text").string();
    request.threads = 1;
    request.visionCache = cache().string();
    EXPECT_EQ((*Model::load(request))->visionStates({}), nullptr);
}

TEST(VisionStateStore, TheLongestUnusedGoFirstAndAlsoInAFolderOfOtherProcesses) {
    const test::TempDir temp;
    const at::Tensor states = at::full({8, 32}, 0.5);  // 1 KiB, and a header
    const auto kept = [&](const char* view) {
        return fs::exists(temp.path() / "tower" / (std::string(view) + ".safetensors"));
    };
    for (const char* view : {"a", "b", "c", "d"}) {
        VisionStateStore store(temp.path(), "tower");  // a process each
        ASSERT_TRUE(store.put(view, states));
        const auto old = fs::file_time_type::clock::now() - std::chrono::hours(10 - (view[0] - 'a'));
        fs::last_write_time(temp.path() / "tower" / (std::string(view) + ".safetensors"), old);
    }
    VisionStateStore small(temp.path(), "tower", 4 * 1024);
    EXPECT_TRUE(small.find("a").has_value());  // used just now
    ASSERT_TRUE(small.put("e", states));
    EXPECT_TRUE(kept("a") && kept("e"));
    EXPECT_FALSE(kept("b"));
    EXPECT_FALSE(kept("c"));
    const auto found = small.find("e");
    ASSERT_TRUE(found.has_value());
    EXPECT_TRUE(found->equal(states));
}

TEST(VisionStateStore, WhereItLiesIsChosen) {
    const test::TempDir home;
    ::setenv("LAPIDARY_HOME", home.path().c_str(), 1);
    const fs::path folder = home.path() / "cache" / "vision";
    EXPECT_EQ(VisionStateStore::chosenFolder("off"), "");
    EXPECT_EQ(VisionStateStore::chosenFolder("auto"), "") << "no run has made it yet";
    EXPECT_EQ(VisionStateStore::chosenFolder("on"), folder);
    fs::create_directories(folder);
    EXPECT_EQ(VisionStateStore::chosenFolder("auto"), folder);
    EXPECT_EQ(VisionStateStore::chosenFolder("/elsewhere"), "/elsewhere");
    ::unsetenv("LAPIDARY_HOME");
}

}  // namespace
}  // namespace lapidary::session
