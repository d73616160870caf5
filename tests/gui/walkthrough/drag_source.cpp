// A small window that holds a file to be dragged: what a file manager is to the person who drops a picture.  It stays until it is ended,
// since the target may read the file's address after the drop.
//
//   drag_source FILE X Y
#include <QApplication>
#include <QDrag>
#include <QLabel>
#include <QMimeData>
#include <QMouseEvent>
#include <QUrl>

namespace {

class DragSource final : public QLabel {
public:
    explicit DragSource(QString file) : m_file(std::move(file)) {
        setText(QStringLiteral("file"));
        setAlignment(Qt::AlignCenter);
        setWindowFlags(Qt::ToolTip);  // above all, without a window manager
        resize(40, 20);
    }

protected:
    void mouseMoveEvent(QMouseEvent* event) override {
        if (!(event->buttons() & Qt::LeftButton)) return;
        auto* drag = new QDrag(this);
        auto* content = new QMimeData;  // the drag owns it
        content->setUrls({QUrl::fromLocalFile(m_file)});
        drag->setMimeData(content);
        drag->exec(Qt::CopyAction);
    }

private:
    QString m_file;
};

}  // namespace

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    const QStringList arguments = QApplication::arguments();
    if (arguments.size() != 4) return 2;
    DragSource source(arguments[1]);
    source.move(arguments[2].toInt(), arguments[3].toInt());
    source.show();
    return QApplication::exec();
}
