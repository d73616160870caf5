// `lapidary finetune` before a run: recipes, differences, refusals, memory.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/process/verbs_fixture.h"

namespace lapidary::test {
namespace {

using nlohmann::json;

Finished finetune(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment = {}) {
    arguments.insert(arguments.begin(), "finetune");
    ChildProcess child(arguments, environment);
    child.closeInput();
    return child.wait();
}

TEST_F(Verbs, FinetuneDryRunPrintsARecipeThatItReads) {
    const Finished first =
        finetune({"--recipe", "gemma3_vl_4b_finetune_config", "--peft_scheme", "lora", "--dry-run", "train.train_iters=50"});
    ASSERT_EQ(first.code, 0) << first.err;
    EXPECT_NE(first.err.find("train.train_iters: 300000 -> 50"), std::string::npos) << first.err;
    EXPECT_NE(first.err.find("The weight decay in effect is 0.033"), std::string::npos) << first.err;
    EXPECT_NE(first.err.find("scheduler.lr_warmup_iters 500 would not be over before the decay ends at 50; 5 is used"),
              std::string::npos);
    const json recipe = json::parse(first.out);
    EXPECT_EQ(recipe["scheduler"]["lr_warmup_iters"], 5);
    const Finished again = finetune({"--recipe", file("r.json", first.out), "--dry-run", "--json"}, {{"SAVE_DIR", "/my runs"}});
    ASSERT_EQ(again.code, 0) << again.err;
    const json document = json::parse(again.out);
    EXPECT_EQ(document["recipe"], recipe);
    EXPECT_EQ(document["base"], "gemma3_vl_4b_finetune_config");
    EXPECT_EQ(document["diff"].size(), 2U) << document["diff"];
    EXPECT_EQ(document["folder"], "/my runs/gemma3_vl_finetune");
    EXPECT_EQ(document["refused"], nullptr);
}

TEST_F(Verbs, FinetuneRefusesWithTheOverridesToType) {
    const Finished run = finetune({"--recipe", "gemma3_vl_27b_finetune_config"});
    EXPECT_EQ(run.code, 3) << run.err;
    EXPECT_NE(run.err.find("add: model.tensor_model_parallel_size=1 model.pipeline_model_parallel_size=1"), std::string::npos)
        << run.err;
    EXPECT_EQ(run.out, "");
    const Finished shown = finetune({"--recipe", "gemma3_vl_27b_finetune_config", "--dry-run", "--json"});
    EXPECT_EQ(shown.code, 0);
    EXPECT_NE(json::parse(shown.out)["refused"].get<std::string>().find("tensor parallelism 8"), std::string::npos);
}

TEST_F(Verbs, Fault61FinetuneNamesWhatItCannotRead) {
    const Finished unknown = finetune({"--recipe", "270m", "--dry-run", "optimizer.lrr=1"});
    EXPECT_EQ(unknown.code, 3) << unknown.err;
    EXPECT_NE(unknown.err.find("unknown key 'optimizer.lrr'; did you mean 'optimizer.lr'?"), std::string::npos) << unknown.err;
    EXPECT_EQ(finetune({"--recipe", "270m", "--dry-run", "optimizer.lr"}).code, 2);
    EXPECT_EQ(finetune({"--recipe", "270m", "--dry-run", "--config-file", file("bomb.yaml", "a: &a [1]\nb: [*a, *a]\n")}).code,
              3);
    EXPECT_EQ(finetune({"--dry-run"}).code, 2);
    const Finished data = finetune({"--recipe", "270m"});
    EXPECT_EQ(data.code, 2);
    EXPECT_NE(data.err.find("--data-path FILE"), std::string::npos) << data.err;
}

TEST_F(Verbs, FinetuneRefusesADeviceBeforeAnythingIsWritten) {
    const std::vector<std::string> words{"--recipe",       "270m", "--model",    text(),
                                         "--dataset-type", "mock", "--save-dir", path("runs")};
    const auto on = [&](const char* device, const std::map<std::string, std::string>& environment) {
        std::vector<std::string> all = words;
        all.insert(all.end(), {"--device", device, "train.global_batch_size=2", "train.micro_batch_size=1"});
        return finetune(all, environment);
    };
    const Finished unknown = on("gpu", {});
    EXPECT_EQ(unknown.code, 2) << unknown.err;
    EXPECT_NE(unknown.err.find("expected auto, cpu, cuda or cuda:N, found 'gpu'"), std::string::npos) << unknown.err;
    const Finished shared =
        on("cuda:0", {{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", "29511"}});
    EXPECT_EQ(shared.code, 2) << shared.err;
    EXPECT_NE(shared.err.find("2 ranks of one machine cannot share 'cuda:0'"), std::string::npos) << shared.err;
    EXPECT_FALSE(std::filesystem::exists(path("runs")));
}

TEST_F(Verbs, FinetuneEstimatesMemoryByItem) {
    const Finished lora = finetune({"--recipe", "270m", "--model", text(), "--estimate", "--json"});
    ASSERT_EQ(lora.code, 0) << lora.err;
    const json small = json::parse(lora.out);
    EXPECT_GT(small["bytes"]["adapter"], 0);
    EXPECT_GT(small["mapped_bytes"], 0);
    const json full =
        json::parse(finetune({"--recipe", "270m", "--model", text(), "--peft", "none", "--estimate", "--json"}).out);
    EXPECT_EQ(full["bytes"]["optimizer states"], 8 * full["trainable_parameters"].get<std::int64_t>());
    EXPECT_EQ(full["mapped_bytes"], 0);
    // A released model is known by its name; each stage has a forecast of its own.
    const Finished absent = finetune({"--recipe", "gemma3_vl_4b_peft_config", "--estimate"}, {{"HF_HOME", path("no-cache")}});
    ASSERT_EQ(absent.code, 0) << absent.err;
    EXPECT_NE(absent.out.find("total, private"), std::string::npos);
    const Finished stages = finetune({"--recipe", "demo", "--model", vision(), "--estimate", "--json"});
    ASSERT_EQ(stages.code, 0) << stages.err;
    EXPECT_EQ(json::parse(stages.out).size(), json::parse(finetune({"--recipe", "demo", "--dry-run"}).out)["stages"].size());
}

// Another process saves, pauses, resumes and stops a run by words.
TEST_F(Verbs, FinetuneTellsARunWhatToDo) {
    const std::string rows = json{{"prompt", "Number?"}, {"answer", "It is 7"}}.dump() + "\n";
    ChildProcess child({"finetune",
                        "--recipe",
                        "270m",
                        "--peft",
                        "none",
                        "--model",
                        text(),
                        "--data-path",
                        file("train.jsonl", rows),
                        "--save-dir",
                        path("runs"),
                        "--max-steps",
                        "1000000",
                        "--threads",
                        "1",
                        "--json",
                        "run.name=told",
                        "train.global_batch_size=1",
                        "validation.eval_iters=0",
                        "checkpoint.save_interval=1000000",
                        "scheduler.lr_decay_iters=1000"});
    const auto waitFor = [&](const char* type, const char* kind = nullptr) {
        for (auto line = child.readLine(); line; line = child.readLine()) {
            const json event = json::parse(*line);
            if (event["type"] == type && (kind == nullptr || event["kind"] == kind)) return;
        }
        FAIL() << "no " << type << ": " << child.wait().err;
    };
    const auto tell = [&](const std::string& word) {
        const Finished told = finetune({"--recipe", path("runs/told"), "--tell", word});
        EXPECT_EQ(told.code, 0) << told.err;
    };
    waitFor("step");
    tell("save");
    waitFor("saved");
    tell("pause");
    waitFor("notice", "paused");
    tell("resume");
    waitFor("notice", "resumed");
    waitFor("step");
    tell("stop");
    waitFor("run_finished");
    EXPECT_EQ(child.wait().code, 5);
    EXPECT_EQ(finetune({"--recipe", "270m", "--tell", "stop"}, {{"SAVE_DIR", path("nowhere")}}).code, 3) << "there is no run";
    EXPECT_EQ(finetune({"--recipe", path("runs/told"), "--tell", "applaud"}).code, 2);
}

}  // namespace
}  // namespace lapidary::test
