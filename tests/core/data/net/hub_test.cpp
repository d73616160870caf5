// The local model cache, and downloads into it from a loopback hub.
#include "core/data/net/hub.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/data/net/digest.h"
#include "core/shared/base/file.h"
#include "tests/support/http_server.h"
#include "tests/support/temp_dir.h"

namespace {

using namespace lapidary;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using net::Hub;
using net::HubSettings;
using net::PullOptions;
using net::PullProgress;
using test::HttpConnection;
using test::HttpRequest;
using test::HttpServer;
using test::TempDir;

constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";

std::string sha256(const std::string& bytes) {
    net::Digest digest(net::Digest::Kind::Sha256);
    digest.add(std::string_view(bytes));
    return digest.finish();
}

std::string gitHash(const std::string& bytes) {
    auto digest = net::digestForName(std::string(40, '0'), bytes.size());
    digest->add(std::string_view(bytes));
    return digest->finish();
}

// A hub with one model of two files: a small one known by git's hash, a large one by SHA-256.
class FakeHub {
public:
    FakeHub() : m_server([this](const HttpRequest& request, const HttpConnection& to) { answer(request, to); }) {}

    std::string config = "{\"model_type\": \"gemma3_text\"}";
    std::string weights = std::string(300'000, 'w') + "end";
    std::string servedWeights;          // other bytes than listed, when not empty
    std::string extraSibling;           // JSON of one more entry of the listing
    std::atomic<int> breakAfter{-1};    // bytes of the weights after which the connection dies, once
    bool ignoreRange = false;
    std::string redirectWeightsTo;      // another origin, when not empty

    [[nodiscard]] HttpServer& server() { return m_server; }

    [[nodiscard]] Hub hub(const fs::path& cache, const std::string& token = "") const {
        HubSettings settings;
        settings.cache = cache;
        settings.endpoint = m_server.origin();
        settings.token = token;
        settings.policy.allowPlainHttp = true;
        settings.policy.allowsAddress = [](const sockaddr&) { return true; };
        return Hub(settings);
    }

private:
    void answer(const HttpRequest& request, const HttpConnection& to) {
        const std::string resolve = std::string("/org/tiny/resolve/") + kCommit + "/";
        if (request.target == "/api/models/org/tiny/revision/main?blobs=true") {
            to.respond(200, "Content-Type: application/json\r\n", listing());
        } else if (request.target == "/api/models/org/gated/revision/main?blobs=true") {
            to.respond(403, "", "gated");
        } else if (request.target == resolve + "config.json") {
            to.respond(200, "", config);
        } else if (request.target == resolve + "sub/model%20one.safetensors") {
            if (!redirectWeightsTo.empty())
                to.respond(302, "Location: " + redirectWeightsTo + "/cdn\r\n", "");
            else
                sendWeights(request, to);
        } else {
            to.respond(404, "", "");
        }
    }

    void sendWeights(const HttpRequest& request, const HttpConnection& to) {
        std::string bytes = servedWeights.empty() ? weights : servedWeights;
        int status = 200;
        std::string lines;
        const auto range = request.headers.find("range");
        if (range != request.headers.end() && !ignoreRange) {
            const std::size_t first = std::stoul(range->second.substr(6));
            lines = "Content-Range: bytes " + std::to_string(first) + "-" + std::to_string(bytes.size() - 1) + "/" +
                    std::to_string(bytes.size()) + "\r\n";
            bytes.erase(0, first);
            status = 206;
        }
        const int limit = breakAfter.exchange(-1);
        if (limit < 0) {
            to.respond(status, lines, bytes);
            return;
        }
        to.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes.size()) + "\r\n\r\n");
        to.send(bytes.substr(0, static_cast<std::size_t>(limit)));
    }

    [[nodiscard]] std::string listing() const {
        auto siblings = nlohmann::json::array();
        siblings.push_back({{"rfilename", "config.json"}, {"size", config.size()}, {"blobId", gitHash(config)}});
        siblings.push_back({{"rfilename", "sub/model one.safetensors"},
                            {"size", weights.size()},
                            {"blobId", std::string(40, 'a')},
                            {"lfs", {{"sha256", sha256(weights)}, {"size", weights.size()}, {"pointerSize", 134}}}});
        siblings.push_back({{"rfilename", "pytorch_model.bin"}, {"size", 9}, {"blobId", std::string(40, 'b')}});
        if (!extraSibling.empty()) siblings.push_back(nlohmann::json::parse(extraSibling));
        return nlohmann::json{{"sha", kCommit}, {"siblings", siblings}}.dump();
    }

    HttpServer m_server;
};

std::string contents(const fs::path& path) {
    auto bytes = readFile(path, 1 << 30);
    return bytes ? *bytes : "unreadable: " + bytes.error().toString();
}

