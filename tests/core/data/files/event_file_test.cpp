#include "core/data/files/event_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <bit>
#include <csignal>
#include <map>
#include <optional>
#include <vector>

#include "core/shared/base/file.h"
#include "tests/support/temp_dir.h"

namespace lapidary::files {
namespace {

// A reader of its own, after the format's documents: it shares nothing with the writer.
std::uint32_t slowCrc32c(std::string_view bytes) {
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int i = 0; i < 8; ++i) crc = (crc & 1U) != 0U ? (crc >> 1U) ^ 0x82F63B78U : crc >> 1U;
    }
    return crc ^ 0xFFFFFFFFU;
}

std::uint32_t unmasked(std::uint32_t masked) {
    const std::uint32_t rotated = masked - 0xA282EAD8U;
    return (rotated >> 17U) | (rotated << 15U);
}

struct Cursor {
    std::string_view bytes;
    std::uint64_t fixed(int size) {
        std::uint64_t value = 0;
        for (int i = 0; i < size; ++i)
            value |= std::uint64_t{static_cast<unsigned char>(bytes.at(static_cast<std::size_t>(i)))} << (8 * i);
        bytes.remove_prefix(static_cast<std::size_t>(size));
        return value;
    }
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (int shift = 0;; shift += 7) {
            const auto byte = static_cast<unsigned char>(bytes.at(0));
            bytes.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if ((byte & 0x80U) == 0U) return value;
        }
    }
    std::string_view block() {
        const auto size = static_cast<std::size_t>(varint());
        const std::string_view found = bytes.substr(0, size);
        EXPECT_EQ(found.size(), size);
        bytes.remove_prefix(size);
        return found;
    }
};

struct Event {
    double wallTime = 0.0;
    std::int64_t step = 0;
    std::string version;
    std::map<std::string, float> scalars;
    std::map<std::string, std::string> texts;
    bool restart = false;
};

// A tensor of one string: dtype DT_STRING, shape [1], string_val.
std::string readText(std::string_view tensor) {
    constexpr std::string_view kHead("\x08\x07\x12\x04\x12\x02\x08\x01\x42", 9);
    EXPECT_EQ(tensor.substr(0, kHead.size()), kHead);
    Cursor cursor{tensor.substr(kHead.size())};
    std::string text(cursor.block());
    EXPECT_TRUE(cursor.bytes.empty());
    return text;
}

void readValue(std::string_view bytes, Event& event) {
    std::string tag;
    float number = 0.0F;
    std::optional<std::string> text;
    bool isText = false;
    for (Cursor cursor{bytes}; !cursor.bytes.empty();) {
        const std::uint64_t key = cursor.varint();
        if (key == (1U << 3U | 2U)) {
            tag = cursor.block();
        } else if (key == (2U << 3U | 5U)) {
            number = std::bit_cast<float>(static_cast<std::uint32_t>(cursor.fixed(4)));
        } else if (key == (8U << 3U | 2U)) {
            text = readText(cursor.block());
        } else if (key == (9U << 3U | 2U)) {  // plugin_data: plugin_name
            isText = cursor.block() == std::string_view("\x0a\x06\x0a\x04text", 8);
        } else {
            ADD_FAILURE() << "key " << key;
            return;
        }
    }
    EXPECT_EQ(text.has_value(), isText) << tag;
    if (text)
        event.texts[tag] = *text;
    else
        event.scalars[tag] = number;
}

Event readEvent(std::string_view bytes) {
    Event event;
    for (Cursor cursor{bytes}; !cursor.bytes.empty();) {
        const std::uint64_t key = cursor.varint();
        switch (key) {
            case 1U << 3U | 1U: event.wallTime = std::bit_cast<double>(cursor.fixed(8)); break;
            case 2U << 3U | 0U: event.step = static_cast<std::int64_t>(cursor.varint()); break;
            case 3U << 3U | 2U: event.version = cursor.block(); break;
            case 5U << 3U | 2U:
                for (Cursor summary{cursor.block()}; !summary.bytes.empty();) {
                    EXPECT_EQ(summary.varint(), 1U << 3U | 2U);
                    readValue(summary.block(), event);
                }
                break;
            case 7U << 3U | 2U: event.restart = cursor.block() == std::string_view("\x08\x01", 2); break;
            default: ADD_FAILURE() << "key " << key; return event;
        }
    }
    return event;
}

std::vector<Event> readEvents(const std::filesystem::path& path) {
    const std::string bytes = readFile(path, 1 << 20).value();
    std::vector<Event> events;
    for (Cursor cursor{bytes}; !cursor.bytes.empty();) {
        const std::string_view length = cursor.bytes.substr(0, 8);
        const std::uint64_t size = cursor.fixed(8);
        EXPECT_EQ(unmasked(static_cast<std::uint32_t>(cursor.fixed(4))), slowCrc32c(length));
        const std::string_view data = cursor.bytes.substr(0, size);
        EXPECT_EQ(data.size(), size);
        cursor.bytes.remove_prefix(size);
        EXPECT_EQ(unmasked(static_cast<std::uint32_t>(cursor.fixed(4))), slowCrc32c(data));
        events.push_back(readEvent(data));
    }
    return events;
}

