// Adapters on an open model: by name, switched, added; merged into folders that are proved.
#include "core/engine/session/adapters.h"

#include <ATen/TensorOperators.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "core/data/checkpoint/open_checkpoint.h"
#include "core/data/files/safetensors_file.h"
#include "core/data/files/safetensors_writer.h"
#include "core/engine/session/answer.h"
#include "core/engine/session/merge_adapter.h"
#include "core/engine/session/model_worker.h"
#include "core/engine/session/prompt.h"
#include "core/shared/base/file.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::session {
namespace {

namespace fs = std::filesystem;

std::string golden(const std::string& name) { return test::goldenPath("finetune/" + name).string(); }
std::string adapterFolder(const std::string& name) { return golden(name + "/adapter_final"); }

std::shared_ptr<const Model> load(const std::vector<std::string>& adapters, const std::string& model = golden("model")) {
    ModelRequest request;
    request.model = model;
    request.adapters = adapters;
    request.threads = 1;
    auto loaded = Model::load(request);
    if (!loaded) throw std::runtime_error(loaded.error().toString());
    return *loaded;
}

processor::ProcessedPrompt promptOf(const Model& model, const fs::path& folder) {
    processor::Conversation conversation;
    test::writePicture(folder / "picture.png", 1);
    conversation.images.push_back({image::ImageSource::Kind::Path, (folder / "picture.png").string()});
    std::vector<text::ContentPart> parts;
    parts.push_back({text::ContentPart::Type::Image, "", 0});
    parts.push_back({text::ContentPart::Type::Text, "What colour?", -1});
    conversation.messages.push_back({"user", std::move(parts)});
    auto built = buildPrompt(model.opened(), conversation, {});
    if (!built) throw std::runtime_error(built.error().toString());
    return *built;
}

std::vector<float> logitsOf(Sequence& sequence, const processor::ProcessedPrompt& prompt, ImageFeatureMemory& memory) {
    const auto prefill = sequence.prefill(prompt, memory, {}, {});
    if (!prefill) throw std::runtime_error(prefill.error().toString());
    return {prefill->logits.begin(), prefill->logits.end()};
}

double largestDifference(const std::vector<float>& a, const std::vector<float>& b) {
    double largest = a.size() == b.size() ? 0.0 : INFINITY;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
        largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    return largest;
}

TEST(AdapterSets, NamesAreTheFoldersAndUnique) {
    const auto model = load({adapterFolder("lora"), adapterFolder("dora")});
    AdapterSet set = model->adapters();
    EXPECT_EQ(set.names(), (std::vector<std::string>{"adapter_final", "adapter_final-2"}));
    const auto info = set.add(adapterFolder("lora_vision_lora"), "eyes");
    ASSERT_TRUE(info) << info.error().toString();
    EXPECT_EQ(info->method, "lora");
    EXPECT_EQ(info->deltas, 40);
    EXPECT_EQ(info->parameters, 13312);
    EXPECT_EQ(set.add(adapterFolder("lora"), "eyes").error().code, ErrorCode::Usage);
    EXPECT_EQ(set.use({"nose"}).error().code, ErrorCode::NotFound);
    EXPECT_NE(set.use({"nose"}).error().message.find("eyes"), std::string::npos);
    const std::string first = set.use({"eyes"})->key;
    EXPECT_TRUE(set.remove("eyes"));
    EXPECT_FALSE(set.remove("eyes"));
    ASSERT_TRUE(set.add(adapterFolder("lora"), "eyes"));
    EXPECT_NE(set.use({"eyes"})->key, first) << "another adapter under the old name";
    EXPECT_EQ(set.use({})->get(), nullptr);
    EXPECT_EQ(model->adapters().names().size(), 2U) << "the model's own set stays";
}

TEST(AdapterSets, AMissingFolderIsNamed) {
    ModelRequest request;
    request.model = golden("model");
    request.adapters = {"/nowhere"};
    const auto loaded = Model::load(request);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::NotFound);
    EXPECT_NE(loaded.error().toString().find("--adapter"), std::string::npos);
}

