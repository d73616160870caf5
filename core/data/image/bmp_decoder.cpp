// Windows bitmaps, by ourselves: OpenCV expands 5-bit colours by shifting, Pillow by v * 255 / 31, and old headers differ.
#include <algorithm>
#include <array>
#include <bit>

#include "core/data/image/byte_reader.h"
#include "core/data/image/picture_decoders.h"

namespace lapidary::image::detail {
namespace {

enum Compression : std::uint32_t { kRaw = 0, kRle8 = 1, kRle4 = 2, kBitFields = 3, kAlphaBitFields = 6 };

struct Colour {
    std::uint8_t rgb[3] = {0, 0, 0};
};

struct Header {
    std::int64_t width = 0;
    std::int64_t height = 0;
    bool topDown = false;
    std::uint32_t bits = 0;
    std::uint32_t compression = kRaw;
    std::uint64_t dataOffset = 0;
    std::array<std::uint32_t, 3> masks{};  // red, green, blue of 16- and 32-bit pixels
    std::array<Colour, 256> palette{};
};

std::array<std::uint32_t, 3> defaultMasks(std::uint32_t bits) {
    if (bits == 16) return {0x7C00, 0x03E0, 0x001F};
    return {0x00FF0000, 0x0000FF00, 0x000000FF};
}

bool readSizes(const ByteReader& reader, std::uint32_t headerSize, Header& header) {
    if (headerSize == 12) {  // OS/2: 16-bit sizes, never compressed
        if (!reader.u16(24)) return false;
        header.width = *reader.u16(18);
        header.height = *reader.u16(20);
        header.bits = *reader.u16(24);
        return true;
    }
    if (headerSize < 40 || headerSize > 256 || !reader.u32(46)) return false;
    header.width = static_cast<std::int32_t>(*reader.u32(18));
    header.height = static_cast<std::int32_t>(*reader.u32(22));
    header.topDown = header.height < 0;
    header.height = header.topDown ? -header.height : header.height;
    header.bits = *reader.u16(28);
    header.compression = *reader.u32(30);
    return true;
}

bool readPalette(const ByteReader& reader, std::uint32_t headerSize, std::uint64_t at, Header& header) {
    const std::uint32_t possible = 1U << header.bits;
    std::uint32_t count = headerSize == 12 ? 0 : reader.u32(46).value_or(0);
    if (count == 0 || count > possible) count = possible;
    const std::uint64_t entrySize = headerSize == 12 ? 3 : 4;
    // A short table is common: it ends where the pixels begin.
    if (header.dataOffset > at)
        count = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, (header.dataOffset - at) / entrySize));
    for (std::uint32_t i = 0; i < count; ++i) {
        for (std::uint32_t channel = 0; channel < 3; ++channel) {
            const auto value = reader.u8(at + i * entrySize + 2 - channel);
            if (!value) return false;
            header.palette[i].rgb[channel] = static_cast<std::uint8_t>(*value);
        }
    }
    return true;
}

Result<Header> readHeader(const EncodedPicture& encoded, const ByteReader& reader) {
    Header header;
    const std::uint32_t headerSize = reader.u32(14).value_or(0);
    if (!readSizes(reader, headerSize, header)) return damaged(encoded, "BMP", "its header cannot be read");
    RETURN_IF_ERROR(checkSize(encoded, header.width, header.height));
    header.dataOffset = *reader.u32(10);
    header.masks = defaultMasks(header.bits);
    std::uint64_t at = 14 + std::uint64_t{headerSize};
    const bool fields = header.compression == kBitFields || header.compression == kAlphaBitFields;
    if (fields) {
        for (std::size_t i = 0; i < 3; ++i) header.masks[i] = reader.u32(54 + 4 * i).value_or(0);
        if (headerSize == 40) at += header.compression == kBitFields ? 12 : 16;
    }
    const bool direct = header.bits == 16 || header.bits == 24 || header.bits == 32;
    const bool indexed = header.bits == 1 || header.bits == 4 || header.bits == 8;
    const bool runs = (header.compression == kRle8 && header.bits == 8) || (header.compression == kRle4 && header.bits == 4);
    const bool known = runs || (header.compression == kRaw && (direct || indexed)) || (fields && direct && header.bits != 24);
    if (!known) {
        return Error{ErrorCode::Unsupported,
                     "'" + encoded.name + "' is a BMP of " + std::to_string(header.bits) + " bits with compression " +
                         std::to_string(header.compression) + ", which Lapidary does not read",
                     ""};
    }
    if (indexed && !readPalette(reader, headerSize, at, header)) return damaged(encoded, "BMP", "its palette ends too early");
    return header;
}

std::uint8_t maskedLevel(std::uint32_t pixel, std::uint32_t mask) {
    if (mask == 0) return 0;
    const int shift = std::countr_zero(mask);
    const std::uint64_t top = mask >> shift;
    return static_cast<std::uint8_t>((std::uint64_t{pixel & mask} >> shift) * 255 / top);
}

