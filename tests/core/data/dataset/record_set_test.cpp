// Data sets as people name them: files, folders, splits, makers, the local Hugging Face cache (specification 6.1, 6.2).
#include "core/data/dataset/record_set.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/data/dataset/json2token.h"
#include "tests/support/arrow_writer.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::dataset {
namespace {

using nlohmann::json;

RecordSet opened(const RecordRequest& request) {
    auto set = RecordSet::open(request);
    if (!set) throw std::runtime_error(set.error().toString());
    return std::move(*set);
}

RecordRequest at(const std::filesystem::path& path, const std::string& split = "train", const std::string& maker = "") {
    RecordRequest request;
    request.path = path.string();
    request.split = split;
    request.maker = maker;
    return request;
}

std::string turn(const Record& record, std::size_t index) { return textOfMessage(record.messages.at(index)); }

std::string pngBytes(const test::TempDir& folder, int variant = 0) {
    test::writePicture(folder.path() / "tmp.png", variant);
    return *readPictureBytes({PictureRef::Kind::Path, (folder.path() / "tmp.png").string(), ""}, image::UrlConsent::Refuse);
}
json imageCell(const std::string& bytes) {
    return {{"bytes", json::binary(std::vector<std::uint8_t>(bytes.begin(), bytes.end()))}, {"path", nullptr}};
}

TEST(JsonToTokens, AsTheReferenceWritesThem) {
    const auto tokens = [](const char* text) { return jsonToTokens(json::parse(text)); };
    EXPECT_EQ(tokens(R"({"menu":[{"nm":"A","price":"1"},{"nm":"B"}],"total":{"total_price":"3"}})"),
              "<s_total><s_total_price>3</s_total_price></s_total><s_menu><s_price>1</s_price><s_nm>A</s_nm><sep/><s_nm>B</"
              "s_nm></s_menu>");
    EXPECT_EQ(tokens(R"({"text_sequence": "as it is"})"), "as it is");
    EXPECT_EQ(tokens(R"({"text_sequence": "x", "a": "y"})"), "<s_text_sequence>x</s_text_sequence><s_a>y</s_a>");
    // str() of Python 3.11: None True False 3 -7 1.0 0.1 1e-05 0.0001 1e+16 123456789012345.0 1.5e+300
    EXPECT_EQ(tokens("[null,true,false,3,-7,1.0,0.1,0.00001,0.0001,1e16,123456789012345.0,1.5e300]"),
              "None<sep/>True<sep/>False<sep/>3<sep/>-7<sep/>1.0<sep/>0.1<sep/>1e-05<sep/>0.0001<sep/>1e+16<sep/"
              ">123456789012345.0<sep/>1.5e+300");
    EXPECT_EQ(tokens(R"({"é":"1","z":"2","Z":"3","😀":"4"})"), "<s_😀>4</s_😀><s_é>1</s_é><s_z>2</s_z><s_Z>3</s_Z>");
    EXPECT_EQ(tokens("[]"), "");
    EXPECT_EQ(tokens("{}"), "");
    EXPECT_EQ(tokens(R"("<b>&")"), "<b>&");
}

TEST(Makers, NamesWithAndWithoutDecoration) {
    for (const char* name : {"make_cord_v2_dataset", "cord_v2", "cord-v2", "make_cord_v2"})
        EXPECT_STREQ(makerInfo(name)->name, "cord_v2");
    EXPECT_STREQ(makerInfo("make_medpix_dataset")->repository, "mmoukouba/MedPix-VQA");
    EXPECT_STREQ(makerInfo("raven")->subset, "raven");
    EXPECT_NE(makerInfo("cord_v3").error().message.find("did you mean 'cord_v2'?"), std::string::npos);
    EXPECT_EQ(makerInfo("cv17").error().code, ErrorCode::Unsupported);
    EXPECT_EQ(makerInfo("make_llava_video_178k_dataset").error().code, ErrorCode::Unsupported);
}

TEST(Makers, CordFromParquetOfEverySplit) {
    const test::TempDir folder;
    const json truth = {{"gt_parse", {{"total", {{"total_price", "3"}}}}}, {"meta", {{"version", "2"}}}};
    const json several = {{"gt_parses", {{{"nm", "first"}}, {{"nm", "second"}}}}};
    const test::ArrowFixture fixture{{{"image", "image"}, {"ground_truth", "string"}},
                                     {{{"image", imageCell(pngBytes(folder))}, {"ground_truth", truth.dump()}},
                                      {{"image", imageCell(pngBytes(folder))}, {"ground_truth", several.dump()}},
                                      {{"image", imageCell(pngBytes(folder))}, {"ground_truth", "{\"meta\": {}}"}},
                                      {{"image", {{"bytes", nullptr}, {"path", nullptr}}}, {"ground_truth", truth.dump()}}}};
    test::writeParquet(folder.path() / "data/train-00000-of-00002-b42.parquet", fixture);
    test::writeParquet(folder.path() / "data/train-00001-of-00002-c42.parquet", fixture);
    test::writeParquet(folder.path() / "data/validation-00000-of-00001-d42.parquet", fixture);
    const RecordSet train = opened(at(folder.path(), "train", "make_cord_v2_dataset"));
    EXPECT_EQ(train.rows(), 8);
    const auto first = train.record(0);
    ASSERT_TRUE(first) << first.error().toString();
    EXPECT_EQ(turn(first->record, 0), "Describe this image.");
    EXPECT_EQ(turn(first->record, 1), "<s_total><s_total_price>3</s_total_price></s_total>");
    EXPECT_EQ(first->record.pictures.size(), 1U);
    EXPECT_EQ(turn(train.record(5)->record, 1), "<s_nm>first</s_nm>");
    EXPECT_EQ(train.place(5), "train-00001-of-00002-c42.parquet:row 2");
    EXPECT_EQ(
        train.record(2).error().toString(),
        "train-00000-of-00002-b42.parquet:row 3: column 'ground_truth': neither 'gt_parse' nor 'gt_parses' holds an object");
    EXPECT_NE(train.record(3).error().toString().find("column 'image': neither bytes nor a path"), std::string::npos);
    EXPECT_EQ(opened(at(folder.path(), "validation", "cord_v2")).rows(), 4);
    EXPECT_NE(RecordSet::open(at(folder.path(), "test", "cord_v2")).error().message.find("there are train, validation"),
              std::string::npos);
}

TEST(Makers, MedpixAndRaven) {
    const test::TempDir folder;
    test::writeArrow(folder.path() / "medpix/train.arrow",
                     {{{"image_id", "image"}, {"question", "string"}, {"answer", "string"}, {"mode", "string"}},
                      {{{"image_id", imageCell(pngBytes(folder))}, {"question", "What is seen?"}, {"answer", "A lung."}},
                       {{"question", "No picture?"}, {"answer", "No."}}}},
                     test::ArrowForm::Stream);
    const RecordSet medpix = opened(at(folder.path() / "medpix", "train", "medpix"));
    EXPECT_EQ(turn(medpix.record(0)->record, 0), "What is seen?");
    EXPECT_EQ(turn(medpix.record(0)->record, 1), "A lung.");
    EXPECT_NE(medpix.record(1).error().message.find("column 'image_id': expected one picture, found 0"), std::string::npos);
    EXPECT_EQ(RecordSet::open(at(folder.path() / "medpix", "test", "medpix")).error().code, ErrorCode::Usage);

    const json cell = imageCell(pngBytes(folder));
    test::writeParquet(folder.path() / "cauldron/raven/train-00000.parquet",
                       {{{"images", "list<image>"}, {"texts", "list<struct<user: string, assistant: string, source: string>>"}},
                        {{{"images", json::array({cell, cell, cell})},
                          {"texts", json::array({json{{"user", "Which is next?"}, {"assistant", "B"}, {"source", "raven"}},
                                                 json{{"user", "2"}, {"assistant", "3"}}})}},
                         {{"images", json::array()}, {"texts", json::array({json{{"user", "Q"}, {"assistant", "A"}}})}},
                         {{"images", json::array({cell})}, {"texts", json::array()}}}});
    test::writeParquet(folder.path() / "cauldron/other/train-00000.parquet", {{{"x", "string"}}, {{{"x", "y"}}}});
    const RecordSet raven = opened(at(folder.path() / "cauldron", "train", "make_raven_dataset"));
    ASSERT_EQ(raven.rows(), 3);  // the subset's alone
    EXPECT_EQ(raven.record(0)->record.pictures.size(), 3U);
    EXPECT_EQ(turn(raven.record(0)->record, 0), "Which is next?");
    EXPECT_TRUE(raven.record(1)->dropped);
    EXPECT_TRUE(raven.record(2)->dropped);
    EXPECT_NE(RecordSet::open(at(folder.path() / "cauldron", "validation", "raven")).error().message.find("eval_iters=0"),
              std::string::npos);
}

TEST(Makers, FromTheHuggingFaceCache) {
    const test::TempDir folder;
    const std::string commit = "7f0115a4b758a71d6473b8d085751692da2fef98";
    folder.write("hub/datasets--naver-clova-ix--cord-v2/refs/main", commit);
    test::writeParquet(folder.path() / "hub/datasets--naver-clova-ix--cord-v2/snapshots" / commit / "data/train-0.parquet",
                       {{{"image", "image"}, {"ground_truth", "string"}},
                        {{{"image", imageCell(pngBytes(folder))}, {"ground_truth", R"({"gt_parse":{"a":"1"}})"}}}});
    ::setenv("HF_HOME", folder.path().c_str(), 1);
    ::unsetenv("HF_HUB_CACHE");
    EXPECT_EQ(turn(opened(at("", "train", "cord_v2")).record(0)->record, 1), "<s_a>1</s_a>");
    EXPECT_EQ(opened(at("naver-clova-ix/cord-v2", "train", "cord_v2")).rows(), 1);
    EXPECT_EQ(RecordSet::open(at("", "train", "medpix")).error().code, ErrorCode::NotFound);
    EXPECT_EQ(RecordSet::open(at("../../etc", "train")).error().code, ErrorCode::NotFound);
    ::unsetenv("HF_HOME");
}

TEST(RecordSet, FilesAndFoldersOfEveryForm) {
    const test::TempDir folder;
    folder.write("a/train.jsonl", "{\"prompt\":\"Q1\",\"answer\":\"A1\"}\n{\"prompt\":\"Q2\",\"answer\":\"A2\"}\n");
    folder.write("a/test.csv", "question,answer\nQ3,A3\n");
    folder.write("a/dataset_info.json", "{}");
    EXPECT_EQ(opened(at(folder.path() / "a")).rows(), 2);
    EXPECT_EQ(turn(opened(at(folder.path() / "a", "test")).record(0)->record, 0), "Q3");
    EXPECT_EQ(opened(at(folder.path() / "a/test.csv")).rows(), 1);  // a file is what it is, whatever the split
    EXPECT_EQ(turn(opened(at(folder.path() / "a")).record(1)->record, 1), "A2");
    EXPECT_EQ(RecordSet::open(at(folder.path() / "a", "validation")).error().message,
              "no file of the split 'validation'; there are test, train");
    folder.write("b/one.json", R"({"data":[{"prompt":"Q","answer":"A"}]})");
    folder.write("b/two.json", R"([{"prompt":"Q","answer":"B"}])");
    EXPECT_EQ(opened(at(folder.path() / "b")).rows(), 2);  // no split is named: all are for training
    EXPECT_FALSE(RecordSet::open(at(folder.path() / "b", "test")));
    EXPECT_EQ(RecordSet::open(at(folder.path() / "none")).error().code, ErrorCode::NotFound);
    EXPECT_EQ(RecordSet::open(at(folder.write("empty.jsonl", ""))).error().message, "the data set has no row");
    EXPECT_EQ(RecordSet::open({}).error().code, ErrorCode::Usage);
}

TEST(RecordSet, PicturesWithCaptions) {
    const test::TempDir folder;
    std::filesystem::create_directories(folder.path() / "beside/sub");
    test::writePicture(folder.path() / "beside/b.png");
    test::writePicture(folder.path() / "beside/sub/a.png");
    test::writePicture(folder.path() / "beside/none.png");
    folder.write("beside/b.txt", "A blue one\n");
    folder.write("beside/sub/a.txt",
                 "\xEF\xBB\xBF"
                 "A red one");
    const RecordSet beside = opened(at(folder.path() / "beside"));
    ASSERT_EQ(beside.rows(), 3);
    EXPECT_EQ(turn(beside.record(0)->record, 1), "A blue one\n");
    EXPECT_EQ(beside.record(1).error().toString(), "none.png: the picture has no caption: expected 'none.txt' beside it");
    EXPECT_EQ(turn(beside.record(2)->record, 1), "A red one");
    EXPECT_TRUE(loadPicture(beside.record(2)->record.pictures[0], image::UrlConsent::Refuse));

    std::filesystem::create_directories(folder.path() / "list");
    test::writePicture(folder.path() / "list/1.png");
    folder.write("list/captions.csv", "file_name,caption\n1.png,\"One, two\"\n");
    const RecordSet list = opened(at(folder.path() / "list"));
    EXPECT_EQ(turn(list.record(0)->record, 0), "Describe this image.");
    EXPECT_EQ(turn(list.record(0)->record, 1), "One, two");
    EXPECT_TRUE(loadPicture(list.record(0)->record.pictures[0], image::UrlConsent::Refuse));
    folder.write("list/metadata.jsonl", "{\"file_name\":\"1.png\",\"question\":\"Q\",\"answer\":\"A\"}\n");
    EXPECT_EQ(turn(opened(at(folder.path() / "list")).record(0)->record, 0), "Q");
    std::filesystem::create_directories(folder.path() / "nothing");
    EXPECT_NE(RecordSet::open(at(folder.path() / "nothing")).error().message.find("neither data files"), std::string::npos);
}

}  // namespace
}  // namespace lapidary::dataset
