// A processor of the tiny model that the fine-tuning references were made with, and data sets written for one test.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "core/data/dataset/conversation_dataset.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::dataset {

// 4 tokens a picture, ids as in tests/golden/finetune.
inline std::shared_ptr<const processor::Gemma3Processor> tinyProcessor() {
    static const auto kProcessor = [] {
        const auto tokenizer = text::Tokenizer::fromJson(test::goldenText("tokenizer/tiny.json"), "tiny.json");
        config::Gemma3Config config;
        config.vision = config::VisionConfig{};
        config.mmTokensPerImage = 4;
        config.boiTokenIndex = 457;
        config.eoiTokenIndex = 458;
        config.imageTokenIndex = 459;
        config.text.vocabSize = 464;
        image::ImageProcessorSettings images;
        images.size = 28;
        images.tokensPerView = 4;
        auto made = processor::Gemma3Processor::create(*tokenizer, config, images);
        if (!made) throw std::runtime_error(made.error().toString());
        return std::make_shared<const processor::Gemma3Processor>(std::move(*made));
    }();
    return kProcessor;
}

class DatasetTest : public ::testing::Test {
protected:
    DatasetTest() {
        for (int i = 0; i < 4; ++i) test::writePicture(m_folder.path() / (std::to_string(i) + ".png"), i);
    }

    [[nodiscard]] const test::TempDir& folder() const { return m_folder; }

    [[nodiscard]] RecordSet records(const std::string& name, const std::string& lines) const {
        RecordRequest request;
        request.path = m_folder.write(name, lines).string();
        auto set = RecordSet::open(request);
        if (!set) throw std::runtime_error(set.error().toString());
        return std::move(*set);
    }

    [[nodiscard]] Result<std::shared_ptr<const ConversationDataset>> open(const std::string& lines,
                                                                          const OpenSetOptions& options = {}) const {
        return ConversationDataset::open(records("train.jsonl", lines), tinyProcessor(), options);
    }

    [[nodiscard]] SurveyReport survey(const std::string& lines, const SampleSettings& settings = {},
                                      SurveyDepth depth = SurveyDepth::Decoded, const SurveyReport* training = nullptr) const {
        const RecordSet set = records("train.jsonl", lines);
        auto survey = surveyRecords({&set, tinyProcessor().get(), settings, depth, training, {}});
        if (!survey) throw std::runtime_error(survey.error().toString());
        return std::move(survey->report);
    }

    // The places of a rule's findings, in order.
    static std::string placesOf(const SurveyReport& report, Rule rule) {
        std::string places;
        for (const Finding& finding : report.findings.kept()) {
            if (finding.rule == rule) places += (places.empty() ? "" : " ") + finding.place;
        }
        return places;
    }

private:
    test::TempDir m_folder;
};

// One row: pictures "<n>.png" before the question.
inline std::string line(const std::string& question, const std::string& answer, const std::vector<std::string>& pictures = {}) {
    nlohmann::json row{{"prompt", question}, {"answer", answer}};
    if (!pictures.empty()) row["images"] = pictures;
    return row.dump() + "\n";
}

inline std::vector<std::int64_t> unshifted(const std::vector<std::int64_t>& labels) {
    std::vector<std::int64_t> result{kNoLabel};
    result.insert(result.end(), labels.begin(), labels.end() - 1);
    return result;
}

}  // namespace lapidary::dataset
