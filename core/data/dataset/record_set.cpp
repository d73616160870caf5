#include "core/data/dataset/record_set.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/data/net/hub.h"
#include "core/data/net/hub_layout.h"
#include "core/shared/base/file.h"

namespace lapidary::dataset {
namespace {

namespace fs = std::filesystem;

// Files that list the pictures of their folder.
constexpr std::array<const char*, 5> kCaptionFiles{"metadata.jsonl", "metadata.csv", "captions.jsonl", "captions.csv",
                                                   "metadata.parquet"};
constexpr std::array<std::string_view, 4> kSplitNames{"train", "validation", "test", "val"};

// JSON that lies beside data without being data.
bool isSideFile(const fs::path& file) {
    const std::string name = file.filename().string();
    return name == "dataset_info.json" || name == "state.json" || name == "dataset_dict.json" || name == "dataset_infos.json" ||
           name == "README.json";
}

bool hasWord(const std::string& text, std::string_view word) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        const bool begins = at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0;
        const std::size_t end = at + word.size();
        if (begins && (end == text.size() || std::isalnum(static_cast<unsigned char>(text[end])) == 0)) return true;
    }
    return false;
}

// The split that a file's path below the set's folder names, or empty: "data/train-00000-of-00004.parquet", "train/part.jsonl".
std::string splitOf(const fs::path& relative) {
    for (const std::string_view split : kSplitNames) {
        if (hasWord(relative.filename().stem().string(), split)) return std::string(split == "val" ? "validation" : split);
    }
    for (const fs::path& folder : relative.parent_path()) {
        for (const std::string_view split : kSplitNames) {
            if (folder == split) return std::string(split == "val" ? "validation" : split);
        }
    }
    return "";
}

Result<std::vector<fs::path>> dataFilesBelow(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code problem;
    for (auto entry = fs::recursive_directory_iterator(folder, problem);
         !problem && entry != fs::recursive_directory_iterator(); entry.increment(problem)) {
        const fs::path& path = entry->path();
        std::error_code ignored;
        if (path.filename().string().starts_with('.') && entry->is_directory(ignored)) {
            entry.disable_recursion_pending();
        } else if (isDataFileName(path) && !isSideFile(path) && fs::is_regular_file(path, ignored)) {
            files.push_back(path);
        }
    }
    if (problem) return systemError("cannot list", folder, problem.value());
    std::sort(files.begin(), files.end());
    return files;
}

// The snapshot of a data set in the local Hugging Face cache ($HF_HOME/hub/datasets--ORG--NAME).
Result<fs::path> cachedDataset(const std::string& id) {
    ASSIGN_OR_RETURN(const net::HubSettings settings, net::hubSettingsFromEnvironment());
    std::string name = id;
    if (const std::size_t slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "--");
    const fs::path folder = settings.cache / ("datasets--" + name);
    const auto commit = readFile(folder / "refs" / "main", 200);
    std::error_code ignored;
    if (commit) {
        const fs::path snapshot = folder / "snapshots" / commit->substr(0, commit->find_first_of(" \r\n"));
        if (snapshot.parent_path() == folder / "snapshots" && fs::is_directory(snapshot, ignored)) return snapshot;
    }
    return Error{ErrorCode::NotFound,
                 "no file or folder '" + clipText(id, 200) +
                     "', and no data set of that name in the local Hugging Face cache (" + folder.string() + ")",
                 ""};
}

}  // namespace

Result<RecordSet> RecordSet::open(const RecordRequest& request, const std::stop_token& stop) {
    RecordSet set;
    set.m_request = request;
    if (request.split == "val") set.m_request.split = "validation";
    if (!request.maker.empty()) {
        ASSIGN_OR_RETURN(set.m_maker, makerInfo(request.maker));
        const auto& splits = set.m_maker->splits;
        if (std::find(splits.begin(), splits.end(), set.m_request.split) == splits.end()) {
            return Error{
                ErrorCode::Usage,
                std::string("the data set of '") + set.m_maker->name + "' has no split '" + clipText(request.split, 40) + "'" +
                    (splits.size() == 1 ? "; it has \"" + splits[0] + "\" alone (set eval_iters=0 to train without evaluation)"
                                        : ""),
                ""};
        }
    }
    fs::path path = request.path;
    if (path.empty() && !set.m_maker)
        return Error{ErrorCode::Usage, "there is no data set: give a file, a folder, or a maker", ""};
    std::error_code ignored;
    if (path.empty() || !fs::exists(path, ignored)) {
        const std::string id = path.empty() ? set.m_maker->repository : request.path;
        if (!net::isModelId(id)) return Error{ErrorCode::NotFound, "no such file or folder", path.string()};
        ASSIGN_OR_RETURN(path, cachedDataset(id));
    }
    const std::string subset = request.subset.empty() && set.m_maker ? set.m_maker->subset : request.subset;
    if (!subset.empty() && fs::is_directory(path / subset, ignored)) {
        path /= subset;
    } else if (!request.subset.empty()) {
        return Error{ErrorCode::NotFound, "there is no folder '" + clipText(subset, 80) + "' (the subset) in it",
                     path.string()};
    }
    const bool isFolder = fs::is_directory(path, ignored);
    set.m_root = isFolder ? path : path.parent_path();
    RETURN_IF_ERROR(isFolder ? set.openFolder(path, stop) : set.openFile(path, stop));
    if (set.m_rows == 0) return Error{ErrorCode::InvalidData, "the data set has no row", path.string()};
    return set;
}

