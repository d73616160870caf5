#include "app/lapidary/json_output.h"

namespace lapidary::app {

nlohmann::ordered_json reportJson(const session::AnswerReport& report) {
    nlohmann::ordered_json json;
    json["text"] = report.text;
    json["finish_reason"] = generate::finishReasonName(report.reason);
    json["ids"] = report.ids;
    json["prompt_tokens"] = report.promptTokens;
    json["generated_tokens"] = report.ids.size();
    json["views"] = report.views;
    json["reused_views"] = report.reusedViews;
    json["prefill_seconds"] = report.prefillSeconds;
    json["decode_seconds"] = report.decodeSeconds;
    return json;
}

nlohmann::ordered_json tokenJson(const generate::GeneratedToken& token, const text::Tokenizer& tokenizer) {
    const auto describe = [&](std::int64_t id, double logProbability) {
        nlohmann::ordered_json json;
        json["id"] = id;
        json["piece"] = tokenizer.piece(id);
        json["logprob"] = logProbability;  // null where it is minus infinity
        return json;
    };
    nlohmann::ordered_json json = describe(token.id, token.logProbability.value_or(0.0));
    json["alternatives"] = nlohmann::ordered_json::array();
    for (const auto& other : token.alternatives) json["alternatives"].push_back(describe(other.id, other.logProbability));
    return json;
}

}  // namespace lapidary::app
