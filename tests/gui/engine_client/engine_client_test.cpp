#include "gui/engine_client/engine_client.h"

#include <gtest/gtest.h>

#include <QTest>
#include <vector>

namespace lapidary::gui {
namespace {

constexpr int kPatienceMs = 20'000;  // a loaded machine is slow; nothing is measured by it

struct Client : testing::Test {
    void begin(const char* script) {
        EngineCommand command;
        command.program = QStringLiteral(LAPIDARY_SCRIPTED_CHILD);
        command.arguments = {QString::fromLatin1(script)};
        command.restartDelayMs = 1;
        command.pingIntervalMs = 20;
        command.silenceLimitMs = 300;
        client = std::make_unique<EngineClient>(command);
        QObject::connect(client.get(), &EngineApi::received, client.get(),
                         [this](std::int64_t id, const protocol::EventBody& body) { events.emplace_back(id, body); });
        QObject::connect(client.get(), &EngineApi::died, client.get(),
                         [this](const EngineDeath& death) { deaths.push_back(death); });
        QObject::connect(client.get(), &EngineApi::logged, client.get(), [this](const QString& line) { log.append(line); });
        client->start();
    }
    template <class Condition>
    static bool waitFor(const Condition& condition) {
        return QTest::qWaitFor(condition, kPatienceMs);
    }
    [[nodiscard]] bool ended(std::int64_t id) const {
        return std::any_of(events.begin(), events.end(),
                           [id](const auto& event) { return event.first == id && protocol::endsRequest(event.second); });
    }
    [[nodiscard]] std::string errorOf(std::int64_t id) const {
        for (const auto& [of, body] : events) {
            const auto* error = std::get_if<protocol::ErrorEvent>(&body);
            if (of == id && error != nullptr) return error->code;
        }
        return {};
    }

    std::unique_ptr<EngineClient> client;
    std::vector<std::pair<std::int64_t, protocol::EventBody>> events;
    std::vector<EngineDeath> deaths;
    QStringList log;
};

TEST_F(Client, RequestsBeforeHelloWaitAndAreAnswered) {
    begin("answers");
    EXPECT_EQ(client->state(), EngineState::Starting);
    const auto id = client->send(protocol::UnloadRequest{});
    EXPECT_TRUE(waitFor([&] { return ended(id); }));
    EXPECT_EQ(client->state(), EngineState::Ready);
    EXPECT_EQ(client->hello().devices, std::vector<std::string>{"cpu"});
    const auto next = client->send(protocol::UnloadRequest{});
    EXPECT_TRUE(waitFor([&] { return ended(next); }));
    EXPECT_TRUE(waitFor([&] { return log.contains("a line for the log"); }));
}

using Fault20 = Client;
TEST_F(Fault20, GarbageCostsItsLineAndStrangersIdsNothing) {
    begin("garbage");
    const auto id = client->send(protocol::UnloadRequest{});
    EXPECT_TRUE(waitFor([&] { return ended(id); }));
    EXPECT_TRUE(log.join('\n').contains("unreadable line"));
    begin("strangers");
    events.clear();
    const auto other = client->send(protocol::UnloadRequest{});
    EXPECT_TRUE(waitFor([&] { return ended(other); }));
    EXPECT_EQ(events.size(), 1U);
}

TEST_F(Client, DeathFailsEveryRequestAndTheThirdEndsTheRestarts) {
    begin("die");
    const auto first = client->send(protocol::UnloadRequest{});
    const auto second = client->send(protocol::UnloadRequest{});
    ASSERT_TRUE(waitFor([&] { return deaths.size() == 1; }));
    EXPECT_EQ(errorOf(first), "child_died");
    EXPECT_EQ(errorOf(second), "child_died");
    EXPECT_EQ(deaths[0].kind, EngineDeath::Kind::Killed);
    EXPECT_EQ(deaths[0].code, SIGKILL);
    EXPECT_TRUE(deaths[0].lastLines.contains("last words"));
    EXPECT_TRUE(deaths[0].restarting);
    for (std::size_t death = 2; death <= 3; ++death) {
        ASSERT_TRUE(waitFor([&] { return client->state() == EngineState::Ready; }));
        client->send(protocol::UnloadRequest{});
        ASSERT_TRUE(waitFor([&] { return deaths.size() == death; }));
    }
    EXPECT_FALSE(deaths[2].restarting);
    EXPECT_EQ(client->state(), EngineState::Dead);
    const auto dead = client->send(protocol::UnloadRequest{});
    EXPECT_FALSE(ended(dead));  // never before send() has returned
    EXPECT_TRUE(waitFor([&] { return errorOf(dead) == "child_died"; }));
    client->start();  // a person's wish counts anew
    EXPECT_TRUE(waitFor([&] { return client->state() == EngineState::Ready; }));
}

TEST_F(Client, AnEngineThatHangsIsEnded) {
    begin("hang");
    const auto id = client->send(protocol::UnloadRequest{});
    ASSERT_TRUE(waitFor([&] { return !deaths.empty(); }));
    EXPECT_EQ(deaths[0].kind, EngineDeath::Kind::Silent);
    EXPECT_EQ(errorOf(id), "child_died");
}

TEST_F(Client, AnEngineThatNeverGreetsIsEnded) {
    begin("silent");
    ASSERT_TRUE(waitFor([&] { return !deaths.empty(); }));
    EXPECT_EQ(deaths[0].kind, EngineDeath::Kind::Silent);
}

TEST_F(Client, AnotherProtocolIsNotSpokenWith) {
    begin("old");
    ASSERT_TRUE(waitFor([&] { return !deaths.empty(); }));
    EXPECT_EQ(deaths[0].kind, EngineDeath::Kind::WrongProtocol);
    EXPECT_EQ(deaths[0].code, 99);
    EXPECT_FALSE(deaths[0].restarting);
}

TEST_F(Client, AProgramThatIsNotThereIsSaidSo) {
    EngineCommand command;
    command.program = QStringLiteral("/nonexistent/lapidary");
    client = std::make_unique<EngineClient>(command);
    QObject::connect(client.get(), &EngineApi::died, client.get(),
                     [this](const EngineDeath& death) { deaths.push_back(death); });
    client->start();
    ASSERT_TRUE(waitFor([&] { return !deaths.empty(); }));
    EXPECT_EQ(deaths[0].kind, EngineDeath::Kind::CannotStart);
    EXPECT_FALSE(deaths[0].restarting);
}

TEST_F(Client, AnExitCodeIsTold) {
    begin("exit");
    client->send(protocol::UnloadRequest{});
    ASSERT_TRUE(waitFor([&] { return !deaths.empty(); }));
    EXPECT_EQ(deaths[0].kind, EngineDeath::Kind::Exited);
    EXPECT_EQ(deaths[0].code, 4);
}

}  // namespace
}  // namespace lapidary::gui
