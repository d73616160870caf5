#include "core/data/checkpoint/weight_files.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "core/data/checkpoint/tensor_list.h"
#include "core/data/files/safetensors_header.h"
#include "core/shared/base/file.h"

namespace lapidary::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxIndexBytes = 64U << 20U;  // 27B's index has 0.13 MB
constexpr const char* kSingleName = "model.safetensors";
constexpr const char* kIndexName = "model.safetensors.index.json";
constexpr const char* kRebuildAdvice = "; delete the index to have the shards read by their own headers";

// Names of the folder's entries with this ending, sorted.
std::vector<std::string> namesEndingWith(const fs::path& folder, std::string_view ending) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        std::string name = entry->path().filename().string();
        if (name.ends_with(ending)) names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    return names;
}

// The folder that shards may really lie in: the folder itself, or in the Hub's cache, where snapshots/<revision>/ holds
// links into blobs/, the model's folder two levels up.
fs::path trustedRoot(const fs::path& folder) {
    std::error_code error;
    const fs::path real = fs::weakly_canonical(folder, error);
    const fs::path model = real.parent_path().parent_path();
    const bool inHubCache = real.parent_path().filename() == "snapshots" && model.filename().string().starts_with("models--");
    return inHubCache ? model : real;
}

Result<void> refuseLinkOut(const fs::path& file, const fs::path& root) {
    std::error_code error;
    const fs::path real = fs::weakly_canonical(file, error);
    const auto [rest, ignored] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
    if (!error && rest == root.end()) return {};
    return Error{ErrorCode::InvalidData,
                 "the shard '" + file.filename().string() + "' is a link that leads out of the folder, to '" + real.string() +
                     "'; it is not opened",
                 ""};
}

Result<void> openInto(WeightFiles& weights, const fs::path& path) {
    ASSIGN_OR_RETURN(auto file, files::SafetensorsFile::open(path));
    weights.paths.push_back(path);
    weights.files.push_back(std::move(file));
    return {};
}

// Opens all shards and says of every broken one what is wrong, not just of the first.
Result<WeightFiles> openShards(const fs::path& folder, const std::vector<std::string>& names) {
    WeightFiles weights;
    const fs::path root = trustedRoot(folder);
    std::optional<Error> first;
    std::vector<std::string> missing;
    std::vector<std::string> broken;
    for (const std::string& name : names) {
        std::error_code ignored;
        if (!fs::exists(folder / name, ignored)) {
            missing.push_back(name);
            continue;
        }
        auto opened = refuseLinkOut(folder / name, root);
        if (opened) opened = openInto(weights, folder / name);
        if (opened) continue;
        if (!first) first = opened.error();
        broken.push_back(name);
    }
    if (!missing.empty()) {
        std::vector<std::string> present = namesEndingWith(folder, ".safetensors");
        std::erase_if(present,
                      [&](const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); });
        const bool stale = !present.empty();
        return Error{stale ? ErrorCode::InvalidData : ErrorCode::NotFound,
                     "the index names shards that are not there: " + someNames(missing) +
                         (stale ? "; the folder holds others: " + someNames(present) + kRebuildAdvice : ""),
                     folder.string()};
    }
    if (first) {
        if (names.size() == 1) return *first;
        return Error{first->code,
                     first->message + " (" + std::to_string(broken.size()) + " of " + std::to_string(names.size()) +
                         " shards cannot be used: " + someNames(broken) + ")",
                     first->context};
    }
    return weights;
}

Result<void> refuseTensorsInTwoShards(const WeightFiles& weights) {
    std::map<std::string, std::size_t> fileOf;
    std::vector<std::string> twice;
    for (std::size_t i = 0; i < weights.files.size(); ++i) {
        for (const files::SafetensorsTensor& tensor : weights.files[i]->tensors()) {
            const auto [entry, isNew] = fileOf.emplace(tensor.name, i);
            if (isNew) continue;
            twice.push_back("'" + files::printableName(tensor.name) + "' (" + weights.paths[entry->second].filename().string() +
                            " and " + weights.paths[i].filename().string() + ")");
        }
    }
    if (twice.empty()) return {};
    return Error{ErrorCode::InvalidData,
                 std::to_string(twice.size()) + " tensors lie in two shards: " + someNames(twice, 3) +
                     "; remove the shards that do not belong to this model",
                 ""};
}

