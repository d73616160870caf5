#include "core/data/checkpoint/peft_adapter.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <system_error>

#include "core/data/checkpoint/tensor_names.h"
#include "core/data/files/safetensors_file.h"
#include "core/data/files/safetensors_writer.h"
#include "core/shared/base/file.h"
#include "core/shared/base/json.h"
#include "core/shared/plan/adapter_match.h"
#include "core/shared/plan/parameter_table.h"

namespace lapidary::checkpoint {
namespace {

constexpr const char* kConfigName = "adapter_config.json";
constexpr const char* kWeightsName = "adapter_model.safetensors";
constexpr std::uint64_t kMaxConfigBytes = 8 << 20;

Error invalid(const std::string& message) { return Error{ErrorCode::InvalidData, message, kWeightsName}; }

std::string shapeText(const std::vector<std::int64_t>& shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    return text + "]";
}

// Removes `part` where it stands first.
bool takeOut(std::string& name, std::string_view part) {
    const std::size_t at = name.find(part);
    if (at == std::string::npos) return false;
    name.erase(at, part.size());
    return true;
}

struct ParsedPeftName {
    std::string canonical;
    PeftRole role = PeftRole::Saved;
};

// Adapter names (".default") are part of a name in memory, never in a file that peft wrote; others wrote them all the same.
ParsedPeftName parsePeftName(std::string name, bool visionLanguage) {
    ParsedPeftName parsed;
    for (const char* prefix : {"base_model.model.", "base_model."}) {
        if (name.starts_with(prefix)) {
            name.erase(0, std::string_view(prefix).size());
            break;
        }
    }
    takeOut(name, ".default");
    for (const auto& [end, role] : {std::pair{".lora_A.weight", PeftRole::A},
                                    {".lora_B.weight", PeftRole::B},
                                    {".lora_magnitude_vector", PeftRole::Magnitude},
                                    {".lora_magnitude_vector.weight", PeftRole::Magnitude}}) {
        if (!name.ends_with(end)) continue;
        parsed.role = role;
        name.replace(name.size() - std::string_view(end).size(), std::string::npos, ".weight");
        break;
    }
    if (parsed.role == PeftRole::Saved) takeOut(name, "modules_to_save.");
    parsed.canonical = canonicalName(parseTensorName(name), visionLanguage);
    return parsed;
}

std::optional<kernels::BlockFormat> formatOf(const std::string& dtype) {
    if (dtype == "F32") return kernels::BlockFormat::F32;
    if (dtype == "BF16") return kernels::BlockFormat::BF16;
    if (dtype == "F16") return kernels::BlockFormat::F16;
    return std::nullopt;
}

const char* dtypeOf(kernels::BlockFormat format) {
    switch (format) {
        case kernels::BlockFormat::BF16: return "BF16";
        case kernels::BlockFormat::F16: return "F16";
        default: return "F32";
    }
}

// Shapes of the model, with a head that may be saved though it is tied.
std::map<std::string, plan::Parameter> shapesOf(const config::Gemma3Config& config) {
    std::map<std::string, plan::Parameter> shapes;
    for (plan::Parameter& parameter : plan::parameterTable(config, true)) shapes[parameter.name] = std::move(parameter);
    return shapes;
}

class Reader {
public:
    Reader(const PeftConfig& peft, const config::Gemma3Config& config)
        : m_spec(peft.spec), m_visionLanguage(config.isVisionLanguage()), m_shapes(shapesOf(config)) {}

    Result<std::vector<PeftTensor>> read(const files::SafetensorsFile& file) {
        for (const files::SafetensorsTensor& stored : file.tensors()) RETURN_IF_ERROR(add(file, stored));
        RETURN_IF_ERROR(requireWhole());
        if (m_tensors.empty()) return invalid("it holds no tensor");
        return std::move(m_tensors);
    }

private:
    Result<void> add(const files::SafetensorsFile& file, const files::SafetensorsTensor& stored) {
        const std::string shown = "tensor '" + clipText(stored.name, 200) + "'";
        const ParsedPeftName name = parsePeftName(stored.name, m_visionLanguage);
        const auto found = m_shapes.find(name.canonical);
        if (found == m_shapes.end()) return unknown(stored.name, name);
        const auto format = formatOf(stored.dtype);
        if (!format) return invalid(shown + " has the dtype " + clipText(stored.dtype, 20) + "; expected F32, F16 or BF16");
        ASSIGN_OR_RETURN(const std::vector<std::int64_t> expected, expectedShape(found->second, name.role));
        std::vector<std::int64_t> shape = stored.shape;
        if (name.role == PeftRole::Magnitude && shape.size() == 2 && shape[0] == 1) shape.erase(shape.begin());
        if (shape != expected) {
            return invalid(shown + " has the shape " + shapeText(stored.shape) + "; this model and the adapter's rank demand " +
                           shapeText(expected) +
                           " (another base model, or another r or rank_pattern than it was trained with)");
        }
        if (!m_seen[name.canonical].insert(name.role).second) return invalid(shown + " appears under two names");
        m_tensors.push_back({name.canonical, name.role, *format, shape, file.bytes(stored), file.owner()});
        return {};
    }

    [[nodiscard]] Error unknown(const std::string& stored, const ParsedPeftName& name) const {
        const std::string shown = "tensor '" + clipText(stored, 200) + "' ";
        if (!m_visionLanguage && name.canonical.starts_with("vision_tower.")) {
            return Error{ErrorCode::InvalidData,
                         shown +
                             "belongs to a vision tower, which this model does not have: the adapter was made for a "
                             "vision-language model",
                         kWeightsName};
        }
        if (stored.find("lora_embedding") != std::string::npos)
            return Error{ErrorCode::Unsupported, shown + "is a delta of an embedding; those are not read", kWeightsName};
        return invalid(shown + "belongs to no part of this model: the adapter was made for another base model");
    }