Result<void> readRaw(const EncodedPicture& encoded, const ByteReader& reader, const Header& header, Picture& picture) {
    const std::uint64_t rowBytes = (static_cast<std::uint64_t>(header.width) * header.bits + 31) / 32 * 4;
    for (std::int64_t stored = 0; stored < header.height; ++stored) {
        const auto row = reader.part(header.dataOffset + static_cast<std::uint64_t>(stored) * rowBytes, rowBytes);
        if (row.empty()) return damaged(encoded, "BMP", "the data ends too early");
        const ByteReader samples(row);
        const std::int64_t y = header.topDown ? stored : header.height - 1 - stored;
        std::uint8_t* rgb = picture.rgb.data() + y * header.width * 3;
        for (std::int64_t x = 0; x < header.width; ++x, rgb += 3) {
            const auto column = static_cast<std::uint64_t>(x);
            if (header.bits <= 8) {
                const std::uint64_t bit = column * header.bits;
                const auto byte = std::to_integer<std::uint32_t>(row[static_cast<std::size_t>(bit / 8)]);
                const std::uint32_t index = (byte >> (8 - header.bits - bit % 8)) & ((1U << header.bits) - 1);
                std::copy_n(header.palette[index].rgb, 3, rgb);
            } else {
                const std::size_t bytes = header.bits / 8;
                const std::uint32_t pixel = *samples.number(column * bytes, bytes);
                for (std::size_t channel = 0; channel < 3; ++channel) rgb[channel] = maskedLevel(pixel, header.masks[channel]);
            }
        }
    }
    return {};
}

// Run-length data: pairs (count, value), and escapes (0, n): 0 end of line, 1 end of picture, 2 move, n literal pixels.
class RunReader {
public:
    RunReader(const ByteReader& reader, const Header& header, Picture& picture)
        : m_reader(reader), m_header(header), m_picture(picture), m_at(header.dataOffset) {
        for (std::size_t i = 0; i < picture.rgb.size(); i += 3) std::copy_n(header.palette[0].rgb, 3, picture.rgb.data() + i);
    }

    // False where the data ends before the picture does.
    bool run() {
        while (m_row < m_header.height) {
            const auto count = m_reader.u8(m_at);
            const auto value = m_reader.u8(m_at + 1);
            if (!value) return false;
            m_at += 2;
            if (*count > 0) {
                for (std::uint32_t i = 0; i < *count; ++i) put(m_header.bits == 8 ? *value : nibble(*value, i));
            } else if (*value == 0) {
                m_column = 0;
                ++m_row;
            } else if (*value == 1) {
                return true;
            } else if (*value == 2) {
                if (!m_reader.u8(m_at + 1)) return false;
                m_column += *m_reader.u8(m_at);
                m_row += *m_reader.u8(m_at + 1);
                m_at += 2;
            } else if (!literal(*value)) {
                return false;
            }
        }
        return true;
    }

private:
    static std::uint32_t nibble(std::uint32_t byte, std::uint32_t i) { return i % 2 == 0 ? byte >> 4 : byte & 15; }

    bool literal(std::uint32_t count) {
        const std::uint32_t bytes = m_header.bits == 8 ? count : (count + 1) / 2;
        if (m_reader.part(m_at, bytes).empty()) return false;
        for (std::uint32_t i = 0; i < count; ++i) {
            put(m_header.bits == 8 ? *m_reader.u8(m_at + i) : nibble(*m_reader.u8(m_at + i / 2), i));
        }
        m_at += bytes + bytes % 2;  // padded to 16 bits
        return true;
    }

    void put(std::uint32_t index) {
        if (m_column >= m_header.width) return;
        const std::int64_t y = m_header.topDown ? m_row : m_header.height - 1 - m_row;
        std::copy_n(m_header.palette[index & 255].rgb, 3, m_picture.rgb.data() + (y * m_header.width + m_column) * 3);
        ++m_column;
    }

    const ByteReader& m_reader;
    const Header& m_header;
    Picture& m_picture;
    std::uint64_t m_at;
    std::int64_t m_row = 0;
    std::int64_t m_column = 0;
};

}  // namespace

Result<Picture> decodeBmp(const EncodedPicture& encoded) {
    const ByteReader reader(encoded.bytes);
    ASSIGN_OR_RETURN(const Header header, readHeader(encoded, reader));
    ASSIGN_OR_RETURN(Picture picture, newPicture(encoded, "BMP", header.width, header.height));
    if (header.compression == kRle8 || header.compression == kRle4) {
        if (!RunReader(reader, header, picture).run()) return damaged(encoded, "BMP", "the data ends too early");
    } else {
        RETURN_IF_ERROR(readRaw(encoded, reader, header, picture));
    }
    return picture;
}

}  // namespace lapidary::image::detail
