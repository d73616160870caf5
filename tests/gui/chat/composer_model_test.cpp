#include "gui/chat/composer_model.h"

#include <gtest/gtest.h>

#include <QSignalSpy>

#include "gui/chat/tile_roles.h"
#include "tests/gui/support/picture_script.h"

namespace lapidary::gui {
namespace {

using protocol::PreviewRequest;
using protocol::ThumbnailRequest;
using test::FakeEngine;

class ComposerModelTest : public testing::Test {
protected:
    ComposerModelTest() { test::refusePictures(engine, "bad", 640, 480); }

    [[nodiscard]] int id(int row) const { return composer.pictures().order().at(static_cast<std::size_t>(row)); }
    [[nodiscard]] PictureInspection::State stateOf(int row) const { return composer.pictures().inspection(id(row))->state; }

    FakeEngine engine;
    ComposerModel composer{engine};
    QSignalSpy submitted{&composer, &ComposerModel::submitted};
};

using State = PictureInspection::State;

TEST_F(ComposerModelTest, AsksTheEngineForThumbnailAndViews) {
    composer.addFiles({"/home/me/cat.png"});
    EXPECT_EQ(stateOf(0), State::Loading);
    engine.settle();
    EXPECT_EQ(stateOf(0), State::Ready);
    ASSERT_EQ(engine.requestsOf<ThumbnailRequest>().size(), 1u);
    EXPECT_EQ(engine.requestsOf<ThumbnailRequest>()[0].second.path, "/home/me/cat.png");
    ASSERT_EQ(engine.requestsOf<PreviewRequest>().size(), 1u);
    const QModelIndex row = composer.pictures().index(0);
    EXPECT_EQ(row.data(TileImage).toString(), "/home/me/cat.png.png");
    EXPECT_EQ(row.data(Qt::DisplayRole).toString(), "cat.png");
    EXPECT_EQ(row.data(TileAspect).toSizeF(), QSizeF(640, 480));
    EXPECT_TRUE(row.data(Qt::AccessibleTextRole).toString().contains("Picture 1 of 1: cat.png."));
}

TEST_F(ComposerModelTest, PartsStandAsTheyWerePut) {
    composer.document().insert(0, {{"before after", 0}});
    composer.addFiles({"/a.png", "/b.png"}, 7);
    engine.settle();
    const auto parts = composer.parts();
    ASSERT_EQ(parts.size(), 4u);
    EXPECT_EQ(parts[0].text, "before ");
    EXPECT_EQ(parts[1].picture->path, "/a.png");
    EXPECT_EQ(parts[2].picture->path, "/b.png");
    EXPECT_EQ(parts[3].text, "after");
    // What the model will see goes with the message.
    EXPECT_EQ(parts[1].picture->width, 640);
    ASSERT_EQ(parts[1].picture->seen.size(), 1u);
    EXPECT_TRUE(parts[1].picture->seen[0].whole);
    EXPECT_EQ(parts[1].picture->seen[0].box, (rules::CropBox{0, 0, 640, 480}));
}

TEST_F(ComposerModelTest, Fault20_APictureThatFailsBlocksNothingElse) {
    composer.addFiles({"/good.png", "/bad.png"});
    composer.document().insert(-1, {{"What is it?", 0}});
    engine.settle();
    EXPECT_EQ(stateOf(0), State::Ready);
    EXPECT_EQ(stateOf(1), State::Failed);
    EXPECT_EQ(composer.pictures().inspection(id(1))->details, "this is an SVG drawing");
    composer.submit();
    EXPECT_EQ(submitted.count(), 0);
    EXPECT_TRUE(composer.notice().contains("bad.png")) << composer.notice().toStdString();
    EXPECT_TRUE(composer.canRemoveFailed());
    composer.removeFailed();
    EXPECT_TRUE(composer.notice().isEmpty());
    composer.submit();
    EXPECT_EQ(submitted.count(), 1);
    EXPECT_EQ(composer.take().size(), 2u);
}

TEST_F(ComposerModelTest, AFailureIsTriedAgainAndItsNoticeGoes) {
    engine.answer<ThumbnailRequest>({protocol::ErrorEvent{"io", "the share is gone", {}}});
    composer.addFiles({"/good.png"});
    engine.settle();
    EXPECT_EQ(stateOf(0), State::Failed);
    composer.submit();
    EXPECT_FALSE(composer.notice().isEmpty());
    composer.retry(id(0));
    EXPECT_EQ(stateOf(0), State::Loading);
    engine.settle();
    EXPECT_EQ(stateOf(0), State::Ready);
    EXPECT_TRUE(composer.notice().isEmpty());
}

TEST_F(ComposerModelTest, AnEmptyMessageIsNotSent) {
    composer.document().insert(0, {{"  \n ", 0}});
    composer.submit();
    EXPECT_EQ(submitted.count(), 0);
    EXPECT_FALSE(composer.notice().isEmpty());
}

TEST_F(ComposerModelTest, WaitsForItsPictures) {
    engine.deliverByHand();
    composer.addFiles({"/a.png"});
    composer.submit();
    EXPECT_TRUE(composer.isWaiting());
    engine.step(4);
    EXPECT_EQ(submitted.count(), 1);
    EXPECT_FALSE(composer.isWaiting());
    EXPECT_TRUE(composer.notice().isEmpty());
}

TEST_F(ComposerModelTest, WhatIsEditedWhileItWaitsStays) {
    engine.deliverByHand();
    composer.addFiles({"/a.png"});
    composer.submit();
    composer.document().insert(-1, {{"and", 0}});
    engine.step(4);
    EXPECT_EQ(submitted.count(), 0);
    composer.submit();
    EXPECT_EQ(submitted.count(), 1);
}

TEST_F(ComposerModelTest, APictureThatFailsWhileItWaitsRefuses) {
    engine.deliverByHand();
    composer.addFiles({"/bad.png"});
    composer.submit();
    engine.step(2);
    EXPECT_EQ(submitted.count(), 0);
    EXPECT_FALSE(composer.isWaiting());
    EXPECT_TRUE(composer.notice().contains("bad.png"));
}

TEST_F(ComposerModelTest, Fault22_AnAddressIsTheEnginesToRead) {
    composer.addAddress(" http://127.0.0.1/bad.png ");
    composer.addAddress("https://example.org/cat.png");
    engine.settle();
    EXPECT_EQ(engine.requestsOf<ThumbnailRequest>().size(), 0u);
    const auto previews = engine.requestsOf<PreviewRequest>();
    ASSERT_EQ(previews.size(), 2u);
    EXPECT_EQ(previews[0].second.url, "http://127.0.0.1/bad.png");
    EXPECT_TRUE(previews[0].second.path.empty());
    EXPECT_EQ(stateOf(0), State::Failed);
    EXPECT_EQ(stateOf(1), State::Ready);
    EXPECT_EQ(composer.pictures().index(1).data(TileImage).toString(), "/run/view-0-0-640-480.png");
    EXPECT_EQ(composer.parts()[1].picture->url, "https://example.org/cat.png");
}

TEST_F(ComposerModelTest, RemovedPicturesComeBackByUndo) {
    composer.addFiles({"/a.png", "/b.png"});
    engine.settle();
    composer.removePicture(id(0));
    EXPECT_EQ(composer.pictures().rowCount(), 1);
    composer.undo();
    ASSERT_EQ(composer.pictures().rowCount(), 2);
    EXPECT_EQ(stateOf(0), State::Ready);
    composer.movePicture(id(0), 1);
    EXPECT_EQ(composer.parts()[0].picture->path, "/b.png");
    composer.undo();
    EXPECT_EQ(composer.parts()[0].picture->path, "/a.png");
}

TEST_F(ComposerModelTest, APastedCopyIsAPictureOfItsOwn) {
    composer.addFiles({"/a.png"});
    composer.paste({{"x", 0}, {{}, id(0)}, {{}, 99}}, 1);
    ASSERT_EQ(composer.pictures().rowCount(), 2);
    EXPECT_NE(id(0), id(1));
    PictureViews off;
    off.mode = PictureViews::Mode::Off;
    composer.setViews(id(1), off);
    EXPECT_EQ(composer.parts()[0].picture->views.mode, PictureViews::Mode::Model);
    EXPECT_EQ(composer.parts()[2].picture->views.mode, PictureViews::Mode::Off);
}

TEST_F(ComposerModelTest, TakenIsGone) {
    composer.document().insert(0, {{"hello", 0}});
    composer.addFiles({"/a.png"});
    engine.settle();
    const auto message = composer.take();
    EXPECT_EQ(message.size(), 2u);
    EXPECT_TRUE(composer.isEmpty());
    EXPECT_EQ(composer.pictures().rowCount(), 0);
    composer.undo();
    EXPECT_TRUE(composer.isEmpty());
    composer.setParts(message);
    engine.settle();
    EXPECT_EQ(composer.parts(), message);
}

TEST_F(ComposerModelTest, ATextOnlyModelTakesNoPicturesAndSaysWhy) {
    composer.addFiles({"/a.png"});
    engine.settle();
    composer.setPictureRefusal("The open model reads no pictures.");
    composer.addFiles({"/b.png"});
    EXPECT_EQ(composer.pictures().rowCount(), 1);
    EXPECT_EQ(composer.notice(), "The open model reads no pictures.");
    composer.submit();
    EXPECT_EQ(submitted.count(), 0);
    composer.setPictureRefusal({});
    composer.submit();
    EXPECT_EQ(submitted.count(), 1);
}

TEST_F(ComposerModelTest, AnotherEngineIsAskedAgainForWhatWasReady) {
    composer.document().insert(0, {{"hello", 0}});
    composer.addFiles({"/a.png"});
    engine.settle();
    engine.deliverByHand();
    composer.addFiles({"/killer.png"});
    engine.die();
    // The one that was being read has failed, and nobody tries it again unasked: it may have been the cause.
    EXPECT_EQ(stateOf(1), State::Failed);
    EXPECT_EQ(composer.parts().size(), 3u);
    const std::size_t before = engine.requestsOf<ThumbnailRequest>().size();
    engine.deliverByHand(false);
    engine.become(EngineState::Ready);
    engine.settle();
    const auto asked = engine.requestsOf<ThumbnailRequest>();
    ASSERT_EQ(asked.size(), before + 1);
    EXPECT_EQ(asked.back().second.path, "/a.png");
    EXPECT_EQ(stateOf(0), State::Ready);
    composer.retry(id(1));
    engine.settle();
    EXPECT_EQ(stateOf(1), State::Ready);
}

TEST_F(ComposerModelTest, WithoutAnEngineAPictureWaitsForOne) {
    engine.die();
    composer.addFiles({"/a.png"});
    engine.settle();
    EXPECT_EQ(stateOf(0), State::Loading);
    engine.become(EngineState::Ready);
    engine.settle();
    EXPECT_EQ(stateOf(0), State::Ready);
}

TEST_F(ComposerModelTest, AnEngineThatHangsHoldsNothingUp) {
    engine.always<ThumbnailRequest>(FakeEngine::Events());
    composer.addFiles({"/a.png"});
    composer.document().insert(-1, {{"typed meanwhile", 0}});
    engine.settle();
    composer.submit();
    EXPECT_TRUE(composer.isWaiting());
    composer.stopWaiting();
    composer.removePicture(id(0));
    composer.submit();
    EXPECT_EQ(submitted.count(), 1);
}

}  // namespace
}  // namespace lapidary::gui
