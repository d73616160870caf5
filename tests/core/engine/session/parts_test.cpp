// Parts of the session that need no model.
#include <gtest/gtest.h>

#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>

#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "core/engine/session/answer.h"
#include "core/engine/session/image_feature_memory.h"
#include "core/engine/session/request_conversion.h"
#include "core/engine/session/request_queue.h"
#include "core/engine/session/sequence.h"
#include "core/engine/session/to_error.h"
#include "core/shared/base/runtime_folder.h"
#include "tests/support/temp_dir.h"

namespace lapidary::session {
namespace {

template <class Thrown>
Error errorOf(const Thrown& thrown) {
    return toError(std::make_exception_ptr(thrown));
}

TEST(ToError, MemoryIsRecognisedWhoeverThrows) {
    EXPECT_EQ(errorOf(std::bad_alloc()).code, ErrorCode::OutOfMemory);
    EXPECT_EQ(errorOf(std::length_error("vector::reserve")).code, ErrorCode::OutOfMemory);
    EXPECT_EQ(errorOf(std::system_error(std::make_error_code(std::errc::not_enough_memory))).code, ErrorCode::OutOfMemory);
    EXPECT_EQ(errorOf(std::runtime_error("OpenCV: Insufficient memory")).code, ErrorCode::OutOfMemory);
}

#ifndef __SANITIZE_ADDRESS__  // which ends a process at the first failed allocation, whoever would have caught it
TEST(ToError, LibTorchsOwnWordsForMemoryAreKnown) {
    // What LibTorch itself says when it cannot have an exabyte.
    try {
        (void)at::zeros({std::int64_t{1} << 58}, at::kFloat);
        FAIL() << "an exabyte was given";
    } catch (...) {
        EXPECT_EQ(toError(std::current_exception()).code, ErrorCode::OutOfMemory) << toError(std::current_exception()).message;
    }
}
#endif

TEST(ToError, OtherFailuresAreOurs) {
    EXPECT_EQ(errorOf(std::runtime_error("a\nb")).code, ErrorCode::Internal);
    EXPECT_EQ(errorOf(std::runtime_error("a\nb")).message.find('\n'), std::string::npos);
    EXPECT_EQ(errorOf(42).code, ErrorCode::Internal);
    try {
        TORCH_CHECK(false, "shapes differ");
    } catch (...) {
        const Error error = toError(std::current_exception());
        EXPECT_EQ(error.code, ErrorCode::Internal);
        EXPECT_NE(error.message.find("shapes differ"), std::string::npos);
    }
}

TEST(ImageFeatureMemory, ForgetsWhatWasNotUsedForLongest) {
    ImageFeatureMemory memory(3 * 400);
    for (const char* name : {"a", "b", "c"}) memory.insert(name, at::zeros({100}, at::kFloat));
    EXPECT_TRUE(memory.find("a").has_value());  // now b is the oldest
    memory.insert("d", at::zeros({100}, at::kFloat));
    EXPECT_FALSE(memory.find("b").has_value());
    EXPECT_TRUE(memory.find("a").has_value());
    EXPECT_EQ(memory.sizeBytes(), 3 * 400);
    memory.insert("too large", at::zeros({1000}, at::kFloat));
    EXPECT_FALSE(memory.find("too large").has_value());
    EXPECT_EQ(memory.size(), 3U);
    memory.clear();
    EXPECT_EQ(memory.sizeBytes(), 0);
}

processor::ProcessedPrompt promptOf(std::vector<std::int64_t> ids, std::vector<rules::ImageSpan> spans,
                                    std::vector<std::string> hashes) {
    processor::ProcessedPrompt prompt;
    prompt.ids = std::move(ids);
    prompt.imageSpans = std::move(spans);
    for (std::string& hash : hashes) {
        image::View view;
        view.sha256 = std::move(hash);
        prompt.views.push_back(std::move(view));
    }
    return prompt;
}

// Ids 9 are soft tokens.
TEST(CommonPrefix, ComparesPicturesByPixelsAndNeverCutsABlock) {
    const HeldPrompt held{{1, 2, 9, 9, 9, 3, 4}, {{2, 5}}, {"cat"}};
    EXPECT_EQ(commonPrefix(held, promptOf({1, 2, 9, 9, 9, 3, 4, 5}, {{2, 5}}, {"cat"})), 7);
    EXPECT_EQ(commonPrefix(held, promptOf({1, 2, 9, 9, 9, 3, 7}, {{2, 5}}, {"cat"})), 6);
    EXPECT_EQ(commonPrefix(held, promptOf({1, 2, 9, 9, 9, 3, 4}, {{2, 5}}, {"dog"})), 2);
    EXPECT_EQ(commonPrefix(held, promptOf({1, 2, 9, 9, 9}, {{2, 5}}, {"cat"})), 5);
    EXPECT_EQ(commonPrefix(held, promptOf({1, 2, 9, 9, 9, 9, 9, 9}, {{2, 8}}, {"cat"})), 2);
    EXPECT_EQ(commonPrefix(held, promptOf({7}, {}, {})), 0);
    // The held prompt was cut inside what is now a block.
    const HeldPrompt text{{1, 2}, {}, {}};
    EXPECT_EQ(commonPrefix(text, promptOf({1, 2, 9, 9, 9}, {{2, 5}}, {"cat"})), 2);
}

TEST(ResolveSampling, GenerationConfigThenTheRequestThenGreedy) {
    config::GenerationConfig instruct;
    instruct.doSample = true;
    instruct.topK = 64;
    instruct.topP = 0.95;
    const auto defaults = resolveSampling(instruct, {});
    EXPECT_TRUE(defaults->doSample);
    EXPECT_EQ(defaults->topK, 64);
    EXPECT_DOUBLE_EQ(defaults->topP, 0.95);
    protocol::SamplingSettings wanted;
    wanted.temperature = 0.0;
    EXPECT_FALSE(resolveSampling(instruct, wanted)->doSample);
    wanted.temperature = 0.5;
    wanted.seed = 9;
    EXPECT_DOUBLE_EQ(resolveSampling(instruct, wanted)->temperature, 0.5);
    EXPECT_EQ(resolveSampling(instruct, wanted)->seed, 9U);
    EXPECT_FALSE(resolveSampling({}, {})->doSample);
    EXPECT_TRUE(resolveSampling({}, wanted)->doSample);
    wanted.temperature = -1.0;
    EXPECT_EQ(resolveSampling({}, wanted).error().code, ErrorCode::Usage);
}

TEST(ResolveContext, ForceIsNeededBeyondTheModelsOwn) {
    config::TextConfig config;
    config.maxPositionEmbeddings = 100;
    EXPECT_EQ(*resolveContext(config, 0, false), 100);
    EXPECT_EQ(*resolveContext(config, 50, false), 50);
    EXPECT_EQ(resolveContext(config, 101, false).error().code, ErrorCode::Usage);
    EXPECT_EQ(*resolveContext(config, 101, true), 101);
    EXPECT_FALSE(resolveContext(config, -1, true).has_value());
}

TEST(RequestConversion, MessagesAndCrops) {
    protocol::ChatMessage message;
    message.role = "user";
    protocol::ContentPart picture;
    picture.type = protocol::ContentPart::Type::Image;
    picture.path = "a.png";
    protocol::ContentPart address = picture;
    address.path.clear();
    address.url = "https://example.com/b.png";
    protocol::ContentPart words;
    words.text = "What?";
    message.content = {picture, words, address};
    const auto conversation = conversationOf({message});
    ASSERT_EQ(conversation.images.size(), 2U);
    EXPECT_EQ(conversation.images[0].kind, image::ImageSource::Kind::Path);
    EXPECT_EQ(conversation.images[1].kind, image::ImageSource::Kind::Url);
    protocol::ViewSettings views;
    views.crops = {{{0, 0, 1, 1}}};
    EXPECT_EQ(viewsOf(views, {}, 2).error().code, ErrorCode::Usage);
    EXPECT_EQ(viewsOf(views, {}, 1)->viewsOfPicture.at(0).boxes.size(), 1U);
    views.crops.reset();
    views.panAndScan = true;
    EXPECT_EQ(viewsOf(views, {}, 1)->views.mode, image::CropMode::PanAndScan);
}

// What a client does not say is as the model's own processor has it; what it says wins, a "no" too.
TEST(RequestedViews, ModelsOwnSettingsStandWhereTheRequestIsSilent) {
    image::ImageProcessorSettings own;
    own.panAndScanByDefault = true;
    own.panAndScan = {128, 3, 1.5};
    protocol::ViewSettings views;
    EXPECT_EQ(viewsOf(views, own, 1)->views.mode, image::CropMode::PanAndScan);
    EXPECT_EQ(viewsOf(views, own, 1)->views.panAndScan, own.panAndScan);
    views.panAndScan = false;
    views.panAndScanMaxNumCrops = 2;
    EXPECT_EQ(viewsOf(views, own, 1)->views.mode, image::CropMode::None);
    EXPECT_EQ(viewsOf(views, own, 1)->views.panAndScan, (rules::PanAndScanSettings{128, 2, 1.5}));
}

TEST(RequestedViews, APictureMayBringItsOwn) {
    protocol::ContentPart plain;
    plain.type = protocol::ContentPart::Type::Image;
    plain.path = "a.png";
    protocol::ContentPart own = plain;
    own.views.emplace().crops = {{1, 2, 30, 40}};
    protocol::ContentPart whole = plain;
    whole.views.emplace().panAndScan = false;
    protocol::ViewSettings views;
    views.panAndScan = true;
    const auto requested = viewsOf(views, {{"user", {plain, own}}, {"user", {whole}}}, {});
    ASSERT_EQ(requested->viewsOfPicture.size(), 3U);
    EXPECT_EQ(requested->viewsOfPicture[0].mode, image::CropMode::PanAndScan);
    EXPECT_EQ(requested->viewsOfPicture[1].mode, image::CropMode::Given);
    EXPECT_EQ(requested->viewsOfPicture[1].boxes, (std::vector<rules::CropBox>{{1, 2, 30, 40}}));
    EXPECT_EQ(requested->viewsOfPicture[2].mode, image::CropMode::None);
    EXPECT_TRUE(viewsOf(views, {{"user", {plain, plain}}}, {})->viewsOfPicture.empty());
}

TEST(RequestQueue, GivesInOrderAndEndsWhenClosedAndEmpty) {
    RequestQueue queue;
    for (std::int64_t id : {1, 2}) {
        QueuedRequest request;
        request.request.id = id;
        queue.push(std::move(request));
    }
    queue.close();
    EXPECT_EQ(queue.pop()->request.id, 1);
    EXPECT_EQ(queue.pop()->request.id, 2);
    EXPECT_FALSE(queue.pop().has_value());
}

TEST(OpenRequests, AnIdIsFreeAgainAfterItsEnd) {
    OpenRequests open;
    protocol::Request load;
    load.id = 3;
    load.body = protocol::LoadRequest{};
    const auto stop = open.begin(load);
    ASSERT_TRUE(stop.has_value());
    EXPECT_TRUE(open.anyLoad());
    EXPECT_FALSE(open.begin(load).has_value());
    open.cancel(99);
    EXPECT_FALSE(stop->stop_requested());
    open.cancel(3);
    EXPECT_TRUE(stop->stop_requested());
    open.end(3);
    EXPECT_FALSE(open.anyLoad());
    EXPECT_FALSE(open.begin(load)->stop_requested());
}

TEST(RuntimeFolder, IsPrivateAndRemoved) {
    const test::TempDir parent;
    std::filesystem::path path;
    {
        auto folder = RuntimeFolder::createIn(parent.path());
        ASSERT_TRUE(folder.has_value());
        const RuntimeFolder moved = std::move(*folder);
        path = moved.path();
        EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_all);
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_FALSE(RuntimeFolder::createIn(parent.path() / "none").has_value());
}

TEST(RuntimeFolder, WhatADeadProcessLeftGoesWithTheNextOne) {
    const test::TempDir parent;
    (void)parent.write("lapidary-dead00/.lock", "");
    (void)parent.write("lapidary-dead00/view.png", "");
    (void)parent.write("lapidary-noLock/mine.txt", "");
    (void)parent.write("other/.lock", "");
    const auto living = RuntimeFolder::createIn(parent.path());
    const auto next = RuntimeFolder::createIn(parent.path());
    ASSERT_TRUE(living.has_value() && next.has_value());
    EXPECT_FALSE(std::filesystem::exists(parent.path() / "lapidary-dead00"));
    for (const std::filesystem::path& kept :
         {living->path(), next->path(), parent.path() / "lapidary-noLock" / "mine.txt", parent.path() / "other" / ".lock"})
        EXPECT_TRUE(std::filesystem::exists(kept)) << kept;
}

}  // namespace
}  // namespace lapidary::session
