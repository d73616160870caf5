#include "core/shared/protocol/training_event.h"

#include <iterator>
#include <utility>

#include "core/shared/protocol/fields.h"

namespace lapidary::protocol {

template <class F>
static void fields(F& f, KindAccuracy& m) {
    f.text("kind", m.kind, Presence::Required);
    f.number("accuracy", m.accuracy);
    f.integer("count", m.count);
}

template <class F>
static void fields(F& f, RunStartedEvent& m) {
    f.text("run", m.run);
    f.integer("step", m.step);
    f.integer("steps", m.steps);
    f.integer("parameters", m.parameters);
    f.integer("trainable_parameters", m.trainableParameters);
    f.integer("samples", m.samples);
    f.integer("world_size", m.worldSize);
    f.integer("global_batch_size", m.globalBatchSize);
    f.text("device", m.device);
    f.text("dtype", m.dtype);
    f.integer("estimated_private_bytes", m.estimatedPrivateBytes);
    f.texts("notes", m.notes);
}

template <class F>
static void fields(F& f, StepEvent& m) {
    f.integer("step", m.step, 0, kAnyHigh, Presence::Required);
    f.number("loss", m.loss);
    f.number("learning_rate", m.learningRate);
    f.number("grad_norm", m.gradNorm);
    f.number("tokens_per_second", m.tokensPerSecond);
    f.number("seconds", m.seconds);
    f.integer("target_tokens", m.targetTokens);
    f.integer("consumed_samples", m.consumedSamples);
    f.number("epoch", m.epoch);
    f.number("remaining_seconds", m.remainingSeconds);
    f.integer("private_bytes", m.privateBytes);
    f.integer("device_bytes", m.deviceBytes, 0, kAnyHigh);
}

template <class F>
static void fields(F& f, EvaluationEvent& m) {
    f.integer("step", m.step, 0, kAnyHigh, Presence::Required);
    f.number("loss", m.loss);
    f.number("accuracy", m.accuracy);
    f.list("kinds", m.kinds);
    f.flag("best", m.best);
}

template <class F>
static void fields(F& f, SampleAnswerEvent& m) {
    f.integer("step", m.step, 0, kAnyHigh, Presence::Required);
    f.integer("sample", m.sample);
    f.text("prompt", m.prompt);
    f.texts("images", m.images);
    f.text("answer", m.answer);
}

template <class F>
static void fields(F& f, SavedEvent& m) {
    f.integer("step", m.step, 0, kAnyHigh, Presence::Required);
    f.text("folder", m.folder);
    f.integer("bytes", m.bytes);
    f.number("seconds", m.seconds);
}

template <class F>
static void fields(F& f, NoticeEvent& m) {
    f.integer("step", m.step, 0, kAnyHigh, Presence::Required);
    f.text("kind", m.kind, Presence::Required);
    f.text("message", m.message);
}

template <class F>
static void fields(F& f, RunFinishedEvent& m) {
    f.integer("step", m.step, 0, kAnyHigh, Presence::Required);
    f.text("reason", m.reason, Presence::Required);
    f.text("message", m.message);
    f.text("adapter", m.adapter);
    f.integer("refused_steps", m.refusedSteps);
    f.integer("out_of_memory_steps", m.outOfMemorySteps);
    f.integer("skipped_steps", m.skippedSteps);
    f.integer("rollbacks", m.rollbacks);
    f.integer("lowered_learning_rates", m.loweredLearningRates);
    f.integer("private_bytes", m.privateBytes);
    f.integer("device_bytes", m.deviceBytes, 0, kAnyHigh);
}

namespace {

// Names in the order of TrainingEventBody's alternatives.
constexpr const char* kTypeNames[] = {"run_started", "step", "evaluation", "sample_answer", "saved", "notice", "run_finished"};
static_assert(std::size(kTypeNames) == std::variant_size_v<TrainingEventBody>);

template <std::size_t I = 0>
std::optional<TrainingEventBody> emptyBody(const std::string& type) {
    if constexpr (I == std::variant_size_v<TrainingEventBody>) {
        return std::nullopt;
    } else {
        if (type == kTypeNames[I]) return TrainingEventBody(std::in_place_index<I>);
        return emptyBody<I + 1>(type);
    }
}

}  // namespace

const char* trainingEventTypeName(const TrainingEventBody& body) { return kTypeNames[body.index()]; }

Result<TrainingEvent> parseTrainingEvent(std::string_view line) {
    const std::string where = "training event";
    ASSIGN_OR_RETURN(const Json object, parseJson(line, where));
    if (!object.is_object()) return Error{ErrorCode::InvalidData, "expected an object, found " + describeJson(object), where};
    FieldReader head(object, where);
    TrainingEvent event;
    std::string type;
    head.text("type", type, Presence::Required);
    head.number("time", event.time);
    RETURN_IF_ERROR(head.result());
    auto body = emptyBody(type);
    if (!body) return Error{ErrorCode::Unsupported, "unknown type '" + clipText(type, 80) + "'", where};
    event.body = std::move(*body);
    FieldReader reader(object, where + " " + type);
    std::visit([&](auto& message) { fields(reader, message); }, event.body);
    RETURN_IF_ERROR(reader.result());
    return event;
}

std::string printTrainingEvent(const TrainingEvent& event) {
    Json object = Json::object();
    object["type"] = trainingEventTypeName(event.body);
    object["time"] = event.time;
    TrainingEventBody body = event.body;
    FieldWriter writer(object);
    std::visit([&](auto& message) { fields(writer, message); }, body);
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace lapidary::protocol
