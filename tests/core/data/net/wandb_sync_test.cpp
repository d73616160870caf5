#include "core/data/net/wandb_sync.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/support/temp_dir.h"

namespace lapidary::net {
namespace {

using Clock = std::chrono::steady_clock;

// A folder with a `wandb` script, and the settings of a run beside it.
class FakeWandb {
public:
    explicit FakeWandb(const std::string& script) {
        const auto program = m_folder.write("bin/wandb", "#!/bin/sh\n" + script + "\n");
        ::chmod(program.c_str(), 0755);
    }
    [[nodiscard]] std::filesystem::path file(const std::string& name) const { return m_folder.path() / name; }
    [[nodiscard]] WandbSettings settings() const {
        return {"my project", std::nullopt, "run-1", file("tb logs"), file("wandb.log")};
    }
    [[nodiscard]] std::string searchPath() const { return "/no/such/folder::relative:" + file("bin").string(); }
    // The text of a file as soon as it holds `expected`, at most ten seconds later.
    [[nodiscard]] std::string waitFor(const std::string& name, const std::string& expected) const {
        std::string text;
        for (const auto end = Clock::now() + std::chrono::seconds(10); Clock::now() < end;) {
            std::ifstream stream(file(name));
            text.assign(std::istreambuf_iterator<char>(stream), {});
            if (text.find(expected) != std::string::npos) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return text;
    }

private:
    test::TempDir m_folder;
};

TEST(WandbSync, CallsItsProgramWithTheRunsFiles) {
    const FakeWandb fake(R"(for each in "$@"; do echo "[$each]"; done; echo key:$WANDB_TEST_WORD; cat; echo done)");
    ::setenv("WANDB_TEST_WORD", "inherited", 1);
    WandbSettings settings = fake.settings();
    settings.entity = "me";
    WandbSync sync(settings, "secret", fake.searchPath());
    EXPECT_EQ(sync.whyOff(), "");
    const auto outcome = sync.start();
    ASSERT_TRUE(outcome) << outcome.error().toString();
    EXPECT_EQ(*outcome, WandbSync::Outcome::Started);
    // Standard input is empty, so that cat comes back; the key is handed on in the environment alone.
    EXPECT_EQ(fake.waitFor("wandb.log", "done\n"),
              "[sync]\n[--sync-tensorboard]\n[--id]\n[run-1]\n[--project]\n[my project]\n[--entity]\n[me]\n[" +
                  fake.file("tb logs").string() + "]\nkey:inherited\ndone\n");
    EXPECT_EQ(sync.command(), "wandb sync --sync-tensorboard --id run-1 --project 'my project' --entity me '" +
                                  fake.file("tb logs").string() + "'");
}

TEST(Fault50, AnUploadThatHangsBlocksNothingAndIsNotDoubled) {
    const FakeWandb fake("echo $$ > \"$(dirname \"$0\")/../pid\"; exec sleep 600");
    {
        WandbSync sync(fake.settings(), "secret", fake.searchPath());
        const auto begin = Clock::now();
        ASSERT_EQ(sync.start().value(), WandbSync::Outcome::Started);
        ASSERT_EQ(sync.start().value(), WandbSync::Outcome::StillBusy);
        // Another process of the same run (a resumed one) sees it too.
        WandbSync other(fake.settings(), "secret", fake.searchPath());
        EXPECT_EQ(other.start().value(), WandbSync::Outcome::StillBusy);
        EXPECT_LT(Clock::now() - begin, std::chrono::seconds(5));
    }
    // The run has ended; the upload goes on in a session of its own.
    const pid_t pid = std::stoi(fake.waitFor("pid", "\n"));
    EXPECT_EQ(::kill(pid, 0), 0);
    EXPECT_EQ(::getsid(pid), pid);
    ::kill(pid, SIGKILL);
    WandbSync next(fake.settings(), "secret", fake.searchPath());
    auto outcome = next.start();
    for (int i = 0; i < 1000 && outcome.value() == WandbSync::Outcome::StillBusy; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        outcome = next.start();
    }
    EXPECT_EQ(outcome.value(), WandbSync::Outcome::Started);
    const std::string before = std::to_string(pid) + "\n";
    std::string now = before;
    for (int i = 0; i < 1000 && now == before; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        now = fake.waitFor("pid", "\n");
    }
    ASSERT_NE(now, before);
    ::kill(std::stoi(now), SIGKILL);
}

TEST(Fault50, AnUploadThatFailsIsTriedAgain) {
    const FakeWandb fake("echo no network; exit 1");
    WandbSync sync(fake.settings(), "secret", fake.searchPath());
    ASSERT_EQ(sync.start().value(), WandbSync::Outcome::Started);
    (void)fake.waitFor("wandb.log", "no network\n");
    for (int i = 0; i < 1000; ++i) {
        if (sync.start().value() == WandbSync::Outcome::Started) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(fake.waitFor("wandb.log", "no network\nno network\n"), "no network\nno network\n");
}

TEST(WandbSync, SaysInOneSentenceWhyItIsOff) {
    const FakeWandb fake("exit 0");
    WandbSync withoutKey(fake.settings(), std::nullopt, fake.searchPath());
    EXPECT_EQ(withoutKey.whyOff(),
              "Nothing is sent to Weights & Biases, because WANDB_API_KEY is not set; the curves are in '" +
                  fake.file("tb logs").string() + "'.");
    EXPECT_EQ(withoutKey.start().value(), WandbSync::Outcome::Off);
    EXPECT_FALSE(std::filesystem::exists(fake.file("wandb.log")));
    EXPECT_NE(WandbSync(fake.settings(), "", fake.searchPath()).whyOff(), "");
    const WandbSync withoutProgram(fake.settings(), "secret", "/no/such/folder");
    EXPECT_NE(withoutProgram.whyOff().find("no program 'wandb' on the PATH"), std::string::npos);
}

TEST(WandbSync, TakesNoProgramFromTheWorkingFolderNorOneThatCannotRun) {
    const test::TempDir folder;
    folder.write("wandb", "#!/bin/sh\n");
    WandbSettings settings{"p", std::nullopt, "r", folder.path(), folder.path() / "log"};
    EXPECT_NE(WandbSync(settings, "secret", folder.path().string()).whyOff(), "");
    ::chmod((folder.path() / "wandb").c_str(), 0755);
    EXPECT_EQ(WandbSync(settings, "secret", folder.path().string()).whyOff(), "");
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    EXPECT_NE(WandbSync(settings, "secret", ":.:").whyOff(), "");
    std::filesystem::current_path(before);
}

TEST(WandbSync, RunIdsArePlain) {
    EXPECT_EQ(wandbRunId("a/b c.d_e-9"), "a-b-c-d_e-9");
    EXPECT_EQ(wandbRunId(""), "run");
    EXPECT_EQ(wandbRunId(std::string(100, 'x')).size(), 64U);
}

}  // namespace
}  // namespace lapidary::net
