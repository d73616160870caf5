#include "gui/window/engine_notices.h"

#include <gtest/gtest.h>

#include <csignal>

namespace lapidary::gui {
namespace {

constexpr std::int64_t kGigabyte = 1'000'000'000;

EngineDeath killed() {
    EngineDeath death;
    death.kind = EngineDeath::Kind::Killed;
    death.code = SIGKILL;
    return death;
}

std::string said(const DeathScene& scene) { return noticeOf(killed(), scene).text.toStdString(); }

// The kernel ends what wants too much, and so does anybody who may: the memory that is free afterwards tells which is likelier.
TEST(EngineNotices, AKilledEngineWantedMemoryOnlyWhereLittleIsFree) {
    const std::string tight = said(
        {.inAnswer = true, .hadModel = true, .weightBytes = 8 * kGigabyte, .context = 4096, .availableBytes = 9 * kGigabyte});
    EXPECT_NE(tight.find("most likely for want of memory: the model's weights take"), std::string::npos) << tight;
    EXPECT_NE(tight.find("4,096"), std::string::npos) << tight;
    const std::string ample =
        said({.inAnswer = true, .hadModel = true, .weightBytes = kGigabyte, .context = 4096, .availableBytes = 20 * kGigabyte});
    EXPECT_NE(ample.find("ended from outside (signal 9)"), std::string::npos) << ample;
    EXPECT_EQ(ample.find("most likely"), std::string::npos) << ample;
}

TEST(EngineNotices, TooLongForTheContextSaysBothFiguresAndWhatToChange) {
    for (const char* words :
         {"the prompt takes 3228 tokens, 144 of them for 9 views of pictures, but the context holds 150",
          "the prompt takes more than 3228 tokens, 3228 of them for 9 views of pictures, but the context holds 150"}) {
        const Notice notice = noticeOf(protocol::ErrorEvent{"invalid_data", words, {}});
        EXPECT_NE(notice.text.toStdString().find("takes 3,228 tokens, and the context holds 150"), std::string::npos)
            << notice.text.toStdString();
        EXPECT_EQ(notice.details.toStdString(), words);
    }
}

}  // namespace
}  // namespace lapidary::gui