TEST(AdapterSequences, SwitchingGivesWhatAFreshConversationGives) {
    test::TempDir folder;
    const auto base = load({});
    const auto prompt = promptOf(*base, folder.path());
    AdapterSet set = base->adapters();
    ASSERT_TRUE(set.add(adapterFolder("lora"), "lora"));
    ASSERT_TRUE(set.add(adapterFolder("lora_vision_lora"), "vision"));
    Sequence switched(base);
    ImageFeatureMemory memory;  // shared: an adapter of the tower must not be served another's features
    const std::vector<std::vector<std::string>> turns{{}, {"lora"}, {"vision"}, {"lora", "vision"}, {"lora"}, {}};
    std::vector<std::vector<float>> seen;
    for (const auto& names : turns) {
        switched.setAdapter(*set.use(names));
        seen.push_back(logitsOf(switched, prompt, memory));
        std::vector<std::string> folders;
        for (const std::string& name : names) folders.push_back(adapterFolder(name == "lora" ? "lora" : "lora_vision_lora"));
        const auto own = load(folders);
        Sequence fresh(own);
        ImageFeatureMemory empty;
        EXPECT_LT(largestDifference(seen.back(), logitsOf(fresh, prompt, empty)), 1e-5);
    }
    for (std::size_t i = 1; i < 4; ++i) EXPECT_GT(largestDifference(seen[i], seen[0]), 0.01) << i;
    EXPECT_EQ(largestDifference(seen[5], seen[0]), 0.0);
    // The same adapters again: the cache stays.
    switched.setAdapter(*set.use({}));
    const auto again = switched.prefill(prompt, memory, {}, {});
    EXPECT_EQ(again->reusedTokens, static_cast<std::int64_t>(prompt.ids.size()) - 1);
}

// States of the base's tower do not serve an adapter that changes it; one of the language model alone shares them.
TEST(AdapterSequences, StatesOnDiskServeWhoHasTheSameTower) {
    test::TempDir folder;
    const auto with = [&](const std::string& adapter, const std::string& cache) {
        ModelRequest request;
        request.model = golden("model");
        if (!adapter.empty()) request.adapters = {adapterFolder(adapter)};
        request.threads = 1;
        request.visionCache = cache;
        return *Model::load(request);
    };
    const auto look = [&](const std::string& adapter, const std::string& cache) {
        const auto model = with(adapter, cache);
        Sequence sequence(model);
        ImageFeatureMemory memory;
        const auto prefill = sequence.prefill(promptOf(*model, folder.path()), memory, {}, {});
        return std::pair(std::vector<float>(prefill->logits.begin(), prefill->logits.end()), prefill->reusedViews);
    };
    const std::string cache = folder.path() / "vision";
    EXPECT_EQ(look("", cache).second, 0);
    EXPECT_EQ(look("lora", cache), std::pair(look("lora", "off").first, std::int64_t{1}));
    EXPECT_EQ(look("lora_vision_lora", cache), look("lora_vision_lora", "off"));
}

TEST(AdapterSequences, BatchesAndScoresUseTheAdapterToo) {
    test::TempDir folder;
    const auto base = load({}), with = load({adapterFolder("lora")});
    const auto prompt = promptOf(*with, folder.path());
    const std::vector<processor::ProcessedPrompt> prompts{prompt, prompt};
    AnswerSettings settings;
    settings.maxNewTokens = 6;
    ImageFeatureMemory memory;
    const auto batch = answerBatch(*with, memory, prompts, settings);
    Sequence sequence(with);
    const auto single = answer(*with, sequence, memory, prompt, settings);
    ASSERT_TRUE(batch && single);
    EXPECT_EQ((*batch)[1].ids, single->ids);
    Sequence plain(base);
    EXPECT_NE(answer(*base, plain, memory, prompt, settings)->ids, single->ids);
}

// The engine's worker: an adapter is loaded, named in a chat, left out, forgotten; the base stays.
class AdapterRequests : public testing::Test {
protected:
    AdapterRequests()
        : m_fd(::open((m_folder.path() / "events").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)),
          m_events(m_fd),
          m_worker(m_events, m_holder) {}
    ~AdapterRequests() override { ::close(m_fd); }

