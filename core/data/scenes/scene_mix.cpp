#include "core/data/scenes/scene_mix.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/shared/base/json.h"

namespace lapidary::scenes {
namespace {

struct NamedWeight {
    const char* name;
    double PictureWeights::*value;
};
constexpr std::array<NamedWeight, 7> kPictures{{{"tokens", &PictureWeights::tokens},
                                                {"cells", &PictureWeights::cells},
                                                {"strings", &PictureWeights::strings},
                                                {"square", &PictureWeights::square},
                                                {"two", &PictureWeights::two},
                                                {"three", &PictureWeights::three},
                                                {"four", &PictureWeights::four}}};

struct NamedCount {
    const char* name;
    int SceneMix::*value;
    int low;
    int high;
};
constexpr std::array<NamedCount, 6> kCounts{{{"questions", &SceneMix::questions, 1, 32},
                                             {"min_objects", &SceneMix::minObjects, 1, 5},
                                             {"max_objects", &SceneMix::maxObjects, 1, 5},
                                             {"max_signs", &SceneMix::maxSigns, 0, 2},
                                             {"min_letters", &SceneMix::minLetters, 1, 4},
                                             {"max_letters", &SceneMix::maxLetters, 1, 4}}};

// Wide pictures are the ones with small print.
constexpr double kWideShare = 0.65;

constexpr const char* kWhere = "dataset.scenes";

Error outside(const std::string& key, const std::string& expected, const std::string& found) {
    return {ErrorCode::InvalidData, "'" + key + "': expected " + expected + ", found " + found, kWhere};
}

Result<double> readWeight(const Json& object, const std::string& key, const std::string& where) {
    ASSIGN_OR_RETURN(const auto found, findNumber(object, key, where));
    const double value = found.value_or(0.0);
    if (value < 0.0 || value > 1e6) return outside(key, "a weight from 0 to 1e6", std::to_string(value));
    return value;
}

template <class Weights, class Names, class Place>
Result<void> readWeights(const Json& root, const char* key, const Names& names, Weights& weights, const Place& place) {
    if (!root.contains(key)) return {};
    const Json& object = root.at(key);
    if (!object.is_object()) return outside(key, "an object", describeJson(object));
    const std::string where = std::string(kWhere) + "." + key;
    RETURN_IF_ERROR(refuseUnknownKeys(object, names, where));
    double sum = 0.0;
    for (std::size_t i = 0; i < names.size(); ++i) {
        ASSIGN_OR_RETURN(place(weights, i), readWeight(object, names[i], where));
        sum += place(weights, i);
    }
    if (sum <= 0.0) return outside(key, "a weight above 0", "none");
    return {};
}

Result<void> readCounts(const Json& root, SceneMix& mix) {
    for (const NamedCount& count : kCounts) {
        ASSIGN_OR_RETURN(const auto found, findInteger(root, count.name, kWhere));
        if (!found) continue;
        if (*found < count.low || *found > count.high) {
            return outside(count.name, "from " + std::to_string(count.low) + " to " + std::to_string(count.high),
                           std::to_string(*found));
        }
        mix.*count.value = static_cast<int>(*found);
    }
    if (mix.minObjects > mix.maxObjects) return outside("min_objects", "at most max_objects", std::to_string(mix.minObjects));
    if (mix.minLetters > mix.maxLetters) return outside("min_letters", "at most max_letters", std::to_string(mix.minLetters));
    return {};
}

}  // namespace

KindWeights SceneMix::promisedKinds() {
    KindWeights weights{};
    std::fill_n(weights.begin(), kPromisedKinds, 1.0);
    for (const Kind kind : {Kind::Count, Kind::Relation, Kind::Position, Kind::CmpCount}) weights[indexOf(kind)] = 1.5;
    for (const Kind kind : {Kind::Print, Kind::SmallPrint}) weights[indexOf(kind)] = 2.5;
    return weights;
}

Result<SceneMix> SceneMix::fromJson(const Json& root) {
    if (!root.is_object()) return outside("scenes", "an object", describeJson(root));
    std::vector<std::string> known{"pictures", "kinds", "whole_only"};
    for (const NamedCount& count : kCounts) known.emplace_back(count.name);
    RETURN_IF_ERROR(refuseUnknownKeys(root, known, kWhere));
    SceneMix mix;
    std::vector<std::string> pictures;
    pictures.reserve(kPictures.size());
    for (const NamedWeight& weight : kPictures) pictures.emplace_back(weight.name);
    RETURN_IF_ERROR(readWeights(root, "pictures", pictures, mix.pictures,
                                [](PictureWeights& weights, std::size_t i) -> double& { return weights.*kPictures[i].value; }));
    const std::vector<std::string> kinds(kKindNames.begin(), kKindNames.end());
    RETURN_IF_ERROR(readWeights(root, "kinds", kinds, mix.kinds,
                                [](KindWeights& weights, std::size_t i) -> double& { return weights[i]; }));
    ASSIGN_OR_RETURN(const auto wholeOnly, findNumber(root, "whole_only", kWhere));
    mix.wholeOnly = wholeOnly.value_or(mix.wholeOnly);
    if (mix.wholeOnly < 0.0 || mix.wholeOnly > 1.0) return outside("whole_only", "from 0 to 1", std::to_string(mix.wholeOnly));
    RETURN_IF_ERROR(readCounts(root, mix));
    return mix;
}

Json SceneMix::toJson() const {
    Json root{{"whole_only", wholeOnly}, {"pictures", Json::object()}, {"kinds", Json::object()}};
    for (const NamedWeight& weight : kPictures) root["pictures"][weight.name] = pictures.*weight.value;
    for (std::size_t i = 0; i < kKindCount; ++i) root["kinds"][std::string(kKindNames[i])] = kinds[i];
    for (const NamedCount& count : kCounts) root[count.name] = this->*count.value;
    return root;
}

PictureChoice choosePicture(const SceneMix& mix, Random& random) {
    std::array<double, kPictures.size()> weights{};
    for (std::size_t i = 0; i < kPictures.size(); ++i) weights[i] = mix.pictures.*kPictures[i].value;
    const std::size_t which = random.weighted(weights);
    constexpr std::array<Layout, 3> kPractice{Layout::Tokens, Layout::Cells, Layout::Strings};
    PictureChoice choice;
    SceneSettings& settings = choice.settings;
    settings.minObjects = mix.minObjects;
    settings.maxObjects = mix.maxObjects;
    settings.maxSigns = mix.maxSigns;
    settings.minLetters = mix.minLetters;
    settings.maxLetters = mix.maxLetters;
    if (which < kPractice.size()) settings.layout = kPractice[which];
    if (which <= kPractice.size()) return choice;  // a square
    settings.form = random.chance(kWideShare) ? Form::Wide : Form::Tall;
    settings.squares = static_cast<int>(which - kPractice.size()) + 1;
    choice.wholeOnly = random.chance(mix.wholeOnly);
    return choice;
}

}  // namespace lapidary::scenes
