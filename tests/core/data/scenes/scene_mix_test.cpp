#include "core/data/scenes/scene_mix.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/shared/base/json.h"

namespace lapidary::scenes {
namespace {

TEST(SceneMix, PrintsAndReadsItself) {
    SceneMix mix;
    mix.pictures.cells = 0.25;
    mix.wholeOnly = 0.1;
    mix.questions = 5;
    mix.maxLetters = 2;
    mix.kinds[indexOf(Kind::Cell)] = 2.0;
    const auto again = SceneMix::fromJson(mix.toJson());
    ASSERT_TRUE(again) << again.error().toString();
    EXPECT_TRUE(*again == mix);
    const auto empty = SceneMix::fromJson(Json::object());
    ASSERT_TRUE(empty);
    EXPECT_TRUE(*empty == SceneMix());
}

TEST(SceneMix, WhatAListOfWeightsDoesNotNameIsNought) {
    const auto mix = SceneMix::fromJson(Json::parse(R"({"pictures": {"cells": 1}, "kinds": {"cell": 2, "string": 1}})"));
    ASSERT_TRUE(mix) << mix.error().toString();
    EXPECT_EQ(mix->pictures.square, 0.0);
    EXPECT_EQ(mix->kinds[indexOf(Kind::Shape)], 0.0);
    EXPECT_EQ(mix->kinds[indexOf(Kind::Cell)], 2.0);
    Random random(1);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(choosePicture(*mix, random).settings.layout, Layout::Cells);
}

TEST(SceneMix, ErrorsNameTheKey) {
    const auto refused = [](const char* text) {
        const auto mix = SceneMix::fromJson(Json::parse(text));
        return mix ? std::string("accepted") : mix.error().toString();
    };
    EXPECT_NE(refused(R"({"question": 3})").find("questions"), std::string::npos);
    EXPECT_NE(refused(R"({"kinds": {"color": 1}})").find("colour"), std::string::npos);
    EXPECT_NE(refused(R"({"kinds": {"colour": -1}})").find("colour"), std::string::npos);
    EXPECT_NE(refused(R"({"pictures": {}})").find("pictures"), std::string::npos);
    EXPECT_NE(refused(R"({"questions": 0})").find("questions"), std::string::npos);
    EXPECT_NE(refused(R"({"min_objects": 4, "max_objects": 2})").find("min_objects"), std::string::npos);
    EXPECT_NE(refused(R"({"min_letters": 4, "max_letters": 2})").find("min_letters"), std::string::npos);
    EXPECT_NE(refused(R"({"whole_only": 2})").find("whole_only"), std::string::npos);
    EXPECT_NE(refused("[]").find("object"), std::string::npos);
}

TEST(SceneMix, EveryPictureComesAsOftenAsItsWeightSays) {
    SceneMix mix;
    mix.pictures = {1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 4.0};
    Random random(5);
    int four = 0;
    int two = 0;
    int strings = 0;
    int wide = 0;
    for (int i = 0; i < 4000; ++i) {
        const PictureChoice choice = choosePicture(mix, random);
        const bool isLong = choice.settings.form != Form::Square;
        if (!isLong) {
            EXPECT_FALSE(choice.wholeOnly);
        }
        four += isLong && choice.settings.squares == 4 ? 1 : 0;
        two += isLong && choice.settings.squares == 2 ? 1 : 0;
        wide += choice.settings.form == Form::Wide ? 1 : 0;
        strings += choice.settings.layout == Layout::Strings ? 1 : 0;
    }
    EXPECT_NEAR(four / 4000.0, 0.4, 0.03);
    EXPECT_NEAR(two / 4000.0, 0.1, 0.02);
    EXPECT_NEAR(wide / 4000.0, 0.6 * 0.65, 0.03);
    EXPECT_NEAR(strings / 4000.0, 0.1, 0.02);
}

}  // namespace
}  // namespace lapidary::scenes
