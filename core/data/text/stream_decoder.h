// Text of an answer while it is written: token by token, never half a UTF-8 character.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/data/text/tokenizer.h"

namespace lapidary::text {

// All pushes and finish() joined equal Tokenizer::decode of all ids.  A run of byte tokens is held back until it ends, because its
// last byte decides what the first becomes (specification 6.1).  Lives on one thread.
class StreamDecoder {
public:
    explicit StreamDecoder(std::shared_ptr<const Tokenizer> tokenizer, bool skipSpecial = true);

    // The text that became certain with this id; often empty inside a run of byte tokens.
    std::string push(std::int64_t id);
    // What was held back; the decoder is as new afterwards.
    std::string finish();

private:
    std::shared_ptr<const Tokenizer> m_tokenizer;
    bool m_skipSpecial;
    std::string m_heldBytes;
};

}  // namespace lapidary::text
