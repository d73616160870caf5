#include "core/data/dataset/makers.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/data/dataset/json2token.h"

namespace lapidary::dataset {
namespace {

const std::vector<MakerInfo>& allMakers() {
    static const std::vector<MakerInfo> kMakers{
        {Maker::CordV2, "cord_v2", "naver-clova-ix/cord-v2", "", {"train", "validation", "test"}},
        {Maker::Medpix, "medpix", "mmoukouba/MedPix-VQA", "", {"train", "validation"}},
        {Maker::Raven, "raven", "HuggingFaceM4/the_cauldron", "raven", {"train"}},
        {Maker::Rdr, "rdr", "quintend/rdr-items", "", {"train"}},
    };
    return kMakers;
}

// "make_cord_v2_dataset", "cord-v2" → "cord_v2".
std::string bareName(std::string name) {
    std::replace(name.begin(), name.end(), '-', '_');
    if (name.starts_with("make_")) name.erase(0, 5);
    if (name.ends_with("_dataset")) name.erase(name.size() - 8);
    return name;
}

Error badColumn(const std::string& column, const std::string& what) {
    return {ErrorCode::InvalidData, "column '" + column + "': " + what, ""};
}

Result<std::string> textOf(const Json& row, const std::string& column) {
    const auto found = row.find(column);
    if (found == row.end()) return badColumn(column, "it is missing");
    if (!found->is_string()) return badColumn(column, "expected a text, found " + describeJson(*found));
    return found->get<std::string>();
}

Result<std::vector<PictureRef>> picturesOf(const Json& row, const std::string& column) {
    const auto found = row.find(column);
    if (found == row.end()) return badColumn(column, "it is missing");
    return picturesOfCell(*found, column, {});
}

Result<Record> withOnePicture(const Json& row, const std::string& column, std::string question, std::string answer) {
    Record record;
    ASSIGN_OR_RETURN(record.pictures, picturesOf(row, column));
    if (record.pictures.size() != 1)
        return badColumn(column, "expected one picture, found " + std::to_string(record.pictures.size()));
    record.messages = questionAndAnswer(std::move(question), std::move(answer), 1);
    return record;
}

// gt_parse, else the first of gt_parses.
Result<Record> cordRecord(const Json& row) {
    ASSIGN_OR_RETURN(const std::string text, textOf(row, "ground_truth"));
    ASSIGN_OR_RETURN(const Json truth, parseJson(text, "column 'ground_truth'"));
    const Json* parse = nullptr;
    if (truth.is_object() && truth.contains("gt_parses")) {
        const Json& parses = truth["gt_parses"];
        if (!parses.is_array() || parses.empty())
            return badColumn("ground_truth", "'gt_parses': expected a list, found " + describeJson(parses));
        parse = &parses[0];
    } else if (truth.is_object() && truth.contains("gt_parse")) {
        parse = &truth["gt_parse"];
    }
    if (parse == nullptr || !parse->is_object())
        return badColumn("ground_truth", "neither 'gt_parse' nor 'gt_parses' holds an object");
    return withOnePicture(row, "image", kDescribePrompt, jsonToTokens(*parse));
}

Result<std::optional<Record>> ravenRecord(const Json& row) {
    const auto texts = row.find("texts");
    if (texts == row.end()) return badColumn("texts", "it is missing");
    ASSIGN_OR_RETURN(auto pictures, picturesOf(row, "images"));
    if (pictures.empty() || !texts->is_array() || texts->empty() || !(*texts)[0].is_object()) return std::optional<Record>();
    const Json& first = (*texts)[0];
    const auto part = [&](const char* key) {
        return first.contains(key) && first[key].is_string() ? first[key].get<std::string>() : std::string();
    };
    if (part("user").empty() || part("assistant").empty()) return std::optional<Record>();
    Record record;
    record.messages = questionAndAnswer(part("user"), part("assistant"), pictures.size());
    record.pictures = std::move(pictures);
    return std::optional(std::move(record));
}

Result<std::optional<Record>> wrapped(Result<Record> record) {
    if (!record) return record.error();
    return std::optional(std::move(*record));
}

}  // namespace

Result<MakerInfo> makerInfo(const std::string& name) {
    const std::string bare = bareName(name);
    std::vector<std::string> known;
    for (const MakerInfo& info : allMakers()) {
        if (bare == info.name) return info;
        known.emplace_back(info.name);
    }
    if (bare == "cv17" || bare == "llava_video_178k") {
        return Error{ErrorCode::Unsupported, "the maker '" + bare + "' gives sound or video, which Gemma 3 does not read", ""};
    }
    const std::string nearest = nearestKey(bare, known);
    return Error{ErrorCode::Usage,
                 "there is no maker '" + clipText(name, 80) + "'; known are cord_v2, medpix, raven and rdr" +
                     (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"),
                 ""};
}

Result<std::optional<Record>> makeRecord(Maker maker, const Json& row) {
    if (!row.is_object())
        return Error{ErrorCode::InvalidData, "expected an object with columns, found " + describeJson(row), ""};
    switch (maker) {
        case Maker::CordV2: return wrapped(cordRecord(row));
        case Maker::Raven: return ravenRecord(row);
        case Maker::Medpix: {
            ASSIGN_OR_RETURN(auto question, textOf(row, "question"));
            ASSIGN_OR_RETURN(auto answer, textOf(row, "answer"));
            return wrapped(withOnePicture(row, "image_id", std::move(question), std::move(answer)));
        }
        case Maker::Rdr: {
            ASSIGN_OR_RETURN(auto answer, textOf(row, "text"));
            return wrapped(withOnePicture(row, "image", kDescribePrompt, std::move(answer)));
        }
    }
    return Error{ErrorCode::Internal, "unknown maker", ""};
}

}  // namespace lapidary::dataset
