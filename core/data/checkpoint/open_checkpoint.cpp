#include "core/data/checkpoint/open_checkpoint.h"

#include <algorithm>
#include <fstream>

#include "core/data/checkpoint/gguf_checkpoint.h"
#include "core/data/checkpoint/hf_checkpoint.h"
#include "core/data/checkpoint/tensor_list.h"
#include "core/data/checkpoint/weight_files.h"

namespace lapidary::checkpoint {
namespace {

namespace fs = std::filesystem;

// The content decides, not the ending: downloads are renamed.
bool beginsWithGgufMagic(const fs::path& path) {
    char magic[4] = {};
    std::ifstream in(path, std::ios::binary);
    return in.read(magic, sizeof magic) && std::string_view(magic, sizeof magic) == "GGUF";
}

bool isMmprojName(const fs::path& path) { return path.filename().string().find("mmproj") != std::string::npos; }

// A folder of GGUF files: one text model, perhaps with its mmproj beside it.
struct GgufFolder {
    std::vector<std::string> models;
    std::vector<std::string> mmprojs;
};

GgufFolder listGguf(const fs::path& folder) {
    GgufFolder found;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        if (entry->path().extension() != ".gguf") continue;
        (isMmprojName(entry->path()) ? found.mmprojs : found.models).push_back(entry->path().filename().string());
    }
    std::sort(found.models.begin(), found.models.end());
    std::sort(found.mmprojs.begin(), found.mmprojs.end());
    return found;
}

bool holdsSafetensors(const fs::path& folder) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json")) return true;
    }
    return false;
}

Result<Checkpoint> openFolder(const fs::path& folder, const OpenOptions& options) {
    const GgufFolder gguf = listGguf(folder);
    if (holdsSafetensors(folder) || gguf.models.empty()) {
        if (options.mmproj)
            return Error{ErrorCode::Usage, "--mmproj goes with a GGUF, and this is a Hugging Face folder", folder.string()};
        return openHfCheckpoint(folder);
    }
    if (gguf.models.size() > 1) {
        return Error{ErrorCode::Usage, "several GGUF models lie here; name one of them: " + someNames(gguf.models, 8),
                     folder.string()};
    }
    std::optional<fs::path> mmproj = options.mmproj;
    if (!mmproj && gguf.mmprojs.size() == 1) mmproj = folder / gguf.mmprojs.front();
    ASSIGN_OR_RETURN(Checkpoint checkpoint, openGgufCheckpoint(folder / gguf.models.front(), mmproj));
    if (!options.mmproj && mmproj)
        checkpoint.warnings.push_back("the vision part is taken from " + gguf.mmprojs.front() + " beside the model");
    return checkpoint;
}

}  // namespace

const char* checkpointKindName(CheckpointKind kind) { return kind == CheckpointKind::Gguf ? "gguf" : "huggingface"; }

Result<Checkpoint> openCheckpoint(const fs::path& given, const OpenOptions& options) {
    std::error_code error;
    const fs::path path = fs::absolute(given, error).lexically_normal();
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) return Error{ErrorCode::NotFound, "no such file or folder: '" + given.string() + "'", ""};
    if (fs::is_directory(status)) return openFolder(path.has_filename() ? path : path.parent_path(), options);
    if (beginsWithGgufMagic(path) || path.extension() == ".gguf") return openGgufCheckpoint(path, options.mmproj);
    if (isPickleName(path)) return refusePickle(path);
    if (options.mmproj) return Error{ErrorCode::Usage, "--mmproj goes with a GGUF, and '" + given.string() + "' is none", ""};
    const std::string name = path.filename().string();
    if (name == "config.json") return openHfCheckpoint(path.parent_path());
    return openHfCheckpoint(path);
}

}  // namespace lapidary::checkpoint
