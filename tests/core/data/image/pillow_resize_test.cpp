#include "core/data/image/pillow_resize.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/data/image/image_processor.h"
#include "core/data/image/weighted_rows.h"
#include "tests/support/temp_dir.h"

namespace {

using lapidary::image::pillowResizeBilinear;
using Bytes = std::vector<std::uint8_t>;

// The formula of tests/golden/make_resize_hashes.py.
Bytes filled(std::int64_t width, std::int64_t height, std::uint64_t seed) {
    Bytes bytes(static_cast<std::size_t>(width * height * 3));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::uint64_t mixed = (i + seed) * 0x9E3779B97F4A7C15ULL;
        mixed = (mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9ULL;
        bytes[i] = static_cast<std::uint8_t>(mixed >> 56);
    }
    return bytes;
}

TEST(PillowResize, EveryByteOfTheVectors) {
    const auto vectors = nlohmann::json::parse(lapidary::test::goldenText("resize-vectors.json"));
    ASSERT_EQ(vectors.at("cases").size(), 6U);
    for (const auto& entry : vectors.at("cases")) {
        const auto resized = pillowResizeBilinear(entry.at("in").get<Bytes>(), entry.at("in_w").get<std::int64_t>(),
                                                  entry.at("in_h").get<std::int64_t>(), entry.at("out_w").get<std::int64_t>(),
                                                  entry.at("out_h").get<std::int64_t>());
        EXPECT_EQ(resized, entry.at("pillow").get<Bytes>()) << entry.at("name");
    }
}

TEST(PillowResize, HashesOfPillowForManySizes) {
    const auto vectors = nlohmann::json::parse(lapidary::test::goldenText("resize-hashes.json"));
    ASSERT_EQ(vectors.at("cases").size(), 137U);
    for (const auto& entry : vectors.at("cases")) {
        const auto width = entry.at(0).get<std::int64_t>();
        const auto height = entry.at(1).get<std::int64_t>();
        const auto resized = pillowResizeBilinear(filled(width, height, entry.at(4).get<std::uint64_t>()), width, height,
                                                  entry.at(2).get<std::int64_t>(), entry.at(3).get<std::int64_t>());
        EXPECT_EQ(lapidary::image::sha256Hex(resized), entry.at(5).get<std::string>()) << entry.dump();
    }
}

TEST(PillowResize, ConstantPicturesStayConstant) {
    for (const std::uint8_t value : {0, 1, 127, 254, 255}) {
        const Bytes flat(31 * 17 * 3, value);
        EXPECT_EQ(pillowResizeBilinear(flat, 31, 17, 64, 5), Bytes(64 * 5 * 3, value));
    }
}

// Every processor must give the same bytes, so the portable loop is held against the one that this machine chooses.
TEST(PillowResize, PortableLoopEqualsTheChosenOne) {
    const Bytes rows = filled(41, 9, 3);
    const std::vector<std::int32_t> weights{4194304, 17, 123456, 0, 2097152, 9};
    for (const std::int64_t lanes : {1, 31, 32, 33, 96, 123}) {
        std::vector<std::int32_t> portable(123, 2097152);
        std::vector<std::int32_t> chosen = portable;
        lapidary::image::detail::addWeightedRowsGeneric(rows.data(), 123, weights.data(), 6, lanes, portable.data());
        lapidary::image::detail::chooseAddWeightedRows()(rows.data(), 123, weights.data(), 6, lanes, chosen.data());
        EXPECT_EQ(portable, chosen) << lanes;
    }
}

}  // namespace