TEST(Hub, PullsIntoTheLayoutOfHuggingface) {
    const TempDir cache;
    FakeHub remote;
    const Hub hub = remote.hub(cache.path());
    std::vector<PullProgress> seen;
    PullOptions options;
    options.progress = [&](const PullProgress& progress) { seen.push_back(progress); };
    const auto pulled = hub.pull("org/tiny", options);
    ASSERT_TRUE(pulled) << pulled.error().toString();
    EXPECT_EQ(pulled->downloadedFiles, 2);
    EXPECT_EQ(pulled->downloadedBytes, remote.config.size() + remote.weights.size());

    const fs::path folder = cache.path() / "models--org--tiny";
    EXPECT_EQ(contents(folder / "refs" / "main"), kCommit);
    const fs::path snapshot = folder / "snapshots" / kCommit;
    EXPECT_EQ(pulled->snapshot, snapshot);
    EXPECT_EQ(contents(snapshot / "config.json"), remote.config);
    EXPECT_EQ(contents(snapshot / "sub" / "model one.safetensors"), remote.weights);
    EXPECT_EQ(fs::read_symlink(snapshot / "config.json"), fs::path("../../blobs") / gitHash(remote.config));
    EXPECT_EQ(fs::read_symlink(snapshot / "sub" / "model one.safetensors"),
              fs::path("../../../blobs") / sha256(remote.weights));
    EXPECT_FALSE(fs::exists(fs::symlink_status(snapshot / "pytorch_model.bin"))) << "nothing pickled unless asked for";
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.back().fileBytes, remote.weights.size());
    EXPECT_EQ(seen.back().fileTotal, remote.weights.size());
    EXPECT_EQ(seen.back().fileCount, 2);

    EXPECT_EQ(*hub.find("org/tiny"), snapshot);
    const auto models = hub.list();
    ASSERT_EQ(models->size(), 1U);
    EXPECT_EQ(models->front().id, "org/tiny");
    EXPECT_EQ(models->front().revision, kCommit);
    EXPECT_EQ(models->front().files, 2);
    EXPECT_EQ(models->front().sizeBytes, remote.config.size() + remote.weights.size());
    EXPECT_TRUE(models->front().complete);
}

TEST(Hub, ASecondPullFetchesNothingAgain) {
    const TempDir cache;
    FakeHub remote;
    const Hub hub = remote.hub(cache.path());
    ASSERT_TRUE(hub.pull("org/tiny", {}));
    const std::size_t before = remote.server().requests().size();
    const auto again = hub.pull("org/tiny", {});
    ASSERT_TRUE(again);
    EXPECT_EQ(again->downloadedFiles, 0);
    EXPECT_EQ(remote.server().requests().size(), before + 1) << "the listing alone";
}

