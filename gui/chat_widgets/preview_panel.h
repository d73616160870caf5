// What the model will see, beside the composer: the picture with its crops, the exact views, what they cost, and how to change them.
#pragma once

#include <QWidget>

#include "gui/chat/preview_view_model.h"

class QLabel;
class QListView;
class QPushButton;
class QStackedWidget;

namespace lapidary::gui {

class CropEditor;
class EnginePictures;

class PreviewPanel final : public QWidget {
    Q_OBJECT

public:
    PreviewPanel(PreviewViewModel& preview, EnginePictures& pictures, QWidget* parent = nullptr);

private:
    [[nodiscard]] QWidget* buildGuidance();
    [[nodiscard]] QWidget* buildContents();
    [[nodiscard]] QWidget* buildCropButtons(QWidget* page);
    void buildViews(QWidget* parent);
    void showPicture();
    void showProblems();
    void openFullView(const QModelIndex& index);

    PreviewViewModel& m_preview;
    EnginePictures& m_pictures;
    QStackedWidget* m_pages;
    CropEditor* m_editor = nullptr;
    QLabel* m_title = nullptr;
    QLabel* m_problem = nullptr;
    QLabel* m_departs = nullptr;
    QLabel* m_sums = nullptr;
    QListView* m_views = nullptr;
    QPushButton* m_addCrop = nullptr;
    QPushButton* m_removeCrop = nullptr;
    QPushButton* m_back = nullptr;
};

}  // namespace lapidary::gui
