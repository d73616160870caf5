// An engine of one model as a process: it answers a question in three words, and comes to grief within the answer as its first
// argument says, as many times as the second one does.  The third is a file in which it counts these, over its own ends.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

#include "core/shared/protocol/event.h"
#include "core/shared/protocol/json_lines.h"
#include "core/shared/protocol/request.h"

namespace {

using namespace lapidary::protocol;

void say(std::int64_t id, const EventBody& body) { std::cout << printEvent({id, body}) << std::endl; }

void comeToGrief(const std::string& how, std::int64_t id) {
    if (how == "killed") std::raise(SIGKILL);
    if (how == "crash") std::abort();
    if (how == "exit") std::_Exit(4);
    if (how == "hang") std::this_thread::sleep_for(std::chrono::hours(1));
    if (how == "garbage") std::cout << "this is no JSON\n{\"id\":1,\"type\":\"no such event\"}\n\xff\xfe\n{" << std::endl;
    if (how == "long") std::cout << std::string(3 * kMaxLineBytes, 'x') << std::endl;
    if (how == "memory")
        say(id, ErrorEvent{"out_of_memory", "not enough memory (you tried to allocate 34359738368 bytes. Error code 12)", {}});
}

class Griefs {
public:
    Griefs(std::filesystem::path file, std::uintmax_t most) : m_file(std::move(file)), m_most(most) {}
    bool takeOne() {
        std::error_code none;
        const std::uintmax_t before = std::filesystem::exists(m_file) ? std::filesystem::file_size(m_file, none) : 0;
        if (before >= m_most) return false;
        std::ofstream(m_file, std::ios::app) << 'x' << std::flush;
        return true;
    }

private:
    std::filesystem::path m_file;
    std::uintmax_t m_most;
};

void answer(std::int64_t id, bool goesOn, const std::string& how, Griefs& griefs) {
    if (!goesOn) say(id, TokenEvent{1, "one ", std::nullopt, {}});
    if (!goesOn) say(id, TokenEvent{2, "two ", std::nullopt, {}});
    if (griefs.takeOne()) {
        std::cerr << "about to " << how << std::endl;
        comeToGrief(how, id);
        if (how == "memory") return;
    }
    say(id, TokenEvent{3, "three", std::nullopt, {}});
    DoneEvent done;
    done.finishReason = "end";
    say(id, done);
}

void load(std::int64_t id, const LoadRequest& request) {
    LoadedEvent loaded;
    loaded.model = request.model;
    loaded.weightBytes = 8'600'000'000;
    loaded.context = 8192;
    loaded.vision = true;
    loaded.chatTemplate = true;
    loaded.device = "cpu";
    say(id, loaded);
    say(id, DoneEvent());
}

}  // namespace

int main(int count, char** words) {
    if (count != 4) return 2;
    const std::string how = words[1];
    Griefs griefs(words[3], std::stoul(words[2]));
    HelloEvent hello;
    hello.protocol = kProtocolVersion;
    hello.version = "test";
    hello.devices = {"cpu"};
    hello.notes = {"no GPU is used: there is no driver"};
    std::cout << printEvent({std::nullopt, hello}) << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        const auto request = parseRequest(line);
        if (!request) continue;
        if (const auto* wanted = std::get_if<LoadRequest>(&request->body))
            load(request->id, *wanted);
        else if (const auto* chat = std::get_if<ChatRequest>(&request->body))
            answer(request->id, chat->continueLast, how, griefs);
        else
            say(request->id, DoneEvent());
    }
    return 0;
}
