// Which safetensors files of a Hugging Face folder belong to the model, and what they hold: one file, or shards by their index.
// An index comes from a stranger: it can only ever name files inside its own folder.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/files/safetensors_file.h"
#include "core/shared/base/result.h"

namespace lapidary::checkpoint {

struct WeightFiles {
    std::vector<std::filesystem::path> paths;
    std::vector<std::shared_ptr<const files::SafetensorsFile>> files;  // as many
    std::vector<std::string> warnings;
};

// `path`: the folder, or one .safetensors file in it.
// Errors: NotFound (no weights, a missing shard), InvalidFile (an index that is not one), InvalidData (a stale index, a tensor in two
// shards, a shard name that could leave the folder), Unsupported (pickled weights: never executed).
Result<WeightFiles> openWeightFiles(const std::filesystem::path& path);

// weight_map of a model.safetensors.index.json: tensor -> shard.  Errors: InvalidData; shard names are plain file names afterwards.
Result<std::map<std::string, std::string>> parseWeightIndex(std::string_view json, const std::string& source);

// Why `name` is no plain, portable name of a .safetensors file inside a folder; empty where it is one.
std::string whyUnsafeShardName(std::string_view name);

// The advice for .bin, .pt, .pth, .ckpt and .distcp.
Error refusePickle(const std::filesystem::path& path);
bool isPickleName(const std::filesystem::path& path);

}  // namespace lapidary::checkpoint
