// Copies of known sets: what is read back is what was written, pictures byte for byte.
#include "core/data/dataset/record_writer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/core/data/dataset/dataset_fixture.h"
#include "tests/support/arrow_writer.h"

namespace lapidary::dataset {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

using RecordWriter = DatasetTest;

json imageCell(const std::string& bytes) {
    return {{"bytes", json::binary(std::vector<std::uint8_t>(bytes.begin(), bytes.end()))}, {"path", nullptr}};
}

std::string bytesOf(const fs::path& path) {
    return *readPictureBytes({PictureRef::Kind::Path, path.string(), ""}, image::UrlConsent::Refuse);
}

WriteRequest into(const fs::path& path, BadRows badRows) {
    WriteRequest request;
    request.folder = path;
    request.badRows = badRows;
    return request;
}

class Cord {
public:
    explicit Cord(const fs::path& folder) : m_folder(folder / "cord") {
        const auto truth = [](const std::string& name) { return json{{"gt_parse", {{"nm", name}}}}.dump(); };
        test::writeParquet(m_folder / "data/validation-00000-of-00001.parquet",
                           {{{"image", "image"}, {"ground_truth", "string"}},
                            {{{"image", imageCell(bytesOf(folder / "0.png"))}, {"ground_truth", truth("täxt")}},
                             {{"image", imageCell("no picture at all")}, {"ground_truth", truth("b")}},
                             {{"image", imageCell(bytesOf(folder / "2.png"))}, {"ground_truth", truth("c")}}}});
    }
    [[nodiscard]] RecordSet open() const {
        RecordRequest request;
        request.path = m_folder.string();
        request.maker = "cord_v2";
        request.split = "validation";
        return std::move(*RecordSet::open(request));
    }

private:
    fs::path m_folder;
};

TEST_F(RecordWriter, WhatIsReadBackIsWhatWasWritten) {
    const RecordSet source = Cord(folder().path()).open();
    const auto stopped = writeRecords(source, into(folder().path() / "stopped", BadRows::Stop));
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().toString(),
              "validation-00000-of-00001.parquet:row 2: embedded picture (17 bytes) is no picture, but a text");
    EXPECT_FALSE(fs::exists(folder().path() / "stopped/validation.jsonl"));

    const auto written = writeRecords(source, into(folder().path() / "out", BadRows::Skip));
    ASSERT_TRUE(written) << written.error().toString();
    EXPECT_EQ(written->rows, 2);
    EXPECT_EQ(written->pictures, 2);
    EXPECT_EQ(written->findings.kept().at(0).place, "validation-00000-of-00001.parquet:row 2");

    RecordRequest request;
    request.path = (folder().path() / "out").string();
    request.split = "validation";
    const auto copy = RecordSet::open(request);
    ASSERT_TRUE(copy) << copy.error().toString();
    ASSERT_EQ(copy->rows(), 2);
    for (const auto& [row, original] : {std::pair{0, 0}, {1, 2}}) {
        const auto expected = source.record(original);
        const auto found = copy->record(row);
        ASSERT_TRUE(found) << found.error().toString();
        ASSERT_EQ(found->record.messages.size(), 2U);
        for (std::size_t i = 0; i < 2; ++i)
            EXPECT_EQ(textOfMessage(found->record.messages[i]), textOfMessage(expected->record.messages[i]));
        EXPECT_EQ(*readPictureBytes(found->record.pictures.at(0), image::UrlConsent::Refuse),
                  expected->record.pictures.at(0).value);
    }
    // Nothing is replaced.
    EXPECT_EQ(writeRecords(source, into(folder().path() / "out", BadRows::Skip)).error().code, ErrorCode::Usage);
    // A few rows for a first look.
    WriteRequest few = into(folder().path() / "few", BadRows::Skip);
    few.limit = 1;
    EXPECT_EQ(writeRecords(source, few)->rows, 1);
}

}  // namespace
}  // namespace lapidary::dataset
