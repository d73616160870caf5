// The protocol's stream: any bytes, in two chunks, become lines, requests, events or errors; what was read prints and reads back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/shared/protocol/event.h"
#include "core/shared/protocol/json_lines.h"
#include "core/shared/protocol/request.h"

namespace protocol = lapidary::protocol;

static void readLine(const protocol::JsonLine& line) {
    if (const auto request = protocol::parseRequest(line.text);
        request && !(*protocol::parseRequest(protocol::printRequest(*request)) == *request))
        std::abort();
    if (const auto event = protocol::parseEvent(line.text); event && !protocol::parseEvent(protocol::printEvent(*event)))
        std::abort();
    (void)protocol::requestIdOf(line.text);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    protocol::JsonLineReader reader(4096);
    for (const std::string_view chunk : {bytes.substr(0, size / 2), bytes.substr(size / 2)}) {
        for (const protocol::JsonLine& line : reader.push(chunk)) readLine(line);
    }
    if (const auto last = reader.finish()) readLine(*last);
    return 0;
}
