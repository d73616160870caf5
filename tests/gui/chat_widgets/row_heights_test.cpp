#include "gui/chat_widgets/row_heights.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace lapidary::gui {
namespace {

TEST(RowHeights, IsWhatAdditionSays) {
    std::mt19937 random(7);
    RowHeights heights;
    std::vector<int> plain;
    for (int step = 0; step < 2000; ++step) {
        const unsigned what = random() % 8;
        if (what < 5 || plain.empty()) {
            plain.push_back(static_cast<int>(random() % 90));
            heights.append(plain.back());
        } else if (what < 7) {
            const auto row = random() % plain.size();
            plain[row] = static_cast<int>(random() % 90);
            heights.set(static_cast<int>(row), plain[row]);
        } else if (random() % 10 == 0) {
            plain.resize(random() % (plain.size() + 1));
            heights.truncate(static_cast<int>(plain.size()));
        }
        ASSERT_EQ(heights.total(), std::accumulate(plain.begin(), plain.end(), 0));
        if (plain.empty()) continue;
        const auto row = static_cast<int>(random() % plain.size());
        const int offset = std::accumulate(plain.begin(), plain.begin() + row, 0);
        ASSERT_EQ(heights.offsetOf(row), offset);
        ASSERT_EQ(heights.heightOf(row), plain[static_cast<std::size_t>(row)]);
        if (plain[static_cast<std::size_t>(row)] > 0) {
            ASSERT_EQ(heights.rowAt(offset), row);
            ASSERT_EQ(heights.rowAt(offset + plain[static_cast<std::size_t>(row)] - 1), row);
        }
        ASSERT_EQ(heights.rowAt(heights.total() + 5), heights.size() - 1);
    }
}

}  // namespace
}  // namespace lapidary::gui
