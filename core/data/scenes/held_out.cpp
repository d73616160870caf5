#include "core/data/scenes/held_out.h"

#include <set>

#include "core/data/scenes/random.h"

namespace lapidary::scenes {
namespace {

constexpr std::uint64_t kOneIn = 8;  // what is reserved
constexpr std::uint64_t kTestBit = std::uint64_t{1} << 63U;

}  // namespace

std::uint64_t sceneKey(Split split, std::uint64_t seed, std::uint64_t index) {
    const std::uint64_t key = mix(mix(seed + kGoldenRatio) ^ (index * kGoldenRatio));
    return split == Split::Test ? key | kTestBit : key & ~kTestBit;
}

Split splitOfKey(std::uint64_t key) { return (key & kTestBit) != 0 ? Split::Test : Split::Train; }

bool isReservedText(std::string_view text) { return text.size() > 1 && hashText(text) % kOneIn == 0; }

std::string combinationOf(const Scene& scene) {
    std::set<std::string> shapes;
    for (const SceneObject& object : scene.objects) {
        shapes.insert(std::string(nameOf(object.colour)) + ' ' + std::string(nameOf(object.shape)));
    }
    std::set<std::string> texts;
    for (const Sign& sign : scene.signs) texts.insert(sign.text);
    std::string combination;
    for (const auto* part : {&shapes, &texts}) {
        for (const std::string& name : *part) combination += (combination.empty() ? "" : "|") + name;
    }
    return combination;
}

bool isReservedCombination(const Scene& scene) { return hashText("combination " + combinationOf(scene)) % kOneIn == 0; }

}  // namespace lapidary::scenes
