// Pictures of a conversation in both themes, for people to look at: <build>/screenshots/conversation-*.png.
#include <gtest/gtest.h>

#include <QApplication>
#include <QDir>
#include <cmath>

#include "gui/chat_widgets/message_list_view.h"
#include "tests/gui/chat_widgets/sample_conversation.h"
#include "tests/support/places.h"

namespace lapidary::gui {
namespace {

using test::message;
using test::textPart;

Picture picture(const char* name, int width, int height) {
    Picture made;
    made.name = QString::fromUtf8(name);
    made.path = QStringLiteral("/pictures/") + made.name;
    made.width = width;
    made.height = height;
    return made;
}

Message measured(Message answer) {
    answer.figures = {"end", 812, 540, 3, 2, 128, 1.2, 0.9, 3.9, 1.4};
    return answer;
}

void fillSample(Conversation& conversation) {
    Message question = message(Role::User, {});
    question.parts.push_back(textPart("What is in these pictures, and which is older? Please answer with a table."));
    question.parts.push_back({picture("street.jpg", 1600, 1200), {}});
    question.parts.push_back({picture("portrait.png", 600, 900), {}});
    std::int64_t last = conversation.add(question, 0);
    const std::int64_t asked = last;
    conversation.add(measured(message(Role::Assistant, "Both are streets.")), asked);
    last = conversation.add(
        measured(message(
            Role::Assistant,
            "## Two pictures\n\nThe first one shows a **street in the rain**, the second a *portrait* in `sepia`. More is at "
            "[the archive](https://example.org/archive).\n\n| Picture | What it shows | Year |\n|:--|:--|--:|\n| street.jpg | "
            "a tram, two cyclists | about 1955 |\n| portrait.png | a woman with a hat | about 1910 |\n\n1. The portrait is "
            "older:\n   - its paper is matt,\n   - the hat is of *before 1914*.\n2. The street has a tram with "
            "pantograph.\n\n> "
            "A date on the back would settle it.\n> > Or the photographer's stamp.\n\n---\n\n- [x] looked at\n- [ ] dated")),
        asked);
    last = conversation.add(message(Role::User, "How do I sort the files by year?\n\n  for f in *.jpg"), last);
    last = conversation.add(
        measured(message(
            Role::Assistant,
            "With a small program:\n\n```python\nimport os\n\ndef by_year(folder):  # oldest first\n    \"\"\"Names, "
            "sorted.\"\"\"\n    "
            "return sorted(os.listdir(folder), key=lambda name: int(name[:4]))\n```\n\nor in the shell\n\n```bash\nls *.jpg | "
            "sort -n\n```\n")),
        last);
    Message stopped = message(Role::Assistant, "They are");
    stopped.state = Message::State::Failed;
    stopped.error = QStringLiteral("The engine ended because memory ran out: 3.1 GB were asked for. Choose a shorter context.");
    last = conversation.add(message(Role::User, "And the others?"), last);
    last = conversation.add(stopped, last);
}

void fillTinted(Conversation& conversation) {
    std::int64_t last = conversation.add(message(Role::User, "Where was it taken?"), 0);
    Message answer = message(Role::Assistant, {});
    answer.state = Message::State::Streaming;
    const std::int64_t id = conversation.add(answer, last);
    const std::vector<std::pair<const char*, double>> tokens{
        {"It", 0.97},    {" was", 0.99}, {" **", 0.8},   {"probably", 0.45}, {"**", 0.97},    {" taken", 0.98},
        {" in", 0.93},   {" Lis", 0.24}, {"bon", 0.99},  {",", 0.7},         {" near", 0.38}, {" the", 0.95},
        {" river", 0.5}, {".", 0.92},    {" The", 0.65}, {" tram", 0.91}};
    for (const auto& [text, probability] : tokens) {
        const AnswerToken token{{0, QString::fromUtf8(text), std::log(probability)}, {}};
        conversation.append(id, token.chosen.text, &token);
    }
}

QImage grab(MessageListView& view, const char* name) {
    const QDir folder(QString::fromStdString(lapidary::test::buildPath("screenshots").string()));
    folder.mkpath(QStringLiteral("."));
    QImage image = view.grab().toImage();
    EXPECT_TRUE(image.save(folder.filePath(QStringLiteral("conversation-%1.png").arg(QLatin1String(name)))));
    return image;
}

TEST(Screenshots, ConversationInBothThemes) {
    for (const Theme& theme : {Theme::lightTheme(), Theme::darkTheme()}) {
        const std::string suffix = theme.dark ? "dark" : "light";
        test::FakeThumbnails thumbnails;
        Conversation conversation;
        fillSample(conversation);
        MessageListView view(&thumbnails);
        view.setTheme(theme);
        view.resize(980, 800);
        view.show();
        QApplication::setActiveWindow(&view);
        view.setConversation(&conversation);
        view.focusRow(0);
        const QImage top = grab(view, ("top-" + suffix).c_str());
        EXPECT_EQ(top.pixelColor(2, 2), theme.window);
        view.scrollToRow(3);
        grab(view, ("middle-" + suffix).c_str());
        view.scrollToEnd();
        grab(view, ("end-" + suffix).c_str());
        view.resize(420, 800);
        view.scrollToRow(1);
        grab(view, ("narrow-" + suffix).c_str());

        Conversation tinted;
        fillTinted(tinted);
        view.resize(980, 300);
        view.setTinted(true);
        view.setConversation(&tinted);
        view.updateNow();
        grab(view, ("tinted-" + suffix).c_str());
    }
}

}  // namespace
}  // namespace lapidary::gui
