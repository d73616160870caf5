// config.json of the released models in the five styles of specification 1.3, written out from the table of 1.1.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lapidary::config {

struct ReleasedRow {
    std::string name;
    std::int64_t hidden, layers, heads, keyValueHeads, headDim, intermediate, vocab, window;
    double queryPreAttnScalar, ropeFactor;
    std::int64_t positions;
    bool vision;
    std::vector<std::size_t> fullLayers;
};

const std::vector<ReleasedRow>& releasedRows();

enum class Style { SparseMarch2025, FlatFull, LayerTypes, RopeParameters, Hybrid };
constexpr Style kStyles[] = {Style::SparseMarch2025, Style::FlatFull, Style::LayerTypes, Style::RopeParameters, Style::Hybrid};

nlohmann::json configInStyle(const ReleasedRow& row, Style style);

}  // namespace lapidary::config
