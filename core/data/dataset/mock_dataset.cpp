#include "core/data/dataset/mock_dataset.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/data/dataset/conversation_dataset.h"

namespace lapidary::dataset {
namespace {

__extension__ using Uint128 = unsigned __int128;

constexpr Uint128 wide(std::uint64_t high, std::uint64_t low) { return static_cast<Uint128>(high) << 64U | low; }

// numpy's default generator as default_rng(0) starts it: PCG XSL RR 128/64 (O'Neill 2014, HMC-CS-2014-0905), state and increment as
// numpy.random.SeedSequence(0) makes them.  Bytes are drawn from each number's low end on.
class NumpyBytes {
public:
    std::uint8_t next() {
        if (m_left == 0) {
            m_state = m_state * kMultiplier + kIncrement;
            const auto high = static_cast<std::uint64_t>(m_state >> 64U);
            m_number = std::rotr(high ^ static_cast<std::uint64_t>(m_state), static_cast<int>(high >> 58U));
            m_left = 8;
        }
        const auto byte = static_cast<std::uint8_t>(m_number);
        m_number >>= 8U;
        --m_left;
        return byte;
    }

private:
    static constexpr Uint128 kMultiplier = wide(0x2360ED051FC65DA4U, 0x4385DF649FCCF645U);
    static constexpr Uint128 kIncrement = wide(0x418DDADB3AF71A82U, 0x588133BC447873A9U);
    Uint128 m_state = wide(0x1AA1B5345996452DU, 0x09585EB7A69561E3U);
    std::uint64_t m_number = 0;
    int m_left = 0;  // bytes of it
};

}  // namespace

std::vector<std::vector<std::uint8_t>> mockPictures(std::int64_t count) {
    NumpyBytes bytes;
    std::vector<std::vector<std::uint8_t>> pictures(static_cast<std::size_t>(count));
    for (std::vector<std::uint8_t>& rgb : pictures) {
        rgb.resize(static_cast<std::size_t>(kMockPictureSide * kMockPictureSide * 3));
        std::generate(rgb.begin(), rgb.end(), [&] { return bytes.next(); });
    }
    return pictures;
}

Result<std::shared_ptr<const MockDataset>> MockDataset::create(std::int64_t size, std::int64_t pictures,
                                                               const processor::Gemma3Processor& processor,
                                                               const SampleSettings& settings) {
    Record record;
    record.place = "mock sample";
    for (const std::vector<std::uint8_t>& rgb : mockPictures(processor.acceptsPictures() ? pictures : 0)) {
        ASSIGN_OR_RETURN(std::string png, image::encodePng(rgb, kMockPictureSide, kMockPictureSide));
        record.pictures.push_back({PictureRef::Kind::Bytes, std::move(png), "mock.png"});
    }
    record.messages = questionAndAnswer(kDescribePrompt, "dummy assistant response", record.pictures.size());
    ASSIGN_OR_RETURN(TrainingSample sample, makeSample(record, processor, settings));
    const std::int64_t tokens = std::ssize(sample.ids);
    if (settings.maxTokens > 0 && tokens > settings.maxTokens) {
        return Error{
            ErrorCode::InvalidData,
            "the mock sample has " + std::to_string(tokens) + " tokens, the limit is " + std::to_string(settings.maxTokens),
            "model.seq_length"};
    }
    if (std::all_of(sample.labels.begin(), sample.labels.end(), [](std::int64_t label) { return label == kNoLabel; })) {
        return Error{ErrorCode::InvalidData, "every label of the mock sample is masked: nothing would be learned", ""};
    }
    return std::shared_ptr<const MockDataset>(new MockDataset(size, std::move(sample)));
}

Result<TrainingSample> MockDataset::sample(std::int64_t index) const {
    if (index < 0 || index >= m_size) {
        return Error{ErrorCode::NotFound, "sample " + std::to_string(index) + " of " + std::to_string(m_size), ""};
    }
    return m_sample;
}

std::string MockDataset::fingerprint() const {
    std::string text = "mock";
    for (const std::int64_t id : m_sample.ids) text.append(" ").append(std::to_string(id));
    for (const std::int64_t label : m_sample.labels) text.append(" ").append(std::to_string(label));
    for (const image::View& view : m_sample.views) text.append(" ").append(view.sha256);
    return image::sha256Hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace lapidary::dataset
