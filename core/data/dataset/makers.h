// Megatron-Bridge's makers: data sets whose columns are known by name (specification 6.2).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/data/dataset/record.h"
#include "core/shared/base/json.h"
#include "core/shared/base/result.h"

namespace lapidary::dataset {

enum class Maker : std::uint8_t { CordV2, Medpix, Raven, Rdr };

struct MakerInfo {
    Maker maker;
    const char* name;        // "cord_v2"
    const char* repository;  // of the data sets hub: "naver-clova-ix/cord-v2"
    const char* subset;      // folder inside it, or ""
    std::vector<std::string> splits;
};

// With or without the decoration, with '-' or '_': "make_cord_v2_dataset", "cord_v2", "cord-v2".
// Errors: Usage (naming the nearest), Unsupported (cv17 and llava_video_178k: sound and video, which Gemma 3 does not read).
Result<MakerInfo> makerInfo(const std::string& name);

// A row of the maker's data set.  Errors: InvalidData naming the column.  No record: a row that the maker drops (raven: texts or
// pictures missing).
Result<std::optional<Record>> makeRecord(Maker maker, const Json& row);

}  // namespace lapidary::dataset