    Result<protocol::DoneEvent> handle(protocol::RequestBody body) { return m_worker.handle({{++m_id, std::move(body)}, {}}); }
    static protocol::LoadRequest loadRequest(std::vector<std::string> adapters) {
        protocol::LoadRequest request;
        request.model = golden("model");
        request.adapters = std::move(adapters);
        request.threads = 1;
        return request;
    }
    std::string answerWith(const std::optional<std::vector<std::string>>& adapters) {
        protocol::ChatRequest chat;
        chat.messages = {{"user", {{protocol::ContentPart::Type::Text, "What colour?", "", "", {}}}}};
        chat.maxNewTokens = 6;
        chat.adapters = adapters;
        const auto done = handle(chat);
        if (!done) return done.error().toString();
        std::string ids;
        for (const auto& event : events()) {
            const auto* token = std::get_if<protocol::TokenEvent>(&event.body);
            if (token != nullptr && event.id == m_id) ids += std::to_string(token->token) + " ";
        }
        return ids;
    }
    std::vector<protocol::Event> events() {
        std::ifstream file(m_folder.path() / "events");
        std::vector<protocol::Event> all;
        for (std::string line; std::getline(file, line);) {
            auto event = protocol::parseEvent(line);
            if (event) all.push_back(*event);
        }
        return all;
    }

    test::TempDir m_folder;
    int m_fd;
    EventWriter m_events;
    ModelHolder m_holder;
    ModelWorker m_worker;
    std::int64_t m_id = 0;
};

TEST_F(AdapterRequests, AreLoadedNamedAndForgotten) {
    EXPECT_EQ(handle(protocol::LoadAdapterRequest{adapterFolder("lora"), "red"}).error().code, ErrorCode::Usage) << "no model";
    ASSERT_TRUE(handle(loadRequest({})));
    const auto network = &m_holder.get()->network();
    const std::string plain = answerWith(std::nullopt);
    ASSERT_TRUE(handle(protocol::LoadAdapterRequest{adapterFolder("lora"), "red"}));
    const auto event = std::get<protocol::AdapterEvent>(events().back().body);
    EXPECT_EQ(event.name, "red");
    EXPECT_EQ(event.modules, 28);
    ASSERT_TRUE(handle(protocol::LoadAdapterRequest{adapterFolder("dora"), "blue"}));
    EXPECT_EQ(answerWith(std::nullopt), plain) << "loaded is not used";
    const std::string red = answerWith(std::vector<std::string>{"red"}), blue = answerWith(std::vector<std::string>{"blue"});
    EXPECT_NE(red, plain);
    EXPECT_NE(blue, plain);
    EXPECT_NE(red, blue);
    EXPECT_EQ(answerWith(std::vector<std::string>{}), plain);
    EXPECT_EQ(answerWith(std::vector<std::string>{"red"}), red);
    EXPECT_EQ(&m_holder.get()->network(), network) << "the base is not read again";
    ASSERT_TRUE(handle(protocol::UnloadAdapterRequest{"red"}));
    EXPECT_NE(answerWith(std::vector<std::string>{"red"}).find("no adapter 'red'"), std::string::npos);
    // Those of `load` answer where a chat names none.
    ASSERT_TRUE(handle(loadRequest({adapterFolder("lora")})));
    EXPECT_EQ(answerWith(std::nullopt), red);
    EXPECT_EQ(answerWith(std::vector<std::string>{}), plain);
}

