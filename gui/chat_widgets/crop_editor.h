// The selected picture with its crops drawn on it: numbered, to be drawn, dragged, resized and nudged.
#pragma once

#include <QWidget>
#include <optional>

#include "gui/chat/pan_and_scan_geometry.h"
#include "gui/chat/preview_view_model.h"

namespace lapidary::gui {

class EnginePictures;

// Mouse: over free picture it draws a crop, on a crop it moves or resizes that one.  Keys: Page Up and Page Down choose a crop, arrows
// move it, with Ctrl its right and lower edge, with Shift by ten pixels; Insert adds one, Delete removes it.
class CropEditor final : public QWidget {
    Q_OBJECT

public:
    CropEditor(PreviewViewModel& preview, EnginePictures& pictures, QWidget* parent);

    [[nodiscard]] int current() const { return m_current; }  // -1: none
    void setCurrent(int crop);
    void addCrop();
    void removeCrop();

    [[nodiscard]] QSize sizeHint() const override { return {320, 240}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {200, 140}; }

signals:
    void currentChanged(int crop);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    [[nodiscard]] PanAndScanGeometry geometryNow() const;
    void paintCrop(QPainter& painter, const PanAndScanGeometry& geometry, const rules::CropBox& box, int crop) const;
    void draw(const PanAndScanGeometry& geometry, const QPointF& to);
    void replaceCurrent(const rules::CropBox& box);
    [[nodiscard]] bool nudge(const QKeyEvent& event);
    void follow();

    struct Drag {
        rules::CropBox start;
        Grip grip = Grip::None;  // None: a new one is drawn
        QPointF from;
    };

    PreviewViewModel& m_preview;
    EnginePictures& m_pictures;
    int m_current = -1;
    int m_picture = 0;
    std::optional<Drag> m_drag;
};

}  // namespace lapidary::gui
