#include "gui/chat/preview_view_model.h"

#include <gtest/gtest.h>

#include <QTest>
#include <limits>

#include "core/shared/rules/pan_and_scan.h"
#include "gui/chat/tile_roles.h"
#include "tests/gui/support/picture_script.h"

namespace lapidary::gui {
namespace {

using Mode = PictureViews::Mode;
using State = PictureInspection::State;
using protocol::CancelRequest;
using protocol::PreviewRequest;
using protocol::ThumbnailRequest;
using rules::CropBox;

constexpr std::int64_t kWidth = 1600;
constexpr std::int64_t kHeight = 600;

class PreviewViewModelTest : public testing::Test {
protected:
    PreviewViewModelTest() { test::scriptPictures(engine, kWidth, kHeight); }

    void add(const QString& path) {
        composer.addFiles({path});
        engine.settle();
    }
    // The request is sent a moment after the last change: however long the machine takes for it.
    [[nodiscard]] bool isAskedAgain(std::size_t times) {
        return QTest::qWaitFor([&] { return engine.requestsOf<PreviewRequest>().size() >= times; }, 20'000);
    }
    void settleAfterChange() {
        const std::size_t before = engine.requestsOf<PreviewRequest>().size();
        ASSERT_TRUE(isAskedAgain(before + 1));
        engine.settle();
    }

    test::FakeEngine engine;
    ComposerModel composer{engine};
    PreviewViewModel preview{engine, composer};
};

TEST_F(PreviewViewModelTest, ShowsWhatTheEngineMade) {
    EXPECT_FALSE(preview.hasPicture());
    add("/a.png");
    EXPECT_EQ(preview.state(), State::Ready);
    EXPECT_EQ(preview.mode(), Mode::Model);
    EXPECT_EQ(preview.width(), kWidth);
    ASSERT_EQ(preview.views().rowCount(), 1);
    EXPECT_EQ(preview.views().index(0).data(TileImage).toString(), "/run/view-0-0-1600-600.png");
    EXPECT_EQ(preview.tokens(), 256);
    EXPECT_EQ(preview.original(), "/a.png.1536.png");
    EXPECT_TRUE(preview.title().contains("Picture 1 of 1: a.png"));
}

TEST_F(PreviewViewModelTest, PanAndScanIsTheRulesOwn) {
    add("/a.png");
    preview.setMode(Mode::On);
    // The rectangles are there at once, the engine's views follow.
    EXPECT_EQ(preview.crops(), rules::panAndScanCrops(kWidth, kHeight));
    EXPECT_EQ(preview.state(), State::Loading);
    settleAfterChange();
    EXPECT_EQ(preview.state(), State::Ready);
    EXPECT_EQ(preview.views().rowCount(), 4);
    EXPECT_EQ(preview.tokens(), 4 * 256);
    EXPECT_FALSE(preview.departs());
    const auto asked = engine.requestsOf<PreviewRequest>().back().second;
    EXPECT_EQ(asked.views.panAndScan, true);
    EXPECT_EQ(asked.views.panAndScanMinCropSize, 256);
    EXPECT_EQ(composer.parts()[0].picture->seen.size(), 4u);
}

TEST_F(PreviewViewModelTest, ManyChangesAreOneRequest) {
    add("/a.png");
    preview.setMode(Mode::On);
    EXPECT_TRUE(preview.setParameters({256, 3, 1.2}).isEmpty());
    EXPECT_TRUE(preview.setParameters({256, 2, 1.2}).isEmpty());
    settleAfterChange();
    const auto asked = engine.requestsOf<PreviewRequest>();
    ASSERT_EQ(asked.size(), 2u);
    EXPECT_EQ(asked[1].second.views.panAndScanMaxNumCrops, 2);
    EXPECT_EQ(preview.views().rowCount(), 3);
}

TEST_F(PreviewViewModelTest, ANewerRequestTakesTheOldOnesPlace) {
    add("/a.png");
    engine.always<PreviewRequest>(test::FakeEngine::Events());  // one that takes long
    preview.setMode(Mode::On);
    ASSERT_TRUE(isAskedAgain(2));
    const std::int64_t old = engine.requestsOf<PreviewRequest>().back().first;
    test::scriptPictures(engine, kWidth, kHeight);
    preview.setMode(Mode::Off);
    EXPECT_EQ(engine.requestsOf<CancelRequest>().back().second.target, old);
    settleAfterChange();
    EXPECT_EQ(preview.state(), State::Ready);
    EXPECT_EQ(preview.views().rowCount(), 1);
    EXPECT_TRUE(preview.crops().empty());
}

TEST_F(PreviewViewModelTest, ParametersOutOfRangeAreRefusedInASentence) {
    add("/a.png");
    preview.setMode(Mode::On);
    EXPECT_FALSE(preview.setParameters({0, 4, 1.2}).isEmpty());
    EXPECT_FALSE(preview.setParameters({256, 0, 1.2}).isEmpty());
    EXPECT_FALSE(preview.setParameters({256, 1025, 1.2}).isEmpty());
    EXPECT_FALSE(preview.setParameters({256, 4, -1.0}).isEmpty());
    EXPECT_FALSE(preview.setParameters({256, 4, std::numeric_limits<double>::quiet_NaN()}).isEmpty());
    EXPECT_EQ(preview.parameters(), rules::PanAndScanSettings());
}

TEST_F(PreviewViewModelTest, OwnCropsDepartAndComeBack) {
    add("/a.png");
    preview.setMode(Mode::On);
    settleAfterChange();
    auto crops = preview.crops();
    const auto reference = crops;
    crops[1].left += 3;
    preview.editCrops(crops);
    EXPECT_EQ(preview.mode(), Mode::Own);
    EXPECT_EQ(preview.crops(), crops);
    EXPECT_TRUE(preview.departs());
    settleAfterChange();
    EXPECT_EQ(engine.requestsOf<PreviewRequest>().back().second.views.crops->front(), crops);
    // The same crops by hand are what the reference sees.
    preview.editCrops(reference);
    EXPECT_FALSE(preview.departs());
    preview.editCrops(crops);
    preview.backToReference();
    EXPECT_EQ(preview.mode(), Mode::On);
    EXPECT_EQ(preview.crops(), reference);
    EXPECT_FALSE(preview.departs());
}

TEST_F(PreviewViewModelTest, CropsAreAddedAndRemoved) {
    add("/a.png");
    EXPECT_EQ(preview.addCrop(), 0);
    EXPECT_EQ(preview.addCrop(), 1);
    EXPECT_EQ(preview.crops().size(), 2u);
    preview.removeCrop(0);
    preview.removeCrop(5);
    ASSERT_EQ(preview.crops().size(), 1u);
    EXPECT_EQ(preview.mode(), Mode::Own);
    preview.backToReference();
    EXPECT_EQ(preview.mode(), Mode::Model);
    for (int i = 0; i < 70; ++i) preview.addCrop();
    EXPECT_EQ(preview.crops().size(), 64u);
}

TEST_F(PreviewViewModelTest, EveryPictureHasItsOwnChoiceAndTheSumCountsAll) {
    add("/a.png");
    add("/b.png");
    EXPECT_TRUE(preview.title().contains("b.png"));
    preview.setMode(Mode::On);
    EXPECT_FALSE(preview.totalTokens().has_value());
    settleAfterChange();
    EXPECT_EQ(preview.totalTokens(), 5 * 256);
    EXPECT_TRUE(preview.sums().contains("1,024")) << preview.sums().toStdString();
    EXPECT_TRUE(preview.sums().contains("1,280")) << preview.sums().toStdString();
    preview.select(composer.pictures().order()[0]);
    EXPECT_EQ(preview.mode(), Mode::Model);
    EXPECT_EQ(preview.tokens(), 256);
}

TEST_F(PreviewViewModelTest, TimesAreMeasuredOrBlank) {
    add("/a.png");
    EXPECT_EQ(preview.views().index(0).data(TileLines).toStringList().at(2), "");
    EXPECT_FALSE(preview.sums().contains("ms"));
    preview.setMillisecondsPerView(812.4);
    EXPECT_EQ(preview.views().index(0).data(TileLines).toStringList().at(2), "812 ms");
    EXPECT_TRUE(preview.sums().contains("812 ms"));
    preview.setMillisecondsPerView(0.0);
    EXPECT_FALSE(preview.sums().contains("ms"));
}

TEST_F(PreviewViewModelTest, SelectionFollowsWhatIsThere) {
    add("/a.png");
    add("/b.png");
    const int second = preview.picture();
    composer.removePicture(second);
    EXPECT_EQ(preview.picture(), composer.pictures().order()[0]);
    composer.undo();
    EXPECT_EQ(composer.pictures().rowCount(), 2);
    composer.setParts({});
    EXPECT_FALSE(preview.hasPicture());
    EXPECT_EQ(preview.views().rowCount(), 0);
    EXPECT_TRUE(preview.sums().isEmpty());
}

TEST_F(PreviewViewModelTest, AnotherModelMayCutInAnotherWay) {
    add("/a.png");
    const std::size_t before = engine.requestsOf<PreviewRequest>().size();
    engine.answer<protocol::LoadRequest>({protocol::LoadedEvent(), protocol::DoneEvent()});
    engine.send(protocol::LoadRequest());
    engine.settle();
    EXPECT_EQ(engine.requestsOf<PreviewRequest>().size(), before + 1);
    EXPECT_EQ(preview.state(), State::Ready);
}

TEST_F(PreviewViewModelTest, AnotherEngineWritesTheOriginalAgain) {
    add("/a.png");
    engine.die();
    engine.become(EngineState::Ready);
    engine.settle();
    EXPECT_EQ(preview.original(), "/a.png.1536.png");
    EXPECT_EQ(preview.state(), State::Ready);
}

TEST_F(PreviewViewModelTest, AFailedPictureSaysWhy) {
    test::refusePictures(engine, "bad", kWidth, kHeight);
    add("/bad.png");
    EXPECT_EQ(preview.state(), State::Failed);
    EXPECT_FALSE(preview.error().isEmpty());
    EXPECT_EQ(preview.details(), "this is an SVG drawing");
    EXPECT_FALSE(preview.canEdit());
    EXPECT_EQ(preview.addCrop(), -1);
}

}  // namespace
}  // namespace lapidary::gui