TEST(Hub, AnInterruptedDownloadResumesWhereItBroke) {
    const TempDir cache;
    FakeHub remote;
    remote.breakAfter = 100'000;
    const Hub hub = remote.hub(cache.path());
    const auto broken = hub.pull("org/tiny", {});
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, ErrorCode::Network);
    const fs::path partial = cache.path() / "models--org--tiny" / "blobs" / (sha256(remote.weights) + ".incomplete");
    ASSERT_TRUE(fs::exists(partial));
    ASSERT_EQ(fs::file_size(partial), 100'000U);
    EXPECT_FALSE(fs::exists(cache.path() / "models--org--tiny" / "refs" / "main")) << "not yet whole";
    EXPECT_FALSE(hub.list()->front().complete);

    const auto resumed = hub.pull("org/tiny", {});
    ASSERT_TRUE(resumed) << resumed.error().toString();
    EXPECT_EQ(resumed->downloadedBytes, remote.weights.size() - 100'000);
    EXPECT_EQ(remote.server().requests().back().headers.at("range"), "bytes=100000-");
    EXPECT_EQ(contents(resumed->snapshot / "sub" / "model one.safetensors"), remote.weights);
    EXPECT_FALSE(fs::exists(partial));
}

TEST(Hub, AServerWithoutRangesStartsTheFileAnew) {
    const TempDir cache;
    FakeHub remote;
    remote.breakAfter = 5'000;
    remote.ignoreRange = true;
    const Hub hub = remote.hub(cache.path());
    ASSERT_FALSE(hub.pull("org/tiny", {}));
    const auto resumed = hub.pull("org/tiny", {});
    ASSERT_TRUE(resumed) << resumed.error().toString();
    EXPECT_EQ(contents(resumed->snapshot / "sub" / "model one.safetensors"), remote.weights);
}

TEST(Hub, AWrongHashIsRefusedAndLeavesNothing) {
    const TempDir cache;
    FakeHub remote;
    remote.servedWeights = remote.weights;
    remote.servedWeights[7] = 'X';
    const Hub hub = remote.hub(cache.path());
    const auto pulled = hub.pull("org/tiny", {});
    ASSERT_FALSE(pulled);
    EXPECT_EQ(pulled.error().code, ErrorCode::InvalidData);
    EXPECT_NE(pulled.error().toString().find(sha256(remote.weights)), std::string::npos) << pulled.error().toString();
    const fs::path blobs = cache.path() / "models--org--tiny" / "blobs";
    EXPECT_FALSE(fs::exists(blobs / sha256(remote.weights)));
    EXPECT_FALSE(fs::exists(blobs / (sha256(remote.weights) + ".incomplete"))) << "resuming wrong bytes would never end well";
    EXPECT_FALSE(hub.list()->front().complete);
}

TEST(Hub, MoreBytesThanListedAreRefused) {
    const TempDir cache;
    FakeHub remote;
    remote.servedWeights = remote.weights + "more";
    const auto pulled = remote.hub(cache.path()).pull("org/tiny", {});
    ASSERT_FALSE(pulled);
    EXPECT_NE(pulled.error().toString().find("more than the"), std::string::npos) << pulled.error().toString();
}

TEST(Hub, TheTokenGoesToTheHubAndToNoOtherHost) {
    const TempDir cache;
    FakeHub remote;
    const HttpServer cdn([&](const HttpRequest&, const HttpConnection& to) { to.respond(200, "", remote.weights); });
    remote.redirectWeightsTo = cdn.origin();
    const auto pulled = remote.hub(cache.path(), "hf_secret").pull("org/tiny", {});
    ASSERT_TRUE(pulled) << pulled.error().toString();
    for (const HttpRequest& request : remote.server().requests()) {
        ASSERT_TRUE(request.headers.contains("authorization")) << request.target;
        EXPECT_EQ(request.headers.at("authorization"), "Bearer hf_secret");
    }
    const auto forwarded = cdn.requests();
    ASSERT_EQ(forwarded.size(), 1U);
    EXPECT_FALSE(forwarded.front().headers.contains("authorization"));
    for (const auto& [name, value] : forwarded.front().headers) EXPECT_EQ(value.find("hf_secret"), std::string::npos) << name;
}

TEST(Hub, NamesThatLeaveTheFolderAreRefused) {
    for (const std::string name : {"../../evil.json", "/etc/evil.json", "a/../../evil.json", "a//evil.json", "./evil.json",
                                   "..", "a\\..\\evil.json", "", "evil\n.json"}) {
        const TempDir cache;
        FakeHub remote;
        remote.extraSibling = nlohmann::json{{"rfilename", name}, {"size", 1}, {"blobId", std::string(40, 'c')}}.dump();
        const auto pulled = remote.hub(cache.path()).pull("org/tiny", {});
        ASSERT_FALSE(pulled) << name;
        EXPECT_EQ(pulled.error().code, ErrorCode::InvalidData) << name;
        EXPECT_FALSE(fs::exists(cache.path() / "models--org--tiny")) << "refused before a byte is written";
    }
}

TEST(Hub, HashesThatAreNoHashesAreRefused) {
    for (const std::string hash : {"../../../evil", "ABCDEF", "", "zz"}) {
        const TempDir cache;
        FakeHub remote;
        remote.extraSibling = nlohmann::json{{"rfilename", "a.json"}, {"size", 1}, {"blobId", hash}}.dump();
        EXPECT_FALSE(remote.hub(cache.path()).pull("org/tiny", {})) << hash;
    }
}

TEST(Hub, CancellingKeepsWhatArrived) {
    const TempDir cache;
    FakeHub remote;
    std::stop_source source;
    PullOptions options;
    options.progress = [&](const PullProgress& progress) {
        if (progress.fileIndex == 2 && progress.fileBytes > 0) source.request_stop();
    };
    remote.weights.assign(8'000'000, 'w');
    const auto pulled = remote.hub(cache.path()).pull("org/tiny", options, source.get_token());
    ASSERT_FALSE(pulled);
    EXPECT_EQ(pulled.error().code, ErrorCode::Cancelled);
    EXPECT_TRUE(fs::exists(cache.path() / "models--org--tiny" / "blobs" / (sha256(remote.weights) + ".incomplete")));
}

TEST(Hub, GatedAndMissingModelsSaySo) {
    const TempDir cache;
    FakeHub remote;
    const auto gated = remote.hub(cache.path()).pull("org/gated", {});
    ASSERT_FALSE(gated);
    EXPECT_NE(gated.error().toString().find("HF_TOKEN"), std::string::npos);
    const auto missing = remote.hub(cache.path()).pull("org/none", {});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
}

TEST(Hub, VerifyFindsAFlippedByte) {
    const TempDir cache;
    FakeHub remote;
    const Hub hub = remote.hub(cache.path());
    const auto pulled = hub.pull("org/tiny", {});
    ASSERT_TRUE(pulled);
    const auto intact = hub.verify("org/tiny");
    ASSERT_TRUE(intact);
    for (const auto& file : *intact) EXPECT_TRUE(file.matches) << file.file << ": " << file.problem;

    std::fstream blob(cache.path() / "models--org--tiny" / "blobs" / sha256(remote.weights),
                      std::ios::in | std::ios::out | std::ios::binary);
    blob.seekp(1234);
    blob.put('X');
    blob.close();
    const auto files = hub.verify("org/tiny");
    ASSERT_TRUE(files);
    ASSERT_EQ(files->size(), 2U);
    EXPECT_TRUE(files->at(0).matches);
    EXPECT_FALSE(files->at(1).matches);
    EXPECT_NE(files->at(1).problem.find("expected " + sha256(remote.weights)), std::string::npos);
}

TEST(Hub, RemoveFreesTheFolderAndOnlyIt) {
    const TempDir cache;
    FakeHub remote;
    const Hub hub = remote.hub(cache.path());
    ASSERT_TRUE(hub.pull("org/tiny", {}));
    cache.write("models--org--other/refs/main", kCommit);
    const auto freed = hub.remove("org/tiny");
    ASSERT_TRUE(freed) << freed.error().toString();
    EXPECT_GE(*freed, remote.weights.size());
    EXPECT_FALSE(fs::exists(cache.path() / "models--org--tiny"));
    EXPECT_TRUE(fs::exists(cache.path() / "models--org--other"));
    EXPECT_EQ(hub.remove("org/tiny").error().code, ErrorCode::NotFound);
    EXPECT_EQ(hub.find("org/tiny").error().code, ErrorCode::NotFound);
    for (const std::string id : {"..", "../org/tiny", "org/../..", "/", "a/b/c", "org/", "--", "org/.."}) {
        EXPECT_EQ(hub.remove(id).error().code, ErrorCode::Usage) << id;
    }
}

TEST(Hub, AnEmptyOrMissingCacheListsNothing) {
    const TempDir cache;
    HubSettings settings;
    settings.cache = cache.path() / "none";
    const auto models = Hub(settings).list();
    ASSERT_TRUE(models) << models.error().toString();
    EXPECT_TRUE(models->empty());
}

TEST(Hub, AReferenceThatPointsOutsideIsNotFollowed) {
    const TempDir cache;
    cache.write("secret/config.json", "{}");
    cache.write("models--org--tiny/refs/main", "../../../secret");
    HubSettings settings;
    settings.cache = cache.path();
    EXPECT_EQ(Hub(settings).find("org/tiny").error().code, ErrorCode::NotFound);
}

// Sets a variable for one test and puts the old value back.
class Variable {
public:
    Variable(const char* name, const char* value) : m_name(name) {
        if (const char* old = std::getenv(name)) m_old = old;
        if (value == nullptr)
            ::unsetenv(name);
        else
            ::setenv(name, value, 1);
    }
    ~Variable() {
        if (m_old)
            ::setenv(m_name, m_old->c_str(), 1);
        else
            ::unsetenv(m_name);
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    const char* m_name;
    std::optional<std::string> m_old;
};

TEST(Hub, SettingsComeFromTheEnvironmentAsInHuggingface) {
    const TempDir home;
    const Variable noHub("HF_HUB_CACHE", nullptr);
    const Variable noEndpoint("HF_ENDPOINT", nullptr);
    const Variable hfHome("HF_HOME", home.path().c_str());
    {
        const Variable token("HF_TOKEN", " hf_abc \n");
        const auto settings = net::hubSettingsFromEnvironment();
        ASSERT_TRUE(settings) << settings.error().toString();
        EXPECT_EQ(settings->cache, home.path() / "hub");
        EXPECT_EQ(settings->token, "hf_abc");
        EXPECT_EQ(settings->endpoint, "https://huggingface.co");
        EXPECT_FALSE(settings->policy.allowPlainHttp);
        EXPECT_FALSE(settings->policy.allowsAddress);
    }
    const Variable noToken("HF_TOKEN", nullptr);
    home.write("token", "hf_stored\n");
    EXPECT_EQ(net::hubSettingsFromEnvironment()->token, "hf_stored");
    {
        const Variable plain("HF_ENDPOINT", "http://hub.example");
        EXPECT_EQ(net::hubSettingsFromEnvironment().error().code, ErrorCode::Usage) << "a token must not travel in the clear";
    }
    {
        const Variable odd("HF_TOKEN", "a\r\nX-Evil: 1");
        EXPECT_EQ(net::hubSettingsFromEnvironment().error().code, ErrorCode::Usage);
    }
}

}  // namespace
