// Right answers counted: as wholes, by kind, the same for any batch size.
#include "core/engine/train/answer_score.h"

#include <ATen/ops/empty.h>

#include <gtest/gtest.h>

#include <algorithm>

#include "core/data/scenes/initial_model.h"
#include "core/data/scenes/scene_files.h"
#include "tests/support/temp_dir.h"

namespace lapidary::train {
namespace {

at::Tensor ids(const std::vector<std::int64_t>& values) {
    at::Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, at::TensorOptions(at::kLong));
    std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<std::int64_t>());
    return tensor;
}

TEST(TallyOf, AnAnswerIsRightAsAWhole) {
    MicroBatch batch;
    batch.targets = ids({1, 2, 3, 4, 5, 6, 7});
    batch.groups = {{"a", 2}, {"b", 2}, {"a", 0}, {"a", 3}};
    const AnswerPrediction found{{}, ids({1, 2, 9, 4, 5, 6, 7}), 3.5};
    const Tally tally = tallyOf(found, batch);
    EXPECT_EQ(tally.targets, 7);
    EXPECT_EQ(tally.lossSum, 3.5);
    EXPECT_EQ(tally.kinds.at("a").asked, 2) << "nothing was asked of the empty one";
    EXPECT_EQ(tally.kinds.at("a").right, 2);
    EXPECT_EQ(tally.kinds.at("b").asked, 1);
    EXPECT_EQ(tally.kinds.at("b").right, 0) << "its last token alone was right";
    EXPECT_DOUBLE_EQ(tally.accuracy(), 2.0 / 3.0);
}

class AnswerScore : public ::testing::Test {
protected:
    void SetUp() override {
        const auto written = scenes::writeInitialModel(m_folder.path() / "model", 1);
        ASSERT_TRUE(written) << written.error().toString();
        session::ModelRequest request;
        request.model = m_folder.path() / "model";
        request.threads = 1;
        auto model = session::Model::load(request);
        ASSERT_TRUE(model) << model.error().toString();
        m_model = *model;
    }

    test::TempDir m_folder;
    std::shared_ptr<const session::Model> m_model;
};

TEST_F(AnswerScore, BatchesAreRowsAlone) {
    scenes::SceneFilesOptions options{scenes::Split::Test, 5, 11};
    const auto files = scenes::writeSceneFiles(m_folder.path() / "set", options);
    ASSERT_TRUE(files) << files.error().toString();
    std::int64_t last = 0;
    ScoringSettings settings;
    settings.samplesAtOnce = 4;
    settings.onProgress = [&](std::int64_t done, std::int64_t total) {
        EXPECT_EQ(total, 11);
        EXPECT_EQ(done, std::min<std::int64_t>(last + 4, 11));
        last = done;
    };
    const auto together = scoreRows(*m_model, files->list.string(), settings);
    ASSERT_TRUE(together) << together.error().toString();
    EXPECT_EQ(last, 11);
    const auto alone = scoreRows(*m_model, files->list.string(), {.samplesAtOnce = 1, .onProgress = {}});
    ASSERT_TRUE(alone) << alone.error().toString();
    EXPECT_EQ(together->kinds.at("").asked, 11);
    EXPECT_EQ(together->targets, alone->targets);
    // Sums of some forty losses of about 7; a batch pads and so sums in another order.
    EXPECT_NEAR(together->lossSum, alone->lossSum, 1e-4 * alone->lossSum);
    EXPECT_EQ(scoreRows(*m_model, "none.jsonl", {}).error().code, ErrorCode::NotFound);
}

TEST_F(AnswerScore, ScenesAreAskedThreeTimes) {
    std::int64_t last = 0, all = 0;
    ScoringSettings settings;
    settings.onProgress = [&](std::int64_t done, std::int64_t total) {
        EXPECT_GT(done, last);
        last = done;
        all = total;
    };
    const auto scores = scoreScenes(*m_model, {scenes::Split::Test, 4, 15}, settings);
    ASSERT_TRUE(scores) << scores.error().toString();
    EXPECT_EQ(last, all);
    EXPECT_EQ(all % 3, 0);
    for (const scenes::Scorer* way : {&scores->panAndScan, &scores->wholeOnly, &scores->blank}) EXPECT_EQ(way->asked(), 15);
    EXPECT_LT(scores->panAndScan.accuracy(), 0.5) << "nothing was learnt";
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(scoreScenes(*m_model, {scenes::Split::Test, 4, 15}, {}, stop.get_token()).error().code, ErrorCode::Cancelled);
}

}  // namespace
}  // namespace lapidary::train