class Merging : public testing::Test {
protected:
    Result<MergeReport> merge(const std::vector<std::string>& adapters, const fs::path& model = golden("model")) {
        MergeRequest request;
        request.model = model.string();
        request.adapters = adapters;
        request.output = output();
        return mergeAdapter(request);
    }
    [[nodiscard]] fs::path output() const { return m_folder.path() / "merged"; }
    // A copy of the golden adapter with another configuration, or other numbers.
    fs::path copyOf(const std::string& name, const std::function<void(checkpoint::PeftAdapter&)>& change) {
        const auto config = checkpoint::openCheckpoint(golden("model"))->config;
        auto adapter = *checkpoint::openPeftAdapter(adapterFolder(name), config);
        change(adapter);
        EXPECT_TRUE(checkpoint::writePeftAdapter(m_folder.path() / "copy", adapter));
        return m_folder.path() / "copy";
    }
    // The golden model with its weights in bfloat16.
    fs::path roundedModel() {
        const fs::path folder = m_folder.path() / "bf16";
        fs::create_directories(folder);
        for (const auto& entry : fs::directory_iterator(golden("model"))) {
            if (entry.path().extension() != ".safetensors") fs::copy_file(entry.path(), folder / entry.path().filename());
        }
        const auto file = *files::SafetensorsFile::open(golden("model/model.safetensors"));
        std::vector<files::TensorToWrite> tensors;
        std::vector<std::vector<std::byte>> kept;
        for (const auto& tensor : file->tensors()) {
            const auto bytes = file->bytes(tensor);
            std::vector<std::byte> rounded;
            for (std::size_t i = 0; i < bytes.size(); i += 4) {  // the upper half of a float32
                rounded.push_back(bytes[i + 2]);
                rounded.push_back(bytes[i + 3]);
            }
            kept.push_back(std::move(rounded));
            tensors.push_back({{tensor.name, "BF16", tensor.shape}, kept.back()});
        }
        EXPECT_TRUE(files::writeSafetensors(folder / "model.safetensors", tensors));
        return folder;
    }

    test::TempDir m_folder;
};

TEST_F(Merging, TheFolderAnswersAsBaseAndAdapter) {
    for (const std::string name : {"lora", "dora", "lora_vision_lora"}) {
        fs::remove_all(output());
        const auto report = merge({adapterFolder(name)});
        ASSERT_TRUE(report) << name << ": " << report.error().toString();
        EXPECT_EQ(report->tensors, 93);
        EXPECT_EQ(report->changedTensors, name == "lora_vision_lora" ? 40 : 28);
        EXPECT_EQ(report->touchedTensors, report->changedTensors);
        EXPECT_LT(report->mergedToAdapter, 3e-5) << name;
        EXPECT_GT(report->mergedToBase, 0.1) << name;
        for (const char* file : {"config.json", "tokenizer.json", "chat_template.jinja", "generation_config.json"})
            EXPECT_EQ(*readFile(output() / file, 1 << 20), test::goldenText(std::string("finetune/model/") + file));
        EXPECT_FALSE(fs::exists(output().string() + ".partial"));
        // As a user would open it.
        const auto merged = load({}, output().string()), base = load({adapterFolder(name)});
        const auto prompt = promptOf(*merged, m_folder.path());
        Sequence first(merged), second(base);
        ImageFeatureMemory ofFirst, ofSecond;
        EXPECT_LT(largestDifference(logitsOf(first, prompt, ofFirst), logitsOf(second, prompt, ofSecond)), 3e-5) << name;
    }
}

TEST_F(Merging, Bfloat16IsRoundedOnceAndProvedWithinItsRounding) {
    const auto report = merge({adapterFolder("lora")}, roundedModel());
    ASSERT_TRUE(report) << report.error().toString();
    EXPECT_EQ(report->changedTensors, 28);
    EXPECT_GT(report->tolerance, 1e-3);
    EXPECT_GT(report->mergedToAdapter, 1e-5) << "rounding is there";
    EXPECT_GT(report->mergedToBase, 0.1);
}

TEST_F(Merging, SeveralAdaptersAreAdded) {
    const auto report = merge({adapterFolder("lora"), adapterFolder("lora_grad_accum")});
    ASSERT_TRUE(report) << report.error().toString();
    EXPECT_LT(report->mergedToAdapter, 3e-5);
    fs::remove_all(output());
    EXPECT_EQ(merge({adapterFolder("lora"), adapterFolder("dora")}).error().code, ErrorCode::Unsupported);
}

