// Messages files and batches; what is accepted is rendered.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/data/processor/messages_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using lapidary::text::AfterLastMessage;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto conversation = lapidary::processor::parseMessagesText(bytes, "fuzz")) {
        (void)lapidary::text::renderChat(conversation->messages, AfterLastMessage::GenerationPrompt);
        (void)lapidary::text::renderChat(conversation->messages, AfterLastMessage::Continue);
    }
    (void)lapidary::processor::parseBatch(bytes, "fuzz", "/folder");
    return 0;
}
