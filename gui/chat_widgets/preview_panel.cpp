#include "gui/chat_widgets/preview_panel.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QListView>
#include <QPushButton>
#include <QScrollBar>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "gui/chat/tile_roles.h"
#include "gui/chat_widgets/crop_editor.h"
#include "gui/chat_widgets/engine_pictures.h"
#include "gui/chat_widgets/full_view.h"
#include "gui/chat_widgets/tile_delegate.h"
#include "gui/chat_widgets/view_controls.h"

namespace lapidary::gui {
namespace {

constexpr int kSide = 80;
constexpr int kLines = 3;

QLabel* makeLabel(const char* name, QWidget* parent) {
    auto* const label = new QLabel(parent);
    label->setObjectName(QLatin1String(name));
    label->setWordWrap(true);
    label->setTextFormat(Qt::PlainText);  // names of files are in it
    return label;
}

}  // namespace

PreviewPanel::PreviewPanel(PreviewViewModel& preview, EnginePictures& pictures, QWidget* parent)
    : QWidget(parent), m_preview(preview), m_pictures(pictures), m_pages(new QStackedWidget(this)) {
    setObjectName(QStringLiteral("previewPanel"));
    setAccessibleName(tr("What the model sees"));
    m_pages->addWidget(buildGuidance());
    m_pages->addWidget(buildContents());
    auto* const layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_pages);
    connect(&preview, &PreviewViewModel::changed, this, &PreviewPanel::showPicture);
    connect(m_editor, &CropEditor::currentChanged, this, &PreviewPanel::showPicture);
    connect(&pictures, &EnginePictures::loaded, m_views->viewport(), qOverload<>(&QWidget::update));
    showPicture();
}

QWidget* PreviewPanel::buildGuidance() {
    QLabel* const guidance = makeLabel("previewGuidance", m_pages);
    const auto say = [this, guidance] {
        const QString& refusal = m_preview.composer().pictureRefusal();
        guidance->setText(refusal.isEmpty()
                              ? tr("Add a picture to see what the model will see of it: the whole picture and its "
                                   "crops, each with its cost in tokens.")
                              : refusal);
    };
    connect(&m_preview.composer(), &ComposerModel::pictureRefusalChanged, guidance, say);
    say();
    guidance->setAlignment(Qt::AlignCenter);
    guidance->setMargin(24);
    return guidance;
}

QWidget* PreviewPanel::buildContents() {
    auto* const page = new QWidget(m_pages);
    m_title = makeLabel("previewTitle", page);
    QFont bold = font();
    bold.setBold(true);
    m_title->setFont(bold);
    m_problem = makeLabel("previewProblem", page);
    m_problem->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_problem->setFocusPolicy(Qt::StrongFocus);
    m_editor = new CropEditor(m_preview, m_pictures, page);
    m_departs = makeLabel("previewDeparts", page);
    m_departs->setText(tr("⚠ Own crops: this departs from the reference."));
    QSizePolicy steady = m_departs->sizePolicy();  // nothing moves under the mouse that drags a crop
    steady.setRetainSizeWhenHidden(true);
    m_departs->setSizePolicy(steady);
    m_sums = makeLabel("previewSums", page);
    // Made in the order in which they are seen: Tab goes that way.
    QWidget* const buttons = buildCropButtons(page);
    auto* const controls = new ViewControls(m_preview, page);
    buildViews(page);
    auto* const layout = new QVBoxLayout(page);
    layout->setContentsMargins(8, 8, 8, 8);
    layout->setSpacing(6);
    layout->addWidget(m_title);
    layout->addWidget(m_problem);
    layout->addWidget(m_editor, 1);
    layout->addWidget(buttons);
    layout->addWidget(m_departs);
    layout->addWidget(controls);
    layout->addWidget(m_views);
    layout->addWidget(m_sums);
    return page;
}

QWidget* PreviewPanel::buildCropButtons(QWidget* page) {
    auto* const row = new QWidget(page);
    const auto button = [row](const char* name, const QString& text) {
        auto* const made = new QPushButton(text, row);
        made->setObjectName(QLatin1String(name));
        return made;
    };
    m_addCrop = button("addCrop", tr("Add crop"));
    m_removeCrop = button("removeCrop", tr("Remove crop"));
    m_back = button("backToReference", tr("Back to the reference"));
    auto* const layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_addCrop);
    layout->addWidget(m_removeCrop);
    layout->addWidget(m_back);
    layout->addStretch(1);
    connect(m_addCrop, &QPushButton::clicked, m_editor, &CropEditor::addCrop);
    connect(m_removeCrop, &QPushButton::clicked, m_editor, &CropEditor::removeCrop);
    connect(m_back, &QPushButton::clicked, &m_preview, &PreviewViewModel::backToReference);
    return row;
}

void PreviewPanel::buildViews(QWidget* parent) {
    m_views = new QListView(parent);
    auto* const delegate = new TileDelegate(m_pictures, kSide, kLines, this);
    m_views->setObjectName(QStringLiteral("previewViews"));
    m_views->setAccessibleName(tr("The views that go into the model"));
    m_views->setModel(&m_preview.views());
    m_views->setItemDelegate(delegate);
    m_views->setFlow(QListView::LeftToRight);
    m_views->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_views->setFixedHeight(delegate->tileSize(fontMetrics()).height() + 2 * m_views->frameWidth() +
                            m_views->horizontalScrollBar()->sizeHint().height());
    connect(m_views, &QListView::activated, this, &PreviewPanel::openFullView);
    // The first view is the whole picture.
    connect(m_views->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& current) {
        if (current.isValid()) m_editor->setCurrent(current.row() - 1);
    });
}

void PreviewPanel::showPicture() {
    m_pages->setCurrentIndex(m_preview.hasPicture() ? 1 : 0);
    m_title->setText(m_preview.title());
    showProblems();
    m_departs->setVisible(m_preview.departs());
    m_addCrop->setEnabled(m_preview.canEdit() && static_cast<int>(m_preview.crops().size()) < PreviewViewModel::kMostOwnCrops);
    m_removeCrop->setEnabled(m_preview.canEdit() && m_editor->current() >= 0);
    m_back->setEnabled(m_preview.mode() == PreviewViewModel::Mode::Own);
    const bool loading = m_preview.hasPicture() && m_preview.state() == PreviewViewModel::State::Loading;
    m_sums->setText(loading ? tr("The views are being made.") : m_preview.sums());
}

void PreviewPanel::showProblems() {
    QStringList sentences;
    if (m_preview.state() == PreviewViewModel::State::Failed) {
        sentences.append(m_preview.error());
        if (!m_preview.details().isEmpty()) sentences.append(tr("The engine said: %1").arg(m_preview.details()));
    }
    for (const QString& warning : m_preview.warnings()) sentences.append(tr("The engine remarks: %1").arg(warning));
    m_problem->setText(sentences.join(QLatin1Char('\n')));
    m_problem->setVisible(!sentences.isEmpty());
}

void PreviewPanel::openFullView(const QModelIndex& index) {
    auto* const view =
        new FullView(m_pictures, index.data(TileImage).toString(), QSizeF(1.0, 1.0), index.data(Qt::DisplayRole).toString(),
                     index.data(Qt::AccessibleTextRole).toString(), this);
    view->open();
}

}  // namespace lapidary::gui
