// Shows where the keyboard is on controls that the style leaves as they are: lists, texts, areas that scroll, buttons with a picture, a default button.
#pragma once

#include <QWidget>

namespace lapidary::gui {

class FocusRing final : public QWidget {
    Q_OBJECT

public:
    // From now on, as long as `context` lives; once the person has used Tab in a window, as styles do it.
    static void follow(QObject* context);

protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    explicit FocusRing(QWidget* control);
};

}  // namespace lapidary::gui
