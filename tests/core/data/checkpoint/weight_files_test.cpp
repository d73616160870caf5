#include "core/data/checkpoint/weight_files.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/shared/base/file.h"
#include "tests/core/data/checkpoint/checkpoint_fixture.h"
#include "tests/support/checkpoint_builder.h"
#include "tests/support/temp_dir.h"

namespace lapidary::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndex = "model.safetensors.index.json";
constexpr const char* kFirst = "model-00001-of-00003.safetensors";
constexpr const char* kSecond = "model-00002-of-00003.safetensors";
constexpr const char* kThird = "model-00003-of-00003.safetensors";

// A tiny text model in three shards, with an index that a test may edit.
class Fault11 : public testing::Test {
protected:
    Fault11() { rebuild(folder()); }

    static void rebuild(const fs::path& folder) {
        test::BuildOptions options;
        options.shards = 3;
        test::buildCheckpoint(folder, test::tinyTextConfig(), options);
    }
    [[nodiscard]] fs::path folder() const { return m_temporary.path() / "model"; }
    [[nodiscard]] fs::path outside() const { return m_temporary.path(); }

    [[nodiscard]] nlohmann::json readIndex() const { return nlohmann::json::parse(*readFile(folder() / kIndex, 1 << 20)); }
    void writeIndex(const nlohmann::json& index) const { writeIndexText(index.dump()); }
    void writeIndexText(const std::string& text) const {
        std::ofstream out(folder() / kIndex, std::ios::binary);
        out << text;
    }
    // The index names `file` for one tensor.
    void pointOneTensorAt(const std::string& file) const {
        nlohmann::json index = readIndex();
        index["weight_map"].begin().value() = file;
        writeIndex(index);
    }

private:
    test::TempDir m_temporary;
};
using Fault12 = Fault11;

TEST_F(Fault11, ShardsAreReadWithoutAnIndex) {
    const Values byIndex = valuesOf(*opened(folder()).tensors);
    fs::remove(folder() / kIndex);
    const Checkpoint checkpoint = opened(folder());
    EXPECT_EQ(valuesOf(*checkpoint.tensors), byIndex);
    expectWarns(checkpoint, {"index.json is missing", "3 shards"});
    fs::remove(folder() / kSecond);
    expectRefused(folder(), ErrorCode::NotFound, {"shards are missing", "2 of 3"});
}

TEST_F(Fault11, IndexWithoutMetadataIsFine) {
    nlohmann::json index = readIndex();
    index.erase("metadata");
    writeIndex(index);
    EXPECT_TRUE(opened(folder()).warnings.empty());
}

TEST_F(Fault11, MissingAndSurplusShards) {
    fs::copy(folder() / kThird, folder() / "other.safetensors");
    expectWarns(opened(folder()), {"does not name", "other.safetensors"});
    fs::remove(folder() / "other.safetensors");
    fs::remove(folder() / kSecond);
    expectRefused(folder(), ErrorCode::NotFound, {"not there", kSecond});
}

TEST_F(Fault11, ABrokenShardIsCountedAmongTheOthers) {
    std::ofstream(folder() / kSecond, std::ios::trunc) << "1234567";
    expectRefused(folder(), ErrorCode::InvalidFile, {"not a safetensors file (7 bytes", "1 of 3 shards", kSecond});
}

TEST_F(Fault11, NamesThatCouldLeaveTheFolder) {
    fs::copy(folder() / kFirst, outside() / "outside.safetensors");
    const std::vector<std::pair<std::string, std::string>> names{
        {"../outside.safetensors", "is a path"},
        {(outside() / "outside.safetensors").string(), "is a path"},
        {"sub/x.safetensors", "is a path"},
        {"..\\outside.safetensors", "is a path"},
        {"C:x.safetensors", "is a path"},
        {"..safetensors", "holds '..'"},
        {std::string("a\0b.safetensors", 15), "control character"},
        {"a\nb.safetensors", "control character"},
        {std::string(10'000'000, 'a') + ".safetensors", "10000012 bytes"},
        {"NUL.safetensors", "reserved"},
        {"con.x.safetensors", "reserved"},
        {"Com7.safetensors", "reserved"},
        {"model.bin", "does not end with .safetensors"},
        {"", "is empty"}};
    for (const auto& [name, why] : names) {
        rebuild(folder());
        pointOneTensorAt(name);
        expectRefused(folder(), ErrorCode::InvalidData, {"weight_map['", why, kIndex});
    }
}