// What the index says against what the shards hold: lines for the report, and tensors that are nowhere.
Result<void> compareIndex(const std::map<std::string, std::string>& index, WeightFiles& weights) {
    std::map<std::string, std::string> stored;
    for (std::size_t i = 0; i < weights.files.size(); ++i) {
        for (const files::SafetensorsTensor& tensor : weights.files[i]->tensors())
            stored[tensor.name] = weights.paths[i].filename().string();
    }
    std::vector<std::string> absent;
    std::vector<std::string> moved;
    for (const auto& [tensor, file] : index) {
        const auto entry = stored.find(tensor);
        if (entry == stored.end()) {
            absent.push_back("'" + files::printableName(tensor) + "' (in " + file + ")");
        } else if (entry->second != file) {
            moved.push_back("'" + files::printableName(tensor) + "' (index: " + file + ", really: " + entry->second + ")");
        }
    }
    if (!absent.empty() || !moved.empty()) {
        std::string report = "the index is stale:";
        if (!absent.empty())
            report += " " + std::to_string(absent.size()) + " tensors that it names are not there: " + someNames(absent, 3);
        if (!moved.empty()) {
            report += std::string(absent.empty() ? " " : "; ") + std::to_string(moved.size()) +
                      " lie in other shards: " + someNames(moved, 3);
        }
        return Error{ErrorCode::InvalidData, report + kRebuildAdvice, ""};
    }
    if (stored.size() > index.size()) {
        std::vector<std::string> extra;
        for (const auto& [tensor, file] : stored) {
            if (!index.contains(tensor)) extra.push_back(tensor);
        }
        weights.warnings.push_back("the index does not list " + std::to_string(extra.size()) +
                                   " tensors that its shards hold (" + someNames(extra, 3) + "); they are read all the same");
    }
    return {};
}

Result<WeightFiles> openByIndex(const fs::path& folder) {
    const fs::path indexPath = folder / kIndexName;
    ASSIGN_OR_RETURN(const std::string json, readFile(indexPath, kMaxIndexBytes));
    ASSIGN_OR_RETURN(const auto index, parseWeightIndex(json, indexPath.string()));
    std::set<std::string> unique;
    for (const auto& [tensor, file] : index) unique.insert(file);
    ASSIGN_OR_RETURN(WeightFiles weights, openShards(folder, {unique.begin(), unique.end()}));
    if (auto once = refuseTensorsInTwoShards(weights); !once) return std::move(once).error().within(folder.string());
    if (auto compared = compareIndex(index, weights); !compared) return std::move(compared).error().within(indexPath.string());
    std::vector<std::string> unused = namesEndingWith(folder, ".safetensors");
    std::erase_if(unused, [&](const std::string& name) { return unique.contains(name); });
    if (!unused.empty()) weights.warnings.push_back("files that the index does not name are ignored: " + someNames(unused));
    return weights;
}

// "model-00002-of-00005.safetensors" -> {2, 5}.
struct ShardNumber {
    int number = 0;
    int count = 0;
};
std::optional<ShardNumber> shardNumber(std::string_view name) {
    constexpr std::string_view kBegin = "model-";
    constexpr std::string_view kMiddle = "-of-";
    constexpr std::string_view kEnd = ".safetensors";
    if (!name.starts_with(kBegin) || !name.ends_with(kEnd)) return std::nullopt;
    name = name.substr(kBegin.size(), name.size() - kBegin.size() - kEnd.size());
    const std::size_t middle = name.find(kMiddle);
    if (middle == std::string_view::npos) return std::nullopt;
    ShardNumber shard;
    const auto parse = [](std::string_view digits, int& value) {
        const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return problem == std::errc{} && end == digits.data() + digits.size();
    };
    if (!parse(name.substr(0, middle), shard.number) || !parse(name.substr(middle + kMiddle.size()), shard.count))
        return std::nullopt;
    return shard;
}

