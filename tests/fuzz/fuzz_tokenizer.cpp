// tokenizer.json and SentencePiece files; what is accepted must then encode and decode any text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/data/text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using lapidary::text::Tokenizer;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto tokenizer =
        bytes.starts_with('{') ? Tokenizer::fromJson(bytes, "fuzz", 459) : Tokenizer::fromModel(bytes, "fuzz", 262144);
    if (!tokenizer) return 0;
    for (const auto special : {lapidary::text::SpecialTokens::AsText, lapidary::text::SpecialTokens::Parse}) {
        (void)(*tokenizer)->decode((*tokenizer)->encode(bytes.substr(0, 256), special), true);
    }
    return 0;
}
