#include "core/data/checkpoint/cast_model.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/data/checkpoint/hf_writer.h"
#include "core/data/checkpoint/new_folder.h"
#include "core/data/checkpoint/open_checkpoint.h"
#include "core/shared/base/file.h"
#include "core/shared/base/json.h"
#include "kernels/dequantize.h"
#include "kernels/quantize.h"

namespace lapidary::checkpoint {
namespace {

using kernels::BlockFormat;

// Numbers in memory at once.
constexpr std::int64_t kBlock = 1 << 20;
constexpr std::uint64_t kMaxConfigBytes = 1 << 20;

// The largest relative error of a number that is rounded, and below which size it is larger (subnormal numbers).
struct Rounding {
    double relative = 0.0;
    double smallest = 0.0;
};

Rounding roundingOf(BlockFormat format) {
    if (format == BlockFormat::BF16) return {0x1p-8, 0x1p-126};
    return format == BlockFormat::F16 ? Rounding{0x1p-11, 0x1p-14} : Rounding{};
}

Result<BlockFormat> formatOf(const std::string& dtype) {
    if (dtype == "float32") return BlockFormat::F32;
    if (dtype == "bfloat16") return BlockFormat::BF16;
    if (dtype == "float16") return BlockFormat::F16;
    return Error{ErrorCode::Usage, "expected float32, bfloat16 or float16, found '" + clipText(dtype, 40) + "'", "--dtype"};
}

// Calls `take(values, count, first)` with the tensor's numbers, a block at a time.
template <class Take>
Result<void> eachBlock(const StoredTensor& tensor, const Take& take) {
    const std::int64_t size = kernels::blockBytes(tensor.format);
    const auto count = static_cast<std::int64_t>(tensor.bytes.size()) / size;
    std::vector<float> values(static_cast<std::size_t>(std::min(count, kBlock)));
    for (std::int64_t first = 0; first < count; first += kBlock) {
        const std::int64_t part = std::min(kBlock, count - first);
        kernels::dequantizeRow(tensor.format, tensor.bytes.data() + first * size, values.data(), part);
        RETURN_IF_ERROR(take(values.data(), part, first));
    }
    return {};
}

// float16 alone has a smaller range than what it is made from.
Result<void> checkRange(const std::string& name, BlockFormat format, const float* values, std::int64_t count) {
    if (format != BlockFormat::F16) return {};
    constexpr float kLeastTooLarge = 65520.0F;  // rounds to infinity
    const float* const found = std::find_if(
        values, values + count, [](float value) { return std::isfinite(value) && std::abs(value) >= kLeastTooLarge; });
    if (found == values + count) return {};
    return Error{ErrorCode::InvalidData, "'" + name + "' holds " + std::to_string(*found) + ", which float16 cannot", "cast"};
}

Result<TensorToStore> cast(const StoredTensor& tensor, BlockFormat format) {
    ASSIGN_OR_RETURN(TensorToStore out, storedAsIs(tensor));  // refuses quantised ones
    if (tensor.format == format) return out;
    out.dtype = kernels::formatName(format);
    out.write = [tensor, format](const auto& append) {
        const auto size = static_cast<std::size_t>(kernels::blockBytes(format));
        std::vector<std::byte> bytes;
        return eachBlock(tensor, [&](const float* values, std::int64_t count, std::int64_t) -> Result<void> {
            RETURN_IF_ERROR(checkRange(tensor.name, format, values, count));
            bytes.resize(static_cast<std::size_t>(count) * size);
            kernels::quantizeRow(format, values, bytes.data(), count);
            return append(bytes);
        });
    };
    return out;
}

// "dtype" and "torch_dtype", wherever the file says them.
Result<void> writeDtype(const std::filesystem::path& file, const std::string& dtype) {
    ASSIGN_OR_RETURN(const std::string text, readFile(file, kMaxConfigBytes));
    ASSIGN_OR_RETURN(Json root, parseJson(text, file.string()));
    bool said = false;
    const auto say = [&](Json& object) {
        for (const char* key : {"dtype", "torch_dtype"}) {
            if (!object.is_object() || !object.contains(key)) continue;
            object[key] = dtype;
            said = true;
        }
    };
    say(root);
    for (const char* part : {"text_config", "vision_config"}) {
        if (root.contains(part)) say(root[part]);
    }
    if (!said) root["dtype"] = dtype;
    return writeFileAtomically(file, root.dump(2) + "\n");
}

// Whether `after` is `before` but for rounding; the largest relative change is raised to what is found.
Result<void> compare(const StoredTensor& before, const StoredTensor& after, double& largestChange) {
    const Rounding allowed = before.format == after.format ? Rounding{} : roundingOf(after.format);
    const std::int64_t size = kernels::blockBytes(after.format);
    std::vector<float> found;
    return eachBlock(before, [&](const float* values, std::int64_t count, std::int64_t first) -> Result<void> {
        found.resize(static_cast<std::size_t>(count));
        kernels::dequantizeRow(after.format, after.bytes.data() + first * size, found.data(), count);
        for (std::int64_t i = 0; i < count; ++i) {
            const double expected = values[i], got = found[static_cast<std::size_t>(i)];
            if (expected == got || (std::isnan(expected) && std::isnan(got))) continue;
            const double change = std::abs(got - expected);
            // Not "greater": a NaN in one of them is no rounding.
            if (!(change <= allowed.relative * std::max(std::abs(expected), allowed.smallest))) {
                return Error{ErrorCode::Different,
                             "'" + before.name + "' was read back as " + std::to_string(got) + " at number " +
                                 std::to_string(first + i) + ", expected " + std::to_string(expected),
                             "cast"};
            }
            if (std::abs(expected) >= allowed.smallest) largestChange = std::max(largestChange, change / std::abs(expected));
        }
        return {};
    });
}

Result<CastReport> prove(const Checkpoint& base, const std::filesystem::path& folder, BlockFormat format) {
    ASSIGN_OR_RETURN(const Checkpoint made, openCheckpoint(folder));
    CastReport report;
    for (const std::string& name : base.tensors->names()) {
        ASSIGN_OR_RETURN(const StoredTensor before, base.tensors->tensor(name));
        ASSIGN_OR_RETURN(const StoredTensor after, made.tensors->tensor(name));
        if (after.format != format || after.shape != before.shape)
            return Error{ErrorCode::Different, "'" + name + "' was written in another type or shape", "cast"};
        RETURN_IF_ERROR(compare(before, after, report.largestChange));
        ++report.tensors;
        if (before.format != format) ++report.castTensors;
        report.bytes += static_cast<std::int64_t>(after.bytes.size());
    }
    report.warnings = made.warnings;
    return report;
}

}  // namespace

Result<CastReport> castModel(const CastRequest& request, std::stop_token stop) {
    ASSIGN_OR_RETURN(const BlockFormat format, formatOf(request.dtype));
    ASSIGN_OR_RETURN(const Checkpoint base, openCheckpoint(request.model));
    const std::vector<std::string> names = base.tensors->names();
    std::vector<TensorToStore> tensors;
    tensors.reserve(names.size());
    for (const std::string& name : names) {
        ASSIGN_OR_RETURN(const StoredTensor stored, base.tensors->tensor(name));
        ASSIGN_OR_RETURN(TensorToStore tensor, cast(stored, format));
        const double fraction = static_cast<double>(tensors.size()) / static_cast<double>(names.size());
        tensor.write = [&request, stop, name, fraction, write = std::move(tensor.write)](const auto& append) -> Result<void> {
            if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "casting was cancelled", ""};
            if (request.onProgress) request.onProgress(name, fraction);
            return write(append);
        };
        tensors.push_back(std::move(tensor));
    }
    ASSIGN_OR_RETURN(auto folder, NewFolder::create(request.output, base.folder));
    RETURN_IF_ERROR(writeHfFolder(folder.partial(), base, tensors));
    RETURN_IF_ERROR(writeDtype(folder.partial() / "config.json", request.dtype));
    ASSIGN_OR_RETURN(CastReport report, prove(base, folder.partial(), format));
    RETURN_IF_ERROR(folder.finish());
    return report;
}

}  // namespace lapidary::checkpoint