TEST(EventFile, ChecksumsAreCastagnolis) {
    // RFC 3720, B.4: 32 bytes of zeros; and the check value of the catalogue of parametrised CRC algorithms.
    EXPECT_EQ(unmasked(maskedCrc32c(std::string(32, '\0'))), 0x8A9136AAU);
    EXPECT_EQ(unmasked(maskedCrc32c("123456789")), 0xE3069283U);
    EXPECT_EQ(slowCrc32c("123456789"), 0xE3069283U);
}

TEST(EventFile, AnotherReaderFindsEveryScalar) {
    const test::TempDir folder;
    auto file = EventFile::create(folder.path() / "tb logs", 1'700'000'000.25);
    ASSERT_TRUE(file) << file.error().toString();
    EXPECT_EQ(file->path().filename().string().substr(0, 31), "events.out.tfevents.1700000000.");
    const std::vector<Scalar> first = {{"lm loss", 2.5F}, {"learning-rate", 1e-4F}};
    ASSERT_TRUE(file->write(0, 1'700'000'001.5, first));
    const std::vector<Scalar> later = {{"lm loss", -0.125F}, {"grün", 3.0e38F}};
    ASSERT_TRUE(file->write(std::int64_t{1} << 40, 1'700'000'002.0, later));
    const std::vector<Event> events = readEvents(file->path());
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[0].version, "brain.Event:2");
    EXPECT_EQ(events[0].wallTime, 1'700'000'000.25);
    EXPECT_EQ(events[1].step, 0);
    EXPECT_EQ(events[1].scalars, (std::map<std::string, float>{{"lm loss", 2.5F}, {"learning-rate", 1e-4F}}));
    EXPECT_EQ(events[2].step, std::int64_t{1} << 40);
    EXPECT_EQ(events[2].wallTime, 1'700'000'002.0);
    EXPECT_EQ(events[2].scalars, (std::map<std::string, float>{{"lm loss", -0.125F}, {"grün", 3.0e38F}}));
}

// Longer than 127 bytes: sizes of two bytes.
TEST(EventFile, AnotherReaderFindsTexts) {
    const test::TempDir folder;
    auto file = EventFile::create(folder.path(), 1000.0);
    ASSERT_TRUE(file);
    const std::string text = "**What is it?**\n\n" + std::string(300, 'a') + " grün";
    ASSERT_TRUE(file->write(7, 1001.0, TextNote{"sample answer 1", text}));
    ASSERT_TRUE(file->write(8, 1002.0, TextNote{"empty", ""}));
    const std::vector<Event> events = readEvents(file->path());
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[1].step, 7);
    EXPECT_EQ(events[1].texts, (std::map<std::string, std::string>{{"sample answer 1/text_summary", text}}));
    EXPECT_EQ(events[2].texts, (std::map<std::string, std::string>{{"empty/text_summary", ""}}));
    EXPECT_TRUE(events[1].scalars.empty());
}

TEST(EventFile, ARunThatGoesOnHasAFileOfItsOwn) {
    const test::TempDir folder;
    const auto first = EventFile::create(folder.path(), 1000.0);
    const auto second = EventFile::create(folder.path(), 1000.0, 50);
    ASSERT_TRUE(first && second);
    EXPECT_NE(first->path(), second->path());
    const std::vector<Event> events = readEvents(second->path());
    ASSERT_EQ(events.size(), 2U);
    EXPECT_TRUE(events[1].restart);
    EXPECT_EQ(events[1].step, 50);
    EXPECT_EQ(readEvents(first->path()).size(), 1U);
}

// Writes beyond `bytes` of a file fail with EFBIG while it lives, as they would on a full disk.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : m_handler(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &m_old);
        rlimit limit = m_old;
        limit.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &m_old);
        std::signal(SIGXFSZ, m_handler);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit m_old{};
    void (*m_handler)(int);
};

TEST(Fault41, AnEventThatDoesNotFitLeavesWholeRecords) {
    const test::TempDir folder;
    auto file = EventFile::create(folder.path(), 1000.0);
    ASSERT_TRUE(file);
    const std::vector<Scalar> scalars = {{"lm loss", 1.0F}};
    ASSERT_TRUE(file->write(1, 1001.0, scalars));
    {
        const FileSizeLimit full(std::filesystem::file_size(file->path()) + 10);
        const auto failed = file->write(2, 1002.0, scalars);
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().code, ErrorCode::Io);
        EXPECT_NE(failed.error().message.find("events.out.tfevents.1000."), std::string::npos);
        EXPECT_EQ(readEvents(file->path()).size(), 2U);
    }
    ASSERT_TRUE(file->write(3, 1003.0, scalars));
    const std::vector<Event> events = readEvents(file->path());
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[2].step, 3);
}

TEST(EventFile, AFolderThatCannotBeIsAnError) {
    const test::TempDir folder;
    ASSERT_TRUE(writeFileAtomically(folder.path() / "file", "x"));
    EXPECT_FALSE(EventFile::create(folder.path() / "file" / "logs", 0.0));
}

}  // namespace
}  // namespace lapidary::files
