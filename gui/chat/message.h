// A message of a conversation as the window keeps it: values only, the same in memory, in the history's JSON and in exports.
#pragma once

#include <QString>
#include <QStringList>
#include <QVector>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/shared/rules/pan_and_scan.h"

namespace lapidary::gui {

enum class Role : std::uint8_t { User, Assistant };

// How a picture is to be cut for the model.
struct PictureViews {
    enum class Mode : std::uint8_t {
        Model,
        On,
        Off,
        Own
    };  // as the model's processor has it, pan & scan, the whole only, own crops
    Mode mode = Mode::Model;
    rules::PanAndScanSettings panAndScan;
    std::vector<rules::CropBox> crops;  // Own, pixels of the picture
    bool operator==(const PictureViews&) const = default;
};

// One view that went into the model.
struct SeenView {
    bool whole = false;
    rules::CropBox box;  // pixels of the picture
    std::int64_t tokens = 0;
    QString sha256;  // of the resized bytes
    bool operator==(const SeenView&) const = default;
};

// A picture in a message.  Its bytes are in the history's picture store, once, under their hash.
struct Picture {
    QString name;    // as the person knows it: the file's name or the address
    QString sha256;  // of the file's bytes, 64 hexadecimal digits; empty while it is still on its way into the store
    QString path;    // where its bytes can be read now
    std::int64_t width = 0;
    std::int64_t height = 0;
    PictureViews views;
    std::vector<SeenView> seen;  // after it was sent: what the model saw
    QString url;  // in place of a path: an https address, which the engine reads
    bool operator==(const Picture&) const = default;
};

// Text and pictures in the order in which the person put them.
struct MessagePart {
    std::optional<Picture> picture;  // a picture, or else
    QString text;
    bool operator==(const MessagePart&) const = default;
};

struct TokenChoice {
    std::int64_t token = 0;
    QString text;
    double logprob = 0.0;  // natural
    bool operator==(const TokenChoice&) const = default;
};

// A token of an answer with what else it might have been.
struct AnswerToken {
    TokenChoice chosen;
    std::vector<TokenChoice> alternatives;  // most probable first, the chosen one among them where it is
    bool operator==(const AnswerToken&) const = default;
};

// How long one view took, by the hash of its pixels.
struct ViewTime {
    QString sha256;
    double seconds = 0.0;
    bool operator==(const ViewTime&) const = default;
};

// Figures of an answer, from the engine's `done`.
struct AnswerFigures {
    QString finishReason;  // "end", "stop", "length", "cancelled"; empty while it streams
    std::int64_t promptTokens = 0;
    std::int64_t reusedTokens = 0;
    std::int64_t views = 0;
    std::int64_t reusedViews = 0;
    std::int64_t generatedTokens = 0;
    double prefillSeconds = 0.0;  // visionSeconds among them
    double visionSeconds = 0.0;   // the tower's, for views - reusedViews
    double decodeSeconds = 0.0;
    double firstTokenSeconds = 0.0;  // from sending to the first token, as the window saw it
    std::vector<ViewTime> viewTimes = {};  // of the views that passed the tower; older histories do not tell
    bool operator==(const AnswerFigures&) const = default;
};

struct Message {
    enum class State : std::uint8_t {
        Complete,
        Streaming,
        Interrupted,
        Failed
    };  // Interrupted: stopped, or its engine or window died

    std::int64_t id = 0;      // in its conversation, from 1
    std::int64_t parent = 0;  // 0: the beginning
    Role role = Role::User;
    std::vector<MessagePart> parts;
    State state = State::Complete;
    QString error;  // Failed: one sentence
    std::int64_t createdMs = 0;  // since 1970, UTC
    QString model;  // that answered
    AnswerFigures figures;
    std::vector<AnswerToken> tokens;  // where log-probabilities were asked for
    bool operator==(const Message&) const = default;

    [[nodiscard]] QString text() const;  // of all text parts, a blank line between two
    [[nodiscard]] std::vector<Picture> pictures() const;

    // What an answer says next: goes on in the text at the end, or begins one.
    void append(const QString& more);
};

// What is kept for a whole conversation beside its messages.
struct ConversationSettings {
    QString systemPrompt;
    std::optional<double> temperature;  // absent: the model's own
    std::optional<std::int64_t> topK;
    std::optional<double> topP;
    std::optional<double> minP;
    std::optional<double> repetitionPenalty;
    std::optional<std::int64_t> seed;
    std::int64_t maxNewTokens = 1024;
    QStringList stop;
    bool probabilities = false;  // ask for log-probabilities and tint the words
    bool operator==(const ConversationSettings&) const = default;
};

}  // namespace lapidary::gui
