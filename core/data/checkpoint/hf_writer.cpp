#include "core/data/checkpoint/hf_writer.h"

#include <array>
#include <system_error>

#include "core/data/files/safetensors_writer.h"
#include "core/shared/base/file.h"

namespace lapidary::checkpoint {
namespace {

namespace fs = std::filesystem;

// What transformers reads beside the weights.
constexpr std::array kSideFiles{"config.json",           "generation_config.json",  "preprocessor_config.json",
                                "processor_config.json", "tokenizer.json",          "tokenizer.model",
                                "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
                                "chat_template.jinja",   "chat_template.json"};

}  // namespace

Result<TensorToStore> storedAsIs(const StoredTensor& tensor) {
    TensorToStore out;
    out.name = tensor.name;
    out.shape = tensor.shape;
    switch (tensor.format) {
        case kernels::BlockFormat::F32: out.dtype = "F32"; break;
        case kernels::BlockFormat::F16: out.dtype = "F16"; break;
        case kernels::BlockFormat::BF16: out.dtype = "BF16"; break;
        default:
            return Error{ErrorCode::Unsupported,
                         "'" + tensor.name + "' is quantised (" + kernels::formatName(tensor.format) +
                             "); a Hugging Face folder holds plain numbers",
                         ""};
    }
    out.write = [tensor](const auto& append) { return append(tensor.bytes); };
    return out;
}

Result<void> writeHfFolder(const fs::path& folder, const Checkpoint& base, const std::vector<TensorToStore>& tensors) {
    if (base.kind != CheckpointKind::HuggingFace) {
        return Error{ErrorCode::Unsupported,
                     "a whole model can be written from a Hugging Face folder alone, found " +
                         std::string(checkpointKindName(base.kind)),
                     base.folder.string()};
    }
    std::error_code problem;
    fs::create_directories(folder, problem);
    if (problem) return systemError("cannot make the folder", folder, problem.value());
    for (const char* name : kSideFiles) {
        if (!fs::is_regular_file(base.folder / name, problem)) continue;
        fs::copy_file(base.folder / name, folder / name, fs::copy_options::overwrite_existing, problem);
        if (problem) return systemError("cannot copy to", folder / name, problem.value());
        fs::permissions(folder / name, fs::perms::owner_write, fs::perm_options::add, problem);
    }
    std::vector<files::TensorDeclaration> declarations;
    declarations.reserve(tensors.size());
    for (const TensorToStore& tensor : tensors) declarations.push_back({tensor.name, tensor.dtype, tensor.shape});
    ASSIGN_OR_RETURN(const auto writer, files::SafetensorsWriter::create(folder / "model.safetensors", declarations));
    for (const TensorToStore& tensor : tensors) {
        RETURN_IF_ERROR(tensor.write([&](std::span<const std::byte> bytes) { return writer->append(bytes); }));
    }
    return writer->finish();
}

}  // namespace lapidary::checkpoint
