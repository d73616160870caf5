#include "gui/models/models_page.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

#include "gui/models/model_delegate.h"

namespace lapidary::gui {
namespace {

constexpr int kBarSteps = 1000;

QPushButton* button(const QString& text, const char* name, QWidget* parent) {
    auto* made = new QPushButton(text, parent);
    made->setObjectName(QLatin1String(name));
    return made;
}

}  // namespace

ModelsPage::ModelsPage(ModelCatalog& catalog, QWidget* parent) : QWidget(parent), m_catalog(catalog) {
    setObjectName(QStringLiteral("modelsPage"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(32, 28, 32, 24);
    layout->setSpacing(14);
    buildHeader(*layout);
    buildList(*layout);
    buildDownload(*layout);
}

void ModelsPage::buildHeader(QVBoxLayout& layout) {
    auto* title = new QLabel(tr("Choose a model"), this);
    title->setObjectName(QStringLiteral("modelsTitle"));
    QFont font = title->font();
    font.setPointSizeF(1.7 * font.pointSizeF());
    font.setBold(true);
    title->setFont(font);
    layout.addWidget(title);
    auto* hint = new QLabel(
        tr("The demo model comes with Lapidary and needs no download. Gemma 3 models come from your Hugging Face cache, "
           "your folders or a download; you can also drop a model folder or a .gguf file here."),
        this);
    hint->setObjectName(QStringLiteral("modelsHint"));
    hint->setWordWrap(true);
    layout.addWidget(hint);
    m_problem = new QLabel(this);
    m_problem->setObjectName(QStringLiteral("modelsProblem"));
    m_problem->setWordWrap(true);
    m_problem->setTextFormat(Qt::PlainText);
    m_problem->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_problem->hide();
    layout.addWidget(m_problem);
    m_loading = new QWidget(this);
    auto* row = new QHBoxLayout(m_loading);
    row->setContentsMargins(0, 0, 0, 0);
    m_loadingText = new QLabel(m_loading);
    m_loadingText->setObjectName(QStringLiteral("loadingText"));
    m_loadingText->setTextFormat(Qt::PlainText);
    m_loadingBar = new QProgressBar(m_loading);
    m_loadingBar->setObjectName(QStringLiteral("loadingBar"));
    m_loadingBar->setAccessibleName(tr("Progress of opening the model"));
    m_loadingBar->setRange(0, kBarSteps);
    auto* cancel = button(tr("Cancel"), "cancelLoading", m_loading);
    cancel->setAccessibleName(tr("Cancel opening the model"));
    row->addWidget(m_loadingText);
    row->addWidget(m_loadingBar, 1);
    row->addWidget(cancel);
    m_loading->hide();
    layout.addWidget(m_loading);
    connect(cancel, &QPushButton::clicked, this, &ModelsPage::cancelLoading);
}

void ModelsPage::buildList(QVBoxLayout& layout) {
    m_list = new QListView(this);
    m_list->setObjectName(QStringLiteral("modelsList"));
    m_list->setAccessibleName(tr("Models"));
    m_list->setModel(&m_catalog);
    m_list->setItemDelegate(new ModelDelegate(m_list));
    m_list->setSpacing(2);
    m_list->setUniformItemSizes(true);
    layout.addWidget(m_list, 1);
    connect(m_list, &QListView::activated, this, &ModelsPage::openSelected);
    connect(&m_catalog, &QAbstractItemModel::modelReset, this, [this] { m_list->setCurrentIndex(m_catalog.index(0)); });
    m_list->setCurrentIndex(m_catalog.index(0));
    auto* row = new QHBoxLayout;
    auto* open = button(tr("Open…"), "openModel", this);
    auto* demo = button(tr("Try the demo model"), "openDemo", this);
    auto* file = button(tr("Open a file…"), "openModelFile", this);
    auto* folder = button(tr("Open a folder…"), "openModelFolder", this);
    auto* add = button(tr("Add a folder of models…"), "addModelFolder", this);
    m_remove = button(tr("Remove from the list"), "removeModel", this);
    m_remove->setToolTip(tr("A recent model is forgotten; an added folder leaves with all its models. No file is deleted."));
    for (QPushButton* each : {open, demo, file, folder, add, m_remove}) row->addWidget(each);
    row->addStretch();
    layout.addLayout(row);
    connect(open, &QPushButton::clicked, this, &ModelsPage::openSelected);
    connect(demo, &QPushButton::clicked, this, [this] { emit openAtOnce(QStringLiteral("demo")); });
    connect(file, &QPushButton::clicked, this, &ModelsPage::chooseFile);
    connect(folder, &QPushButton::clicked, this, [this] { chooseFolder(false); });
    connect(add, &QPushButton::clicked, this, [this] { chooseFolder(true); });
    connect(m_remove, &QPushButton::clicked, this, [this] { m_catalog.removeFromList(m_list->currentIndex()); });
    const auto update = [this] { m_remove->setEnabled(m_catalog.canRemove(m_list->currentIndex())); };
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, update);
    update();
}

void ModelsPage::buildDownload(QVBoxLayout& layout) {
    auto* row = new QHBoxLayout;
    auto* label = new QLabel(tr("&Download by id"), this);
    m_id = new QLineEdit(this);
    m_id->setObjectName(QStringLiteral("downloadId"));
    m_id->setPlaceholderText(QStringLiteral("google/gemma-3-4b-it"));
    label->setBuddy(m_id);
    m_download = button(tr("Download"), "download", this);
    m_stopDownload = button(tr("Stop"), "stopDownload", this);
    m_stopDownload->setAccessibleName(tr("Stop the download"));
    m_stopDownload->hide();
    row->addWidget(label);
    row->addWidget(m_id, 1);
    row->addWidget(m_download);
    row->addWidget(m_stopDownload);
    layout.addLayout(row);
    m_downloadBar = new QProgressBar(this);
    m_downloadBar->setObjectName(QStringLiteral("downloadBar"));
    m_downloadBar->setAccessibleName(tr("Progress of the download"));
    m_downloadBar->setRange(0, kBarSteps);
    m_downloadBar->hide();
    m_downloadText = new QLabel(this);
    m_downloadText->setObjectName(QStringLiteral("downloadText"));
    m_downloadText->setWordWrap(true);
    m_downloadText->setTextFormat(Qt::PlainText);
    m_downloadText->hide();
    layout.addWidget(m_downloadBar);
    layout.addWidget(m_downloadText);
    const auto begin = [this] {
        if (!m_id->text().trimmed().isEmpty()) emit downloadRequested(m_id->text().trimmed());
    };
    connect(m_download, &QPushButton::clicked, this, begin);
    connect(m_id, &QLineEdit::returnPressed, this, begin);
    connect(m_stopDownload, &QPushButton::clicked, this, &ModelsPage::cancelDownload);
}

void ModelsPage::showLoading(const QString& what, double fraction) {
    m_loading->setVisible(fraction >= 0.0);
    m_loadingText->setText(what);
    m_loadingBar->setValue(static_cast<int>(fraction * kBarSteps));
    if (fraction >= 0.0) m_problem->hide();
}

void ModelsPage::showDownload(const QString& text, double fraction, bool running) {
    m_download->setEnabled(!running);
    m_stopDownload->setVisible(running);
    m_downloadBar->setVisible(running);
    m_downloadBar->setRange(0, fraction < 0.0 ? 0 : kBarSteps);
    m_downloadBar->setValue(static_cast<int>(fraction * kBarSteps));
    m_downloadText->setVisible(!text.isEmpty());
    m_downloadText->setText(text);
}

void ModelsPage::showProblem(const QString& sentence) {
    m_problem->setText(sentence);
    m_problem->setVisible(!sentence.isEmpty());
}

void ModelsPage::openSelected() {
    const QModelIndex index = m_list->currentIndex();
    if (!index.isValid()) return;
    emit openRequested(index.data(ModelCatalog::ModelRole).toString(), index.data().toString());
}

void ModelsPage::chooseFolder(bool toAdd) {
    auto* dialog = new QFileDialog(this, toAdd ? tr("Add a folder of models") : tr("Open a model's folder"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    connect(dialog, &QFileDialog::fileSelected, this, [this, toAdd](const QString& path) {
        if (toAdd) {
            m_catalog.addFolder(path);
        } else {
            emit openRequested(path, QFileInfo(path).fileName());
        }
    });
    dialog->open();
}

void ModelsPage::chooseFile() {
    auto* dialog = new QFileDialog(this, tr("Open a GGUF model"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setNameFilter(tr("GGUF models (*.gguf)"));
    connect(dialog, &QFileDialog::fileSelected, this,
            [this](const QString& path) { emit openRequested(path, QFileInfo(path).fileName()); });
    dialog->open();
}

}  // namespace lapidary::gui