    Result<std::vector<std::int64_t>> expectedShape(const plan::Parameter& parameter, PeftRole role) {
        if (role == PeftRole::Saved) return parameter.shape;
        const bool linear = parameter.kind == plan::Kind::Matrix && parameter.part != plan::Part::Projection;
        if (!linear || !parameter.name.ends_with(".weight"))
            return Error{ErrorCode::Unsupported, "a delta of '" + parameter.name + "', which is no linear layer", kWeightsName};
        const std::string module = parameter.name.substr(0, parameter.name.size() - 7);
        ASSIGN_OR_RETURN(const plan::AdapterRank rank, plan::adapterRank(m_spec, plan::peftName(module, m_visionLanguage)));
        switch (role) {
            case PeftRole::A: return std::vector<std::int64_t>{rank.r, parameter.shape[1]};
            case PeftRole::B: return std::vector<std::int64_t>{parameter.shape[0], rank.r};
            default: return std::vector<std::int64_t>{parameter.shape[0]};
        }
    }

    [[nodiscard]] Result<void> requireWhole() const {
        const bool dora = m_spec.kind == plan::AdapterKind::Dora;
        for (const auto& [name, roles] : m_seen) {
            if (roles.contains(PeftRole::Saved) && roles.size() == 1) continue;
            const auto missing = [&](PeftRole role) { return !roles.contains(role); };
            if (roles.contains(PeftRole::Saved)) return invalid("'" + name + "' is saved as a whole and has a delta too");
            if (missing(PeftRole::A) || missing(PeftRole::B))
                return invalid("the delta of '" + name + "' lacks lora_" + (missing(PeftRole::A) ? "A" : "B"));
            if (dora && missing(PeftRole::Magnitude)) {
                return invalid("use_dora is true and the delta of '" + name +
                               "' has no lora_magnitude_vector; others would begin it anew, with other numbers");
            }
            if (!dora && !missing(PeftRole::Magnitude))
                return invalid("use_dora is false and '" + name + "' has a lora_magnitude_vector");
        }
        return {};
    }

    plan::AdapterSpec m_spec;
    bool m_visionLanguage;
    std::map<std::string, plan::Parameter> m_shapes;
    std::map<std::string, std::set<PeftRole>> m_seen;
    std::vector<PeftTensor> m_tensors;
};

Result<void> requireFolder(const std::filesystem::path& folder) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder, ignored))
        return Error{ErrorCode::NotFound, "no adapter folder at '" + folder.string() + "'", ""};
    if (std::filesystem::exists(folder / kWeightsName, ignored)) return {};
    if (std::filesystem::exists(folder / "adapter_model.bin", ignored)) {
        return Error{ErrorCode::Unsupported,
                     "'" + (folder / "adapter_model.bin").string() +
                         "' is pickled, and opening it could run code; save the adapter as safetensors",
                     ""};
    }
    return Error{ErrorCode::NotFound, "no " + std::string(kWeightsName) + " in '" + folder.string() + "'", ""};
}

}  // namespace

Result<PeftAdapter> openPeftAdapter(const std::filesystem::path& folder, const config::Gemma3Config& config) {
    RETURN_IF_ERROR(requireFolder(folder));
    ASSIGN_OR_RETURN(const std::string text, readFile(folder / kConfigName, kMaxConfigBytes));
    ASSIGN_OR_RETURN(const Json root, parseJson(text, (folder / kConfigName).string()));
    auto peft = parsePeftConfig(root);
    if (!peft) return peft.error().within(folder.string());
    ASSIGN_OR_RETURN(const auto file, files::SafetensorsFile::open(folder / kWeightsName));
    auto tensors = Reader(*peft, config).read(*file);
    if (!tensors) return tensors.error().within(folder.string());
    return PeftAdapter{.spec = std::move(peft->spec),
                       .baseModel = std::move(peft->baseModel),
                       .visionLanguage = config.isVisionLanguage(),
                       .tensors = std::move(*tensors),
                       .warnings = std::move(peft->warnings)};
}

std::string peftTensorName(const PeftTensor& tensor, bool visionLanguage) {
    std::string name = "base_model.model." + plan::peftName(tensor.name, visionLanguage);
    if (tensor.role == PeftRole::Saved) return name;
    name.erase(name.size() - std::string_view(".weight").size());
    switch (tensor.role) {
        case PeftRole::A: return name + ".lora_A.weight";
        case PeftRole::B: return name + ".lora_B.weight";
        default: return name + ".lora_magnitude_vector";
    }
}

Result<void> writePeftAdapter(const std::filesystem::path& folder, const PeftAdapter& adapter) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return systemError("make the folder", folder, error.value());
    std::vector<files::TensorToWrite> tensors;
    tensors.reserve(adapter.tensors.size());
    for (const PeftTensor& tensor : adapter.tensors) {
        tensors.push_back(
            {{peftTensorName(tensor, adapter.visionLanguage), dtypeOf(tensor.format), tensor.shape}, tensor.bytes});
    }
    // The order of the reference writer: names, since all have one dtype.
    std::sort(tensors.begin(), tensors.end(),
              [](const auto& a, const auto& b) { return a.declaration.name < b.declaration.name; });
    RETURN_IF_ERROR(files::writeSafetensors(folder / kWeightsName, tensors));
    return writeFileAtomically(folder / kConfigName, peftConfigText(adapter));
}

}  // namespace lapidary::checkpoint
