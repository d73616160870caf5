// Where a model is chosen: the first page that a person sees.
#pragma once

#include <QWidget>

#include "gui/models/model_catalog.h"

class QVBoxLayout;
class QLabel;
class QLineEdit;
class QListView;
class QProgressBar;
class QPushButton;

namespace lapidary::gui {

class ModelsPage final : public QWidget {
    Q_OBJECT

public:
    explicit ModelsPage(ModelCatalog& catalog, QWidget* parent = nullptr);

    // 0 to 1; below 0: nothing is loading.
    void showLoading(const QString& what, double fraction);
    void showDownload(const QString& text, double fraction, bool running);
    void showProblem(const QString& sentence);

signals:
    void openRequested(const QString& model, const QString& name);  // asks how first
    void openAtOnce(const QString& model);
    void cancelLoading();
    void downloadRequested(const QString& id);
    void cancelDownload();

private:
    void buildHeader(QVBoxLayout& layout);
    void buildList(QVBoxLayout& layout);
    void buildDownload(QVBoxLayout& layout);
    void chooseFolder(bool toAdd);
    void chooseFile();
    void openSelected();

    ModelCatalog& m_catalog;
    QListView* m_list = nullptr;
    QLabel* m_problem = nullptr;
    QPushButton* m_remove = nullptr;
    QWidget* m_loading = nullptr;
    QLabel* m_loadingText = nullptr;
    QProgressBar* m_loadingBar = nullptr;
    QLineEdit* m_id = nullptr;
    QPushButton* m_download = nullptr;
    QPushButton* m_stopDownload = nullptr;
    QProgressBar* m_downloadBar = nullptr;
    QLabel* m_downloadText = nullptr;
};

}  // namespace lapidary::gui
