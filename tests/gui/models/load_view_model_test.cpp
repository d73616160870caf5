#include "gui/models/load_view_model.h"

#include <gtest/gtest.h>

#include <QFile>
#include <QTest>
#include <filesystem>

#include "tests/support/fake_engine.h"
#include "tests/support/temp_dir.h"

namespace lapidary::gui {
namespace {

using protocol::ForecastRequest;

class LoadViewModelTest : public testing::Test {
protected:
    // A program that inspects: with a vision part it tells of one, and it writes down what it was asked.
    LoadViewModelTest() {
        const std::string asked = (m_folder.path() / "asked").string();
        const auto program = m_folder.write("lapidary", "#!/bin/sh\necho \"$*\" >> '" + asked +
                                                            "'\ncase \"$*\" in *--mmproj*) v=7;; *) v=0;; esac\n"
                                                            "echo '{\"parts\": {\"total\": {\"parameters\": 100}, \"vision\": "
                                                            "{\"parameters\": '$v'}}, \"formats\": [\"Q4_0\"]}'\n");
        std::filesystem::permissions(program, std::filesystem::perms::owner_all);
        m_program = QString::fromStdString(program.string());
        engine.always<ForecastRequest>({protocol::ForecastEvent(), protocol::DoneEvent()});
    }
    [[nodiscard]] std::string file(const std::string& name) const { return m_folder.write("m/" + name, "x").string(); }
    [[nodiscard]] std::unique_ptr<LoadViewModel> open(const std::string& model) {
        return std::make_unique<LoadViewModel>(engine, m_program, QString::fromStdString(model));
    }
    static bool waitFor(const std::function<bool()>& happens) { return QTest::qWaitFor(happens, 10'000); }

    lapidary::test::FakeEngine engine;

private:
    lapidary::test::TempDir m_folder;
    QString m_program;
};

TEST_F(LoadViewModelTest, TheVisionPartBesideAGgufIsFound) {
    const std::string tower = file("mmproj-gemma.gguf");
    const auto model = open(file("gemma.gguf"));
    EXPECT_TRUE(model->takesVisionPart());
    ASSERT_TRUE(waitFor([&] { return model->hasVision(); }));
    EXPECT_EQ(model->choice().mmproj, tower);
    ASSERT_TRUE(waitFor([&] { return engine.requestsOf<ForecastRequest>().back().second.mmproj == tower; }));
    // Without it the model reads text alone, and says so.
    protocol::LoadRequest without = model->choice();
    without.mmproj.clear();
    model->choose(without);
    ASSERT_TRUE(waitFor([&] { return !model->hasVision(); }));
    EXPECT_EQ(model->formats(), QStringLiteral("Q4_0"));
}

TEST_F(LoadViewModelTest, OfTwoVisionPartsNoneIsChosen) {
    static_cast<void>(file("mmproj-a.gguf"));
    static_cast<void>(file("mmproj-b.gguf"));
    const auto model = open(file("gemma.gguf"));
    ASSERT_TRUE(waitFor([&] { return model->isInspected(); }));
    QTest::qWait(300);  // the search has long ended
    EXPECT_TRUE(model->choice().mmproj.empty());
    EXPECT_FALSE(model->hasVision());
}

TEST_F(LoadViewModelTest, OtherModelsHaveTheirTowerWithin) {
    static_cast<void>(file("mmproj-gemma.gguf"));
    const auto model = open("google/gemma-3-4b-it");
    EXPECT_FALSE(model->takesVisionPart());
    ASSERT_TRUE(waitFor([&] { return model->isInspected(); }));
    EXPECT_TRUE(model->choice().mmproj.empty());
}

// What is free is that of the device that was chosen, and the sentence names it where it is not the machine's own memory.
TEST_F(LoadViewModelTest, TheVerdictIsOfTheChosenDevice) {
    constexpr std::int64_t kGib = std::int64_t{1} << 30;
    engine.always<ForecastRequest>([](const ForecastRequest& request) -> lapidary::test::FakeEngine::Events {
        const bool gpu = request.device == "cuda:0";
        return {protocol::ForecastEvent{{}, 8 * kGib, gpu ? 6 * kGib : 10 * kGib, 4096, gpu ? "cuda:0" : "cpu"},
                protocol::DoneEvent()};
    });
    const auto model = open("google/gemma-3-4b-it");
    engine.settle();
    EXPECT_EQ(engine.requestsOf<ForecastRequest>().back().second.device, "auto");
    EXPECT_TRUE(model->verdict().startsWith("Fits")) << model->verdict().toStdString();
    EXPECT_FALSE(model->verdict().contains("cpu"));
    protocol::LoadRequest choice = model->choice();
    choice.device = "cuda:0";
    model->choose(choice);
    ASSERT_TRUE(waitFor([&] { return model->verdict().startsWith("Does not fit"); }));
    EXPECT_TRUE(model->verdict().contains("cuda:0")) << model->verdict().toStdString();
    EXPECT_FALSE(model->verdict().contains("quantise")) << model->verdict().toStdString();
}

}  // namespace
}  // namespace lapidary::gui
