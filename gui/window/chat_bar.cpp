#include "gui/window/chat_bar.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QProgressBar>
#include <QPushButton>
#include <algorithm>

#include "gui/engine_client/model_name.h"

namespace lapidary::gui {
namespace {

constexpr int kGaugeWidth = 200;

}  // namespace

ChatBar::ChatBar(const ModelSession& session, const ChatViewModel& chat, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_chat(chat),
      m_model(new QLabel(this)),
      m_openModel(new QPushButton(tr("Choose a model"), this)),
      m_state(new QLabel(this)),
      m_gauge(new QProgressBar(this)) {
    m_model->setObjectName(QStringLiteral("chatModel"));
    m_model->setTextFormat(Qt::PlainText);
    m_openModel->setObjectName(QStringLiteral("chooseModel"));
    m_state->setObjectName(QStringLiteral("chatState"));
    m_state->setTextFormat(Qt::PlainText);
    m_gauge->setObjectName(QStringLiteral("contextGauge"));
    m_gauge->setAccessibleName(tr("Tokens of the context that are used"));
    m_gauge->setFixedWidth(kGaugeWidth);
    auto* const row = new QHBoxLayout(this);
    row->setContentsMargins(16, 6, 16, 6);
    row->addWidget(m_model);
    row->addWidget(m_openModel);
    row->addStretch();
    row->addWidget(m_state);
    row->addWidget(m_gauge);
    connect(m_openModel, &QPushButton::clicked, this, &ChatBar::openModelRequested);
    connect(&session, &ModelSession::stateChanged, this, [this] {
        showModel();
        showGauge();
    });
    connect(&chat, &ChatViewModel::gaugeChanged, this, &ChatBar::showGauge);
    connect(&chat, &ChatViewModel::busyChanged, this, &ChatBar::showGauge);
    connect(&chat, &ChatViewModel::firstToken, this, &ChatBar::showGauge);
    connect(&chat, &ChatViewModel::prefilled, this, [this](qint64 done, qint64 total) {
        const QLocale locale;
        m_state->setText(tr("Reading the question: %1 of %2 tokens").arg(locale.toString(done), locale.toString(total)));
    });
    showModel();
    showGauge();
}

void ChatBar::showModel() {
    const bool loaded = m_session.state() == ModelSession::State::Loaded;
    QString text = tr("No model is open");
    if (m_session.state() == ModelSession::State::Loading) text = tr("Opening the model…");
    if (loaded) {
        const protocol::LoadedEvent& model = m_session.loaded();
        text = tr("%1 on %2").arg(modelName(QString::fromStdString(model.model)), QString::fromStdString(model.device));
    }
    m_model->setText(text);
    m_openModel->setVisible(!loaded);
}

void ChatBar::showGauge() {
    const qint64 size = m_chat.contextSize();
    const qint64 used = m_chat.contextUsed();
    m_gauge->setVisible(size > 0);
    m_gauge->setRange(0, static_cast<int>(std::max<qint64>(1, size)));
    m_gauge->setValue(static_cast<int>(std::min(size, used)));
    const QLocale locale;
    m_gauge->setFormat(tr("%1 of %2 tokens").arg(locale.toString(used), locale.toString(size)));
    const int waiting = m_chat.waiting();
    QString state = m_chat.isBusy() ? tr("Answering…") : QString();
    if (waiting > 0) state = tr("%n question(s) waiting", nullptr, waiting);
    m_state->setText(state);
}

}  // namespace lapidary::gui