// Without an index the shards' own numbers say whether the set is whole.
Result<WeightFiles> openNumberedShards(const fs::path& folder, const std::vector<std::string>& names) {
    std::set<int> numbers;
    std::set<int> counts;
    for (const std::string& name : names) {
        const auto shard = shardNumber(name);
        if (!shard) {
            return Error{ErrorCode::InvalidData,
                         "several weight files and no " + std::string(kIndexName) +
                             " that says which belong together: " + someNames(names),
                         folder.string()};
        }
        numbers.insert(shard->number);
        counts.insert(shard->count);
    }
    if (counts.size() > 1) {
        return Error{ErrorCode::InvalidData,
                     "shards of two different sets lie in one folder, and no " + std::string(kIndexName) +
                         " says which belong together: " + someNames(names, 8),
                     folder.string()};
    }
    std::vector<std::string> missing;
    for (int i = 1; i <= *counts.begin() && missing.size() < 100; ++i) {
        if (!numbers.contains(i)) missing.push_back(std::to_string(i));
    }
    if (!missing.empty()) {
        return Error{ErrorCode::NotFound,
                     "shards are missing: number " + someNames(missing, 8) + " of " + std::to_string(*counts.begin()),
                     folder.string()};
    }
    ASSIGN_OR_RETURN(WeightFiles weights, openShards(folder, names));
    if (auto once = refuseTensorsInTwoShards(weights); !once) return std::move(once).error().within(folder.string());
    weights.warnings.push_back(std::string(kIndexName) + " is missing; the " + std::to_string(names.size()) +
                               " shards were read by their own headers");
    return weights;
}

Result<WeightFiles> openSingle(const fs::path& path) {
    WeightFiles weights;
    RETURN_IF_ERROR(openInto(weights, path));
    return weights;
}

// A Megatron checkpoint's root, or one of its iterations (torch_dist).
bool looksLikeMegatron(const fs::path& folder) {
    std::error_code ignored;
    return fs::exists(folder / "latest_checkpointed_iteration.txt", ignored) || fs::exists(folder / "common.pt", ignored);
}

Result<WeightFiles> openFolder(const fs::path& folder) {
    std::error_code ignored;
    const bool hasIndex = fs::exists(folder / kIndexName, ignored);
    if (fs::exists(folder / kSingleName, ignored)) {  // as transformers: the single file wins
        ASSIGN_OR_RETURN(WeightFiles weights, openSingle(folder / kSingleName));
        if (hasIndex)
            weights.warnings.push_back(std::string(kIndexName) + " is ignored, because " + kSingleName + " is there as well");
        return weights;
    }
    if (hasIndex) return openByIndex(folder);
    std::vector<std::string> names = namesEndingWith(folder, ".safetensors");
    if (std::erase_if(names, [](const std::string& name) { return name.starts_with("adapter_"); }) > 0 && names.empty()) {
        return Error{ErrorCode::Unsupported,
                     "this is an adapter (PEFT), not a model; open its base model and add it with --adapter", folder.string()};
    }
    if (names.size() == 1 && !shardNumber(names.front())) return openSingle(folder / names.front());
    if (!names.empty()) return openNumberedShards(folder, names);
    if (looksLikeMegatron(folder)) {
        return Error{ErrorCode::Unsupported,
                     "this is a Megatron checkpoint, which this version does not open; have Megatron-Bridge export it as a "
                     "Hugging Face folder (AutoBridge.export_ckpt)",
                     folder.string()};
    }
    for (const char* ending : {".bin", ".pt", ".pth", ".ckpt", ".distcp", ".pkl"}) {
        const std::vector<std::string> pickles = namesEndingWith(folder, ending);
        if (!pickles.empty()) return refusePickle(folder / pickles.front());
    }
    return Error{ErrorCode::NotFound, "no weights here: expected model.safetensors, shards with an index, or a .gguf",
                 folder.string()};
}

}  // namespace

bool isPickleName(const fs::path& path) {
    const std::string extension = path.extension().string();
    return extension == ".bin" || extension == ".pt" || extension == ".pth" || extension == ".ckpt" || extension == ".distcp" ||
           extension == ".pkl" || extension == ".pickle";
}

Error refusePickle(const fs::path& path) {
    return Error{ErrorCode::Unsupported,
                 "'" + path.filename().string() +
                     "' is a pickled file, which can run any program when it is read; Lapidary never does. "
                     "Convert it to safetensors where you trust it (transformers: model.save_pretrained(folder, "
                     "safe_serialization=True))",
                 path.parent_path().string()};
}

Result<WeightFiles> openWeightFiles(const fs::path& path) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) return openFolder(path);
    const fs::path folder = path.parent_path();
    const std::string name = path.filename().string();
    if (name == kIndexName) return openByIndex(folder);
    if (shardNumber(name)) return openFolder(folder);  // one shard stands for its set
    return openSingle(path);
}

}  // namespace lapidary::checkpoint
