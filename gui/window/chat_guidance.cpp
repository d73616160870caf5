#include "gui/window/chat_guidance.h"

#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "core/shared/base/shipped_files.h"

namespace lapidary::gui {
namespace {

// A long picture with a sign whose letters are readable only in a crop.
constexpr const char* kExample = "test-25-000005.png";

QString examplePath() {
    const auto folder = shippedFolder("examples");
    return folder ? QString::fromStdString((*folder / kExample).string()) : QString();
}

}  // namespace

ChatGuidance::ChatGuidance(const ModelSession& session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_example(examplePath()),
      m_text(new QLabel(this)),
      m_useExample(new QPushButton(tr("Use an example picture"), this)) {
    m_text->setObjectName(QStringLiteral("chatGuidance"));
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setAlignment(Qt::AlignCenter);
    m_useExample->setObjectName(QStringLiteral("useExample"));
    auto* const layout = new QVBoxLayout(this);
    layout->setContentsMargins(48, 48, 48, 24);
    layout->setSpacing(16);
    layout->addStretch();
    layout->addWidget(m_text);
    layout->addWidget(m_useExample, 0, Qt::AlignHCenter);
    layout->addStretch();
    connect(m_useExample, &QPushButton::clicked, this, [this] { emit examplePicked(m_example); });
    connect(&session, &ModelSession::stateChanged, this, &ChatGuidance::showModel);
    showModel();
}

void ChatGuidance::showModel() {
    const bool loaded = m_session.state() == ModelSession::State::Loaded;
    if (!loaded) {
        m_text->setText(tr("Open a model to begin. The demo model answers questions about drawn scenes at once."));
    } else if (!m_session.loaded().chatTemplate) {
        m_text->setText(tr("This is a base model: it continues your text rather than answering it."));
    } else if (m_session.loaded().vision) {
        m_text->setText(tr("Drop a picture here and ask about it. Beside the message you see what the model will see."));
    } else {
        m_text->setText(tr("Ask something. This model reads text alone."));
    }
    m_useExample->setVisible(loaded && m_session.loaded().model == "demo" && !m_example.isEmpty());
}

}  // namespace lapidary::gui
