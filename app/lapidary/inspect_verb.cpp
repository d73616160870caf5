// `lapidary inspect`: what a checkpoint is, before any of it is loaded.
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <set>

#include "app/lapidary/common_options.h"
#include "app/lapidary/inspect_text.h"
#include "app/lapidary/json_output.h"
#include "core/data/checkpoint/non_finite.h"
#include "core/data/checkpoint/quantize_source.h"
#include "core/engine/session/forecast.h"

namespace lapidary::app {
namespace {

using nlohmann::ordered_json;

struct PartSize {
    std::int64_t tensors = 0;
    std::int64_t parameters = 0;
    std::int64_t bytes = 0;
};

// By part, in the table's order: language, vision, projection.
Result<std::map<plan::Part, PartSize>> sizesByPart(const checkpoint::Checkpoint& checkpoint) {
    std::map<plan::Part, PartSize> parts;
    for (const plan::Parameter& parameter : plan::parameterTable(checkpoint.config, checkpoint.untiedHead)) {
        ASSIGN_OR_RETURN(const auto tensor, checkpoint.tensors->tensor(parameter.name));
        PartSize& part = parts[parameter.part];
        ++part.tensors;
        part.parameters += parameter.elements();
        part.bytes += static_cast<std::int64_t>(tensor.bytes.size());
    }
    return parts;
}

class InspectVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        addCheckpointOptions(command, m_model);
        command
            .add_option("--context", m_model.request.context,
                        "tokens to forecast memory for (default: 4096, or the model's limit)")
            ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40))
            ->type_name("N");
        command.add_flag("--force-context", m_model.request.forceContext,
                         "forecast for a context longer than the model was made for");
        m_model.request.device = "cpu";
        command.add_option("--device", m_model.request.device, "where the forecast lays the model: cpu, cuda or cuda:N")
            ->capture_default_str();
        command.add_option("--dtype", m_model.request.dtype, "what activations and cache are kept in")
            ->check(CLI::IsMember({"auto", "float32", "bfloat16"}))
            ->type_name("auto|float32|bfloat16");
        command
            .add_option("--quantize", m_model.request.quantize,
                        "forecast for a float model that is quantised while it is opened")
            ->check(CLI::IsMember({"int8", "int4", "q8_0", "q4_0"}))
            ->type_name("int8|int4|q8_0|q4_0");
        command.add_flag("--tensors", m_listTensors, "list every tensor");
        command.add_flag("--check-weights", m_checkWeights, "read all weights and list those with NaN or infinity");
    }

    Result<void> run(const Invocation& invocation) override {
        ASSIGN_OR_RETURN(const auto path, session::resolveModelPath(m_model.model()));
        checkpoint::OpenOptions options;
        if (!m_model.request.mmproj.empty()) options.mmproj = m_model.request.mmproj;
        ASSIGN_OR_RETURN(const checkpoint::Checkpoint checkpoint, checkpoint::openCheckpoint(path, options));
        std::int64_t wanted = m_model.request.context;
        if (wanted == 0) wanted = std::min<std::int64_t>(4096, checkpoint.config.text.maxPositionEmbeddings);
        ASSIGN_OR_RETURN(const std::int64_t context,
                         session::resolveContext(checkpoint.config.text, wanted, m_model.request.forceContext));
        ASSIGN_OR_RETURN(const auto parts, sizesByPart(checkpoint));
        ASSIGN_OR_RETURN(const model::LoadOptions held, session::loadOptionsOf(m_model.request));
        ASSIGN_OR_RETURN(const auto memory, session::forecastOf(checkpoint, context, held));
        std::vector<std::string> warnings = checkpoint.warnings;
        if (!m_model.request.quantize.empty()) {
            ASSIGN_OR_RETURN(const kernels::BlockFormat format, checkpoint::parseQuantization(m_model.request.quantize));
            const auto left = checkpoint::quantizeWarnings(checkpoint.config, checkpoint.untiedHead, format);
            warnings.insert(warnings.end(), left.begin(), left.end());
        }
        if (m_checkWeights) RETURN_IF_ERROR(checkWeights(checkpoint, warnings, invocation.stop));
        const ordered_json document = describe(checkpoint, parts, memory, context, held.device.str(), warnings);
        if (invocation.console.json)
            printJson(document);
        else
            printInspection(document);
        return {};
    }

private:
    static Result<void> checkWeights(const checkpoint::Checkpoint& checkpoint, std::vector<std::string>& warnings,
                                     const std::stop_token& stop) {
        ASSIGN_OR_RETURN(const auto bad, checkpoint::nonFiniteWarnings(*checkpoint.tensors, stop));
        warnings.insert(warnings.end(), bad.begin(), bad.end());
        return {};
    }

    ordered_json describe(const checkpoint::Checkpoint& checkpoint, const std::map<plan::Part, PartSize>& parts,
                          const plan::MemoryForecast& memory, std::int64_t context, const std::string& device,
                          const std::vector<std::string>& warnings) const {
        ordered_json document;
        document["kind"] = checkpoint::checkpointKindName(checkpoint.kind);
        document["files"] = ordered_json::array();
        for (const auto& file : checkpoint.files) document["files"].push_back(file.string());
        document["config"] = ordered_json(config::toJson(checkpoint.config));
        document["untied_head"] = checkpoint.untiedHead;
        std::set<std::string> formats;
        ordered_json tensors = ordered_json::array();
        for (const std::string& name : checkpoint.tensors->names()) {
            const auto tensor = checkpoint.tensors->tensor(name);
            if (!tensor) continue;
            formats.insert(kernels::formatName(tensor->format));
            tensors.push_back({{"name", name},
                               {"format", kernels::formatName(tensor->format)},
                               {"shape", tensor->shape},
                               {"bytes", tensor->bytes.size()}});
        }
        document["formats"] = formats;
        PartSize total;
        for (const auto& [part, size] : parts) {
            document["parts"][plan::partName(part)] = {
                {"tensors", size.tensors}, {"parameters", size.parameters}, {"bytes", size.bytes}};
            total = {total.tensors + size.tensors, total.parameters + size.parameters, total.bytes + size.bytes};
        }
        document["parts"]["total"] = {{"tensors", total.tensors}, {"parameters", total.parameters}, {"bytes", total.bytes}};
        document["forecast"]["device"] = device;
        document["forecast"]["context"] = context;
        for (const auto& item : memory.items) document["forecast"]["bytes"][item.name] = item.bytes;
        document["forecast"]["bytes"]["total"] = memory.totalBytes();
        document["warnings"] = warnings;
        if (m_listTensors) document["tensors"] = std::move(tensors);
        return document;
    }

    ModelOptions m_model;
    bool m_listTensors = false;
    bool m_checkWeights = false;
};

}  // namespace

std::unique_ptr<Verb> makeInspectVerb() { return std::make_unique<InspectVerb>(); }

}  // namespace lapidary::app
