// The part of the chat page where a message is written: its pictures, its text, and what to do with it.
#pragma once

#include <QWidget>

#include "gui/chat/preview_view_model.h"

class QAction;
class QFrame;
class QLabel;
class QLineEdit;
class QPushButton;

namespace lapidary::gui {

class ComposerEdit;
class EnginePictures;

class ComposerWidget final : public QWidget {
    Q_OBJECT

public:
    ComposerWidget(ComposerModel& composer, PreviewViewModel& preview, EnginePictures& pictures, QWidget* parent = nullptr);

    // With their shortcuts, for menus.  What is sent is ComposerModel::submitted()'s matter.
    [[nodiscard]] QAction* sendAction() const { return m_send; }
    [[nodiscard]] QAction* stopAction() const { return m_stop; }
    [[nodiscard]] QAction* addImageAction() const { return m_addImage; }
    [[nodiscard]] QAction* addAddressAction() const { return m_addAddress; }

    // While an answer comes it can be stopped; sending goes on working, what is asked waits.
    void setAnswering(bool answering);
    // Files that a dialog gave, to where the cursor is; it stands behind them then, and has the focus.
    void addFiles(const QStringList& paths);
    void focusText();

signals:
    void stopRequested();
    void addImageRequested();  // a dialog for files is wanted
    // A picture without a file: the receiver writes one and calls addFiles().
    void imagePasted(const QByteArray& bytes, const QString& suffix);

private:
    void buildActions();
    [[nodiscard]] QWidget* buildNotice();
    [[nodiscard]] QWidget* buildAddressRow();
    [[nodiscard]] QWidget* buildButtons();
    void showNotice();
    void showRefusal();
    void showAddressRow(const QString& address);
    void takeAddress();
    void goOnAt(int position);
    void updateStop();

    ComposerModel& m_composer;
    ComposerEdit* m_edit = nullptr;
    QAction* m_send = nullptr;
    QAction* m_stop = nullptr;
    QAction* m_addImage = nullptr;
    QAction* m_addAddress = nullptr;
    QFrame* m_notice = nullptr;
    QLabel* m_noticeText = nullptr;
    QPushButton* m_removeFailed = nullptr;
    QWidget* m_addressRow = nullptr;
    QLineEdit* m_address = nullptr;
    bool m_answering = false;
};

}  // namespace lapidary::gui