TEST_F(Fault11, LinksThatLeaveTheFolderAreNotOpened) {
    fs::rename(folder() / kSecond, outside() / "outside.safetensors");
    fs::create_symlink(outside() / "outside.safetensors", folder() / kSecond);
    expectRefused(folder(), ErrorCode::InvalidData, {kSecond, "link that leads out of the folder", "outside.safetensors"});
    // A folder whose name only begins like the model's is outside as well.
    fs::create_directory(folder().string() + "-other");
    fs::rename(outside() / "outside.safetensors", fs::path(folder().string() + "-other") / "x.safetensors");
    fs::remove(folder() / kSecond);
    fs::create_symlink("../model-other/x.safetensors", folder() / kSecond);
    expectRefused(folder(), ErrorCode::InvalidData, {"link that leads out of the folder"});
    // A link that stays inside is fine.
    fs::remove(folder() / kSecond);
    fs::create_directory(folder() / "blobs");
    fs::rename(fs::path(folder().string() + "-other") / "x.safetensors", folder() / "blobs/x");
    fs::create_symlink("blobs/x", folder() / kSecond);
    EXPECT_EQ(opened(folder()).tensors->names().size(), 80U);
}

TEST_F(Fault11, TheHubsCacheKeepsItsBlobsTwoLevelsUp) {
    const fs::path model = outside() / "models--google--tiny";
    const fs::path snapshot = model / "snapshots/0123";
    rebuild(snapshot);
    fs::create_directories(model / "blobs");
    for (const char* name : {kFirst, kSecond, kThird, "config.json"}) {
        fs::rename(snapshot / name, model / "blobs" / name);
        fs::create_symlink(fs::path("../../blobs") / name, snapshot / name);
    }
    EXPECT_EQ(opened(snapshot).tensors->names().size(), 80U);
    fs::remove(snapshot / kFirst);
    fs::create_symlink(folder() / kFirst, snapshot / kFirst);  // another model's shard
    expectRefused(snapshot, ErrorCode::InvalidData, {"link that leads out of the folder"});
}

TEST_F(Fault11, IndexesThatAreNone) {
    for (const auto& [text, why] :
         {std::pair("", "JSON"), std::pair("[]", "weight_map"), std::pair("{}", "weight_map"),
          std::pair(R"({"weight_map":[]})", "a list"), std::pair(R"({"weight_map":{}})", "names no tensor"),
          std::pair(R"({"weight_map":{"a":1}})", "the number 1"),
          std::pair(R"({"weight_map":{"a":"x.safetensors","a":"y.safetensors"}})", "twice"),
          std::pair("{\"weight_map\":{\"a\":\"x\xff.safetensors\"}}", "JSON")}) {
        writeIndexText(text);
        expectRefused(folder(), ErrorCode::InvalidData, {kIndex, why});
    }
}

TEST_F(Fault12, StaleIndexThatNamesOldShards) {
    for (int i = 1; i <= 3; ++i) {
        const std::string number = std::to_string(i);
        fs::rename(folder() / ("model-0000" + number + "-of-00003.safetensors"),
                   folder() / ("model-new" + number + ".safetensors"));
    }
    expectRefused(folder(), ErrorCode::InvalidData,
                  {"index names shards that are not there", kFirst, "the folder holds others", "model-new1.safetensors",
                   "delete the index"});
}

TEST_F(Fault12, IndexThatContradictsTheShards) {
    nlohmann::json index = readIndex();
    index["weight_map"]["model.norm.weight"] = kFirst;
    writeIndex(index);
    expectRefused(folder(), ErrorCode::InvalidData,
                  {"stale", "1 lie in other shards", "'model.norm.weight'", kFirst, kThird, "delete the index"});
    index["weight_map"]["model.norm.weight"] = kThird;
    index["weight_map"]["model.ghost.weight"] = kThird;
    writeIndex(index);
    expectRefused(folder(), ErrorCode::InvalidData, {"stale", "1 tensors that it names are not there", "'model.ghost.weight'"});
    index["weight_map"].erase("model.ghost.weight");
    index["weight_map"].erase("model.norm.weight");
    writeIndex(index);
    const Checkpoint checkpoint = opened(folder());
    expectWarns(checkpoint, {"does not list 1 tensors", "model.norm.weight"});
    EXPECT_TRUE(checkpoint.tensors->contains("model.norm.weight"));
}

