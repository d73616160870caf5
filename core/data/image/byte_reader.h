// Reads past the end are refused, not made: every access of a stranger's header goes through here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace lapidary::image::detail {

enum class ByteOrder { Little, Big };

class ByteReader {
public:
    explicit ByteReader(std::span<const std::byte> bytes, ByteOrder order = ByteOrder::Little)
        : m_bytes(bytes), m_order(order) {}

    [[nodiscard]] std::size_t size() const { return m_bytes.size(); }

    // Unsigned number of `count` <= 4 bytes at `offset`, or nothing where it does not lie inside.
    [[nodiscard]] std::optional<std::uint32_t> number(std::uint64_t offset, std::size_t count) const {
        if (offset > m_bytes.size() || m_bytes.size() - offset < count) return std::nullopt;
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t at = m_order == ByteOrder::Big ? i : count - 1 - i;
            value = (value << 8) | std::to_integer<std::uint32_t>(m_bytes[static_cast<std::size_t>(offset) + at]);
        }
        return value;
    }
    [[nodiscard]] std::optional<std::uint32_t> u8(std::uint64_t offset) const { return number(offset, 1); }
    [[nodiscard]] std::optional<std::uint32_t> u16(std::uint64_t offset) const { return number(offset, 2); }
    [[nodiscard]] std::optional<std::uint32_t> u32(std::uint64_t offset) const { return number(offset, 4); }

    // Empty where it does not lie inside.
    [[nodiscard]] std::span<const std::byte> part(std::uint64_t offset, std::uint64_t count) const {
        if (offset > m_bytes.size() || m_bytes.size() - offset < count) return {};
        return m_bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(count));
    }
    [[nodiscard]] std::string_view text(std::uint64_t offset, std::uint64_t count) const {
        const auto bytes = part(offset, count);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    [[nodiscard]] bool startsWith(std::string_view magic, std::uint64_t offset = 0) const {
        return text(offset, magic.size()) == magic && !magic.empty();
    }

private:
    std::span<const std::byte> m_bytes;
    ByteOrder m_order;
};

}  // namespace lapidary::image::detail
