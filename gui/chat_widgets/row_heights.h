// Heights of the rows of a long list and where each row begins: every question and every change in O(log n) (a Fenwick tree).
#pragma once

#include <vector>

namespace lapidary::gui {

class RowHeights {
public:
    [[nodiscard]] int size() const { return static_cast<int>(m_heights.size()); }
    [[nodiscard]] int heightOf(int row) const { return m_heights[static_cast<std::size_t>(row)]; }
    [[nodiscard]] int offsetOf(int row) const;  // of its top; of size(): the whole height
    [[nodiscard]] int total() const { return offsetOf(size()); }
    // The row at a height from the top; the first or last one where there is none.  There must be rows.
    [[nodiscard]] int rowAt(int y) const;

    void append(int height);
    void set(int row, int height);
    void truncate(int rows);

private:
    std::vector<int> m_heights;
    std::vector<int> m_tree;  // [i]: sum of the heights of rows i - lowbit(i + 1) + 1 … i
};

}  // namespace lapidary::gui
