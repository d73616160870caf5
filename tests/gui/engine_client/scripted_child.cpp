// A child that speaks the engine's lines as its first argument says: what an EngineClient must survive.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

namespace {

void say(const std::string& line) { std::cout << line << std::endl; }

void hello(int protocol) {
    say(R"({"type":"hello","protocol":)" + std::to_string(protocol) +
        R"(,"version":"test","pid":1,"runtime_folder":"/tmp","devices":["cpu"],"notes":[]})");
}

std::string idOf(const std::string& line) {
    const std::size_t at = line.find("\"id\":") + 5;
    return line.substr(at, line.find_first_not_of("0123456789", at) - at);
}

}  // namespace

int main(int count, char** words) {
    const std::string script = count > 1 ? words[1] : "";
    if (script == "silent") std::this_thread::sleep_for(std::chrono::hours(1));
    hello(script == "old" ? 99 : 1);
    std::cerr << "a line for the log" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        if (script == "hang") std::this_thread::sleep_for(std::chrono::hours(1));
        if (script == "die") {
            std::cerr << "last words" << std::endl;
            std::raise(SIGKILL);
        }
        if (script == "exit") return 4;
        if (script == "garbage") say("this is no JSON");
        if (script == "strangers") say(R"({"id":999,"type":"done"})");
        say(R"({"id":)" + idOf(line) + R"(,"type":"done","finish_reason":"complete"})");
    }
    return 0;
}