Result<void> RecordSet::openFolder(const fs::path& folder, const std::stop_token& stop) {
    std::error_code ignored;
    for (const fs::path& place : {folder, folder / m_request.split}) {
        for (const char* name : kCaptionFiles) {
            if (fs::exists(place / name, ignored)) return openFile(place / name, stop);
        }
    }
    ASSIGN_OR_RETURN(const auto all, dataFilesBelow(folder));
    if (all.empty()) {
        ASSIGN_OR_RETURN(auto pictures, openCaptionedPictures(folder));
        if (pictures->size() == 0)
            return Error{ErrorCode::NotFound,
                         "the folder holds neither data files (.jsonl, .json, .csv, .parquet, .arrow) nor pictures",
                         folder.string()};
        add(std::move(pictures), folder);
        return {};
    }
    std::vector<fs::path> wanted;
    std::set<std::string> splits;
    for (const fs::path& file : all) {
        const std::string split = splitOf(file.lexically_relative(folder));
        if (!split.empty()) splits.insert(split);
        if (split == m_request.split) wanted.push_back(file);
    }
    // Where nothing names a training split, files that name no split at all are for training.
    if (wanted.empty() && m_request.split == "train") {
        for (const fs::path& file : all) {
            if (splitOf(file.lexically_relative(folder)).empty()) wanted.push_back(file);
        }
    }
    if (wanted.empty()) {
        std::string list;
        for (const std::string& split : splits) list += (list.empty() ? "" : ", ") + split;
        return Error{ErrorCode::NotFound,
                     "no file of the split '" + clipText(m_request.split, 40) + "'; there " +
                         (list.empty() ? "is no split at all" : "are " + list),
                     folder.string()};
    }
    for (const fs::path& file : wanted) RETURN_IF_ERROR(openFile(file, stop));
    return {};
}

Result<void> RecordSet::openFile(const fs::path& file, const std::stop_token& stop) {
    auto source = openRows(file, m_request.limits, stop);
    if (!source) return source.error();
    add(std::move(*source), file.parent_path());
    return {};
}

void RecordSet::add(RowSourcePointer source, fs::path pictureFolder) {
    const std::int64_t rows = source->size();
    m_parts.push_back(
        {std::move(source), m_request.pictureFolder.empty() ? std::move(pictureFolder) : m_request.pictureFolder, m_rows});
    m_rows += rows;
}

const RecordSet::Part& RecordSet::partOf(std::int64_t index) const {
    const auto next = std::upper_bound(m_parts.begin(), m_parts.end(), index,
                                       [](std::int64_t row, const Part& part) { return row < part.firstRow; });
    return *std::prev(next);
}

std::string RecordSet::place(std::int64_t index) const {
    const Part& part = partOf(index);
    return part.source->place(index - part.firstRow);
}

Result<MappedRecord> RecordSet::record(std::int64_t index) const {
    const Part& part = partOf(index);
    const std::string where = part.source->place(index - part.firstRow);
    auto row = part.source->row(index - part.firstRow);
    if (!row) return Error{ErrorCode::InvalidFile, row.error().toString(), where};
    MappedRecord mapped;
    if (m_maker) {
        auto made = makeRecord(m_maker->maker, *row);
        if (!made) return made.error().within(where);
        mapped.dropped = !made->has_value();
        if (*made) mapped.record = std::move(**made);
        for (const auto& [name, value] : row->items()) mapped.columns[name] = "unused";
    } else {
        auto made = mapRow(*row, {part.pictureFolder, m_request.markers, m_request.columns});
        if (!made) return made.error().within(where);
        mapped.record = std::move(made->record);
        mapped.columns = std::move(made->columns);
    }
    mapped.record.place = where;
    return mapped;
}

std::vector<fs::path> RecordSet::files() const {
    std::vector<fs::path> files;
    for (const Part& part : m_parts) {
        auto own = part.source->files();
        std::move(own.begin(), own.end(), std::back_inserter(files));
    }
    return files;
}

std::string RecordSet::name() const {
    const std::string name = m_request.path.empty() ? m_maker->repository : m_request.path;
    return m_parts.size() > 1 || m_maker ? name + " (" + m_request.split + ")" : name;
}

}  // namespace lapidary::dataset
