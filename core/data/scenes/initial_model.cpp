#include "core/data/scenes/initial_model.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "core/data/files/safetensors_writer.h"
#include "core/data/scenes/random.h"
#include "core/data/scenes/scene.h"
#include "core/data/scenes/vocabulary.h"
#include "core/data/text/chat_template.h"
#include "core/data/text/tokenizer.h"
#include "core/shared/base/file.h"
#include "core/shared/base/json.h"

namespace lapidary::scenes {
namespace {

constexpr double kPositionScale = 0.7;
constexpr double kProjectorScale = 0.5;

// Gemma 3's chat template as transformers' conversion script writes it (Apache-2.0; specification 6.4): what marks a checkpoint
// as one that chats.
constexpr const char* kChatTemplate = R"jinja({{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '

' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '

' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Conversation roles must alternate user/assistant/user/assistant/...") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '
' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>
' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model
'}}
{%- endif -%}
)jinja";

// The sum of twelve uniform numbers less six: a normal number as far as a start cares, by additions alone.
float normal(Random& random, double deviation) {
    double sum = -6.0;
    for (int i = 0; i < 12; ++i) sum += random.unit();
    return static_cast<float>(sum * deviation);
}

// [patches, hidden]: half of the columns for the row, half for the column, each half sines then cosines of rising wavelength
// (as in An Image is Worth 16x16 Words' fixed variant, arXiv:2010.11929, appendix D.4).
std::vector<float> sinePositions(const config::VisionConfig& vision) {
    const std::int64_t side = vision.patchesPerSide();
    const std::int64_t waves = vision.hiddenSize / 4;
    std::vector<float> table;
    for (std::int64_t patch = 0; patch < side * side; ++patch) {
        for (const std::int64_t place : {patch / side, patch % side}) {
            for (const bool cosine : {false, true}) {
                for (std::int64_t wave = 0; wave < waves; ++wave) {
                    const double angle =
                        static_cast<double>(place) * std::pow(100.0, -static_cast<double>(wave) / static_cast<double>(waves));
                    table.push_back(static_cast<float>(kPositionScale * (cosine ? std::cos(angle) : std::sin(angle))));
                }
            }
        }
    }
    table.resize(static_cast<std::size_t>(vision.numPatches() * vision.hiddenSize));
    return table;
}

bool endsWith(const std::string& name, std::string_view end) { return std::string_view(name).ends_with(end); }

// Of a matrix or convolution drawn at random.
double deviationOf(const plan::Parameter& parameter, const config::Gemma3Config& config) {
    if (parameter.part == plan::Part::Projection)
        return kProjectorScale / std::sqrt(static_cast<double>(parameter.shape.front()));
    if (parameter.part == plan::Part::Language) return config.text.initializerRange;
    double in = 1.0;
    for (std::size_t i = 1; i < parameter.shape.size(); ++i) in *= static_cast<double>(parameter.shape[i]);
    // LeCun for the patches, Glorot for the layers: transformers' SiglipPreTrainedModel.
    if (parameter.kind == plan::Kind::Convolution) return std::sqrt(1.0 / in);
    return std::sqrt(2.0 / (in + static_cast<double>(parameter.shape.front())));
}

Json preprocessorJson() {
    return {{"image_processor_type", "Gemma3ImageProcessor"},
            {"processor_class", "Gemma3Processor"},
            {"do_convert_rgb", true},
            {"do_resize", true},
            {"size", {{"height", kViewSize}, {"width", kViewSize}}},
            {"resample", 2},
            {"do_rescale", true},
            {"rescale_factor", 0.00392156862745098},
            {"do_normalize", true},
            {"image_mean", {0.5, 0.5, 0.5}},
            {"image_std", {0.5, 0.5, 0.5}},
            {"image_seq_length", kTokensPerSide * kTokensPerSide},
            {"do_pan_and_scan", true},
            {"pan_and_scan_min_crop_size", kPanAndScan.minCropSize},
            {"pan_and_scan_max_num_crops", kPanAndScan.maxNumCrops},
            {"pan_and_scan_min_ratio_to_activate", kPanAndScan.minRatioToActivate}};
}

Json generationJson() {
    return {{"do_sample", false}, {"bos_token_id", kBosId}, {"pad_token_id", kPadId}, {"eos_token_id", {kEosId, kEndOfTurnId}}};
}

Json tokenizerJson() {
    return {{"tokenizer_class", "GemmaTokenizer"},
            {"bos_token", "<bos>"},
            {"eos_token", "<eos>"},
            {"pad_token", "<pad>"},
            {"unk_token", "<unk>"},
            {"add_bos_token", true},
            {"add_eos_token", false},
            {"boi_token", "<start_of_image>"},
            {"eoi_token", "<end_of_image>"},
            {"image_token", "<image_soft_token>"},
            {"chat_template", kChatTemplate}};
}

std::string littleEndian(const std::vector<float>& values) {
    static_assert(std::endian::native == std::endian::little);
    std::string bytes(values.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

Result<void> writeWeights(const std::filesystem::path& path, const config::Gemma3Config& config, std::uint64_t seed) {
    const std::vector<plan::Parameter> table = plan::parameterTable(config);
    std::vector<files::TensorDeclaration> declarations;
    declarations.reserve(table.size());
    for (const plan::Parameter& parameter : table) declarations.push_back({parameter.name, "F32", parameter.shape});
    ASSIGN_OR_RETURN(const auto writer, files::SafetensorsWriter::create(path, declarations));
    for (const plan::Parameter& parameter : table) {
        const std::string bytes = littleEndian(initialValues(parameter, config, seed));
        RETURN_IF_ERROR(writer->append(std::as_bytes(std::span(bytes))));
    }
    return writer->finish();
}

}  // namespace

config::Gemma3Config demoConfig() {
    config::Gemma3Config config;
    config::TextConfig& text = config.text;
    text.vocabSize = kVocabularySize;
    text.hiddenSize = 192;
    text.intermediateSize = 512;
    text.numHiddenLayers = 6;
    text.numAttentionHeads = 4;
    text.numKeyValueHeads = 2;
    text.headDim = 48;
    text.queryPreAttnScalar = 48.0;
    text.maxPositionEmbeddings = 2048;
    text.slidingWindow = 64;
    text.initializerRange = 0.05;
    for (int layer = 0; layer < 6; ++layer) {
        // With one global layer in six, the question would see the first crop in the last layer alone.
        text.layerTypes.push_back(layer % 3 == 2 ? config::LayerType::FullAttention : config::LayerType::SlidingAttention);
    }
    text.padTokenId = kPadId;
    text.bosTokenId = kBosId;
    text.eosTokenIds = {kEosId, kEndOfTurnId};
    config::VisionConfig vision;
    vision.hiddenSize = 192;
    vision.intermediateSize = 576;
    vision.numHiddenLayers = 4;
    vision.numAttentionHeads = 4;
    vision.imageSize = kViewSize;
    vision.patchSize = 14;
    config.vision = vision;
    config.mmTokensPerImage = kTokensPerSide * kTokensPerSide;
    config.boiTokenIndex = kStartOfImageId;
    config.eoiTokenIndex = kEndOfImageId;
    config.imageTokenIndex = kImageSoftTokenId;
    config.dtype = "float32";
    return config;
}

Result<processor::Gemma3Processor> demoProcessor() {
    ASSIGN_OR_RETURN(auto tokenizer, text::Tokenizer::fromModel(tokenizerModel(), "tokenizer.model", kImageSoftTokenId));
    image::ImageProcessorSettings images;
    images.size = kViewSize;
    images.tokensPerView = kTokensPerSide * kTokensPerSide;
    images.panAndScanByDefault = true;
    images.panAndScan = kPanAndScan;
    return processor::Gemma3Processor::create(std::move(tokenizer), demoConfig(), images);
}

std::vector<float> initialValues(const plan::Parameter& parameter, const config::Gemma3Config& config, std::uint64_t seed) {
    const auto count = static_cast<std::size_t>(parameter.elements());
    if (parameter.kind == plan::Kind::Positions) return sinePositions(*config.vision);
    if (parameter.kind == plan::Kind::Bias) return std::vector<float>(count, 0.0F);
    if (parameter.kind == plan::Kind::Norm) {
        // Gemma's norms store what is added to one; the tower's layer norms store the factor itself.
        const bool isFactor = parameter.part == plan::Part::Vision && endsWith(parameter.name, ".weight");
        return std::vector<float>(count, isFactor ? 1.0F : 0.0F);
    }
    Random random(mix(seed) ^ hashText(parameter.name));
    const double deviation = deviationOf(parameter, config);
    std::vector<float> values(count);
    for (float& value : values) value = normal(random, deviation);
    return values;
}

Result<void> writeInitialModel(const std::filesystem::path& folder, std::uint64_t seed) {
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    if (failure) return systemError("cannot make the folder", folder, failure.value());
    const config::Gemma3Config config = demoConfig();
    const Json processorJson = {{"processor_class", "Gemma3Processor"}, {"image_seq_length", config.mmTokensPerImage}};
    RETURN_IF_ERROR(writeFileAtomically(folder / "config.json", config::toJson(config).dump(2) + "\n"));
    RETURN_IF_ERROR(writeFileAtomically(folder / "generation_config.json", generationJson().dump(2) + "\n"));
    RETURN_IF_ERROR(writeFileAtomically(folder / "preprocessor_config.json", preprocessorJson().dump(2) + "\n"));
    RETURN_IF_ERROR(writeFileAtomically(folder / "processor_config.json", processorJson.dump(2) + "\n"));
    RETURN_IF_ERROR(writeFileAtomically(folder / "tokenizer_config.json", tokenizerJson().dump(2) + "\n"));
    RETURN_IF_ERROR(writeFileAtomically(folder / "chat_template.jinja", kChatTemplate));
    RETURN_IF_ERROR(writeFileAtomically(folder / "tokenizer.model", tokenizerModel()));
    return writeWeights(folder / "model.safetensors", config, seed);
}

}  // namespace lapidary::scenes
