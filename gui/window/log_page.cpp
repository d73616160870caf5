#include "gui/window/log_page.h"

#include <QClipboard>
#include <QFontDatabase>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTime>
#include <QVBoxLayout>

namespace lapidary::gui {
namespace {

constexpr int kMostLines = 5000;

}  // namespace

LogPage::LogPage(QWidget* parent) : QWidget(parent) {
    setObjectName(QStringLiteral("logPage"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(24, 20, 24, 20);
    auto* hint = new QLabel(tr("What the engine says: useful when something went wrong."), this);
    hint->setObjectName(QStringLiteral("logHint"));
    auto* copy = new QPushButton(tr("Copy all"), this);  // above the text, also for Tab
    copy->setObjectName(QStringLiteral("logCopy"));
    copy->setAccessibleName(tr("Copy the whole log"));
    m_text = new QPlainTextEdit(this);
    m_text->setObjectName(QStringLiteral("logText"));
    m_text->setAccessibleName(tr("Log of the engine"));
    m_text->setReadOnly(true);
    m_text->setMaximumBlockCount(kMostLines);
    m_text->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    m_text->setPlaceholderText(tr("The engine has said nothing yet."));
    auto* row = new QHBoxLayout;
    row->addWidget(hint, 1);
    row->addWidget(copy);
    layout->addLayout(row);
    layout->addWidget(m_text, 1);
    connect(copy, &QPushButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(m_text->toPlainText()); });
}

void LogPage::append(const QString& line) {
    m_text->appendPlainText(QTime::currentTime().toString(Qt::ISODate) + QStringLiteral("  ") + line);
}

}  // namespace lapidary::gui
