#include "gui/chat_widgets/row_heights.h"

#include <bit>

namespace lapidary::gui {
namespace {

// Counted from 1, as Fenwick trees are.
int lowBit(int i) { return i & -i; }
std::size_t at(int i) { return static_cast<std::size_t>(i - 1); }

}  // namespace

int RowHeights::offsetOf(int row) const {
    int sum = 0;
    for (int i = row; i > 0; i -= lowBit(i)) sum += m_tree[at(i)];
    return sum;
}

int RowHeights::rowAt(int y) const {
    int row = 0;  // rows that end at or above y
    for (auto step = static_cast<int>(std::bit_floor(static_cast<unsigned>(size()))); step > 0; step /= 2) {
        if (row + step <= size() && m_tree[at(row + step)] <= y) {
            row += step;
            y -= m_tree[at(row)];
        }
    }
    return row < size() ? row : size() - 1;
}

void RowHeights::append(int height) {
    m_heights.push_back(height);
    const int i = size();
    int sum = height;
    for (int below = i - 1; below > i - lowBit(i); below -= lowBit(below)) sum += m_tree[at(below)];
    m_tree.push_back(sum);
}

void RowHeights::set(int row, int height) {
    const int change = height - heightOf(row);
    m_heights[static_cast<std::size_t>(row)] = height;
    if (change == 0) return;
    for (int i = row + 1; i <= size(); i += lowBit(i)) m_tree[at(i)] += change;
}

void RowHeights::truncate(int rows) {
    m_heights.resize(static_cast<std::size_t>(rows));
    m_tree.resize(static_cast<std::size_t>(rows));
}

}  // namespace lapidary::gui