TEST_F(Fault12, TensorInTwoShards) {
    fs::copy(folder() / kThird, folder() / "model-copy.safetensors");
    nlohmann::json index = readIndex();
    index["weight_map"]["model.norm.weight"] = "model-copy.safetensors";
    writeIndex(index);
    expectRefused(folder(), ErrorCode::InvalidData, {"lie in two shards", kThird, "model-copy.safetensors"});
    fs::remove(folder() / kIndex);
    expectRefused(folder(), ErrorCode::InvalidData, {"several weight files", "model-copy.safetensors"});
    fs::remove(folder() / "model-copy.safetensors");
    fs::copy(folder() / kThird, folder() / "model-00002-of-00002.safetensors");
    expectRefused(folder(), ErrorCode::InvalidData, {"two different sets"});
    fs::remove(folder() / "model-00002-of-00002.safetensors");
    fs::copy(folder() / kThird, folder() / kSecond, fs::copy_options::overwrite_existing);
    expectRefused(folder(), ErrorCode::InvalidData, {"lie in two shards", kSecond, kThird});
}

TEST(WeightFiles, TheSingleFileWinsOverAnIndex) {
    const test::TempDir folder;
    test::BuildOptions options;
    options.shards = 2;
    test::buildCheckpoint(folder.path(), test::tinyTextConfig(), options);
    test::buildCheckpoint(folder.path(), test::tinyTextConfig());
    const Checkpoint checkpoint = opened(folder.path());
    EXPECT_EQ(checkpoint.files.size(), 1U);
    expectWarns(checkpoint, {"index.json is ignored", "model.safetensors is there as well"});
}

// A pickle that would make a file if anything unpickled it: REDUCE calls os.system.
std::string maliciousPickle(const fs::path& canary) { return "cposix\nsystem\n(S'touch " + canary.string() + "'\ntR."; }

TEST(Fault17, PickledWeightsAreRefusedUnread) {
    for (const char* name : {"pytorch_model.bin", "model.pt", "model.pth", "model.ckpt", "__0_0.distcp", "weights.pkl"}) {
        const test::TempDir folder;
        const fs::path canary = folder.path() / "canary";
        folder.write(name, maliciousPickle(canary));
        folder.write("config.json", "{}");
        for (const fs::path& path : {folder.path(), folder.path() / name}) {
            expectRefused(path, ErrorCode::Unsupported, {name, "pickled", "never", "safetensors"});
        }
        EXPECT_FALSE(fs::exists(canary));
    }
}

// Its own pickles (train_state.pt) are no weights that transformers could convert.
TEST(Fault17, AMegatronCheckpointIsCalledByItsName) {
    const test::TempDir folder;
    folder.write("latest_checkpointed_iteration.txt", "5");
    folder.write("latest_train_state.pt", maliciousPickle(folder.path() / "canary"));
    folder.write("iter_0000005/common.pt", maliciousPickle(folder.path() / "canary"));
    folder.write("iter_0000005/__0_0.distcp", maliciousPickle(folder.path() / "canary"));
    for (const fs::path& path : {folder.path(), folder.path() / "iter_0000005"}) {
        expectRefused(path, ErrorCode::Unsupported, {"Megatron checkpoint", "Hugging Face folder"});
    }
    EXPECT_FALSE(fs::exists(folder.path() / "canary"));
}

TEST(Fault17, SafetensorsBesideAPickleAreRead) {
    const test::TempDir folder;
    folder.write("pytorch_model.bin", maliciousPickle(folder.path() / "canary"));
    test::buildCheckpoint(folder.path(), test::tinyTextConfig());
    EXPECT_EQ(opened(folder.path()).tensors->names().size(), 80U);
    EXPECT_FALSE(fs::exists(folder.path() / "canary"));
}

TEST(WeightFiles, AnAdapterIsNoModel) {
    const test::TempDir folder;
    folder.write("adapter_model.safetensors", "");
    expectRefused(folder.path(), ErrorCode::Unsupported, {"adapter", "--adapter"});
}

}  // namespace
}  // namespace lapidary::checkpoint
