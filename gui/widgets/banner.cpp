#include "gui/widgets/banner.h"

#include <QAccessible>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QStyle>
#include <QVBoxLayout>

namespace lapidary::gui {
namespace {

constexpr int kSignSize = 20;

QStyle::StandardPixmap signOf(Notice::Kind kind) {
    switch (kind) {
        case Notice::Kind::Info: return QStyle::SP_MessageBoxInformation;
        case Notice::Kind::Warning: return QStyle::SP_MessageBoxWarning;
        case Notice::Kind::Problem: return QStyle::SP_MessageBoxCritical;
    }
    return QStyle::SP_MessageBoxInformation;
}

QLabel* wrapped(const char* name, QWidget* parent) {
    auto* label = new QLabel(parent);
    label->setObjectName(QLatin1String(name));
    label->setWordWrap(true);
    label->setTextFormat(Qt::PlainText);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    return label;
}

}  // namespace

Banner::Banner(QWidget* parent) : QFrame(parent) {
    setObjectName(QStringLiteral("banner"));
    setFrameShape(QFrame::StyledPanel);
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::ToolTipBase);
    setForegroundRole(QPalette::ToolTipText);
    m_sign = new QLabel(this);
    m_sign->setObjectName(QStringLiteral("bannerSign"));
    m_text = wrapped("bannerText", this);
    m_details = wrapped("bannerDetails", this);
    m_details->hide();
    m_action = new QPushButton(this);
    m_action->setObjectName(QStringLiteral("bannerAction"));
    m_more = new QPushButton(tr("Details"), this);
    m_more->setObjectName(QStringLiteral("bannerMore"));
    m_more->setCheckable(true);
    m_close = new QPushButton(tr("Close"), this);
    m_close->setObjectName(QStringLiteral("bannerClose"));
    m_close->setAccessibleName(tr("Close this notice"));
    auto* row = new QHBoxLayout;
    row->addWidget(m_sign, 0, Qt::AlignTop);
    row->addWidget(m_text, 1);
    for (QPushButton* button : {m_action, m_more, m_close}) row->addWidget(button, 0, Qt::AlignTop);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 8, 12, 8);
    layout->addLayout(row);
    layout->addWidget(m_details);
    connect(m_action, &QPushButton::clicked, this, [this] {
        if (!m_act) {
            emit actionClicked();
            return;
        }
        const std::function<void()> act = m_act;
        clear();
        act();
    });
    connect(m_more, &QPushButton::toggled, m_details, &QWidget::setVisible);
    connect(m_close, &QPushButton::clicked, this, &Banner::clear);
    hide();
}

void Banner::show(const Notice& notice) {
    m_isEmpty = false;
    m_sign->setAccessibleName(notice.kind == Notice::Kind::Info      ? tr("A remark")
                              : notice.kind == Notice::Kind::Warning ? tr("A warning")
                                                                     : tr("A problem"));
    m_sign->setPixmap(style()->standardIcon(signOf(notice.kind)).pixmap(kSignSize, kSignSize));
    m_text->setText(notice.text);
    m_details->setText(notice.details);
    m_more->setChecked(false);
    m_more->setVisible(!notice.details.isEmpty());
    m_act = notice.act;
    m_action->setText(notice.action);
    m_action->setVisible(!notice.action.isEmpty());
    setAccessibleName(notice.text);
    QFrame::show();
    QAccessibleEvent event(this, QAccessible::Alert);
    QAccessible::updateAccessibility(&event);
}

void Banner::clear() {
    m_isEmpty = true;
    m_act = nullptr;  // and what it held
    hide();
}

}  // namespace lapidary::gui