TEST_F(Merging, NothingIsOverwrittenAndNothingHalfDoneIsLeft) {
    fs::create_directories(output());
    EXPECT_EQ(merge({adapterFolder("lora")}).error().code, ErrorCode::Usage);
    EXPECT_TRUE(fs::is_empty(output()));
    fs::remove_all(output());
    // A merge that was killed leaves a partial folder; the next one takes its place.
    fs::create_directories(output().string() + ".partial");
    std::ofstream(output().string() + ".partial/model.safetensors") << "half";
    EXPECT_EQ(merge({adapterFolder("lora")}).error().code, ErrorCode::Usage) << "somebody's own folder";
    EXPECT_TRUE(fs::exists(output().string() + ".partial/model.safetensors"));
    std::ofstream(output().string() + ".partial/lapidary-unfinished") << "";
    std::ofstream(output().string() + ".partial/junk") << "half";
    ASSERT_TRUE(merge({adapterFolder("lora")}));
    EXPECT_FALSE(fs::exists(output() / "junk"));
    EXPECT_FALSE(fs::exists(output() / "lapidary-unfinished"));
    fs::remove_all(output());
    std::stop_source stop;
    MergeRequest request;
    request.model = golden("model");
    request.adapters = {adapterFolder("lora")};
    request.output = output();
    request.onProgress = [&](const std::string&, double fraction) {
        if (fraction > 0.5) stop.request_stop();
    };
    EXPECT_EQ(mergeAdapter(request, stop.get_token()).error().code, ErrorCode::Cancelled);
    EXPECT_FALSE(fs::exists(output()));
    EXPECT_FALSE(fs::exists(output().string() + ".partial"));
}

// Specification of faults 57.
using Fault57Merge = Merging;

TEST_F(Fault57Merge, AMergeThatEqualsTheBaseIsNoMerge) {
    const fs::path nothing = copyOf("lora", [](checkpoint::PeftAdapter& adapter) {
        for (auto& tensor : adapter.tensors) {
            if (tensor.role != checkpoint::PeftRole::B) continue;
            auto zeros = std::make_shared<std::vector<std::byte>>(tensor.bytes.size());
            tensor.bytes = *zeros;
            tensor.owner = zeros;
        }
    });
    const auto report = merge({nothing.string()});
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::Different);
    EXPECT_FALSE(fs::exists(output()));
    EXPECT_FALSE(fs::exists(output().string() + ".partial"));
}

TEST_F(Fault57Merge, WhatCannotBeMergedIsRefused) {
    const fs::path bypass = copyOf("lora", [](checkpoint::PeftAdapter& adapter) { adapter.spec.postNormBypass = true; });
    EXPECT_EQ(merge({bypass.string()}).error().code, ErrorCode::Unsupported);
    const fs::path rank = copyOf("lora", [](checkpoint::PeftAdapter& adapter) { adapter.spec.r = 8; });
    EXPECT_EQ(merge({rank.string()}).error().code, ErrorCode::InvalidData);
    test::TempDir other;
    test::buildTinyVisionModel(other.path() / "model");
    EXPECT_EQ(merge({adapterFolder("lora")}, other.path() / "model").error().code, ErrorCode::InvalidData) << "another base";
    const fs::path untied = copyOf("lora", [](checkpoint::PeftAdapter& adapter) {
        auto values = std::make_shared<std::vector<std::byte>>(464 * 48 * 4);
        adapter.spec.modulesToSave = {"embed_tokens"};
        adapter.tensors.push_back({"language_model.model.embed_tokens.weight",
                                   checkpoint::PeftRole::Saved,
                                   kernels::BlockFormat::F32,
                                   {464, 48},
                                   *values,
                                   values});
    });
    EXPECT_EQ(merge({untied.string()}).error().code, ErrorCode::Unsupported);
    EXPECT_FALSE(fs::exists(output()));
}

TEST(MergeTolerance, GrowsWithTheTypesRoundingAndTheMatrices) {
    EXPECT_DOUBLE_EQ(mergeTolerance(0x1p-23, 4, 1.0), 3e-5) << "float32: the sums' own rounding";
    EXPECT_DOUBLE_EQ(mergeTolerance(0x1p-7, 4, 10.0), 0.5 * 0x1p-7 * 2.0 * 10.0);
}

}  // namespace
}  // namespace lapidary::session
