#include "gui/history/picture_store.h"

#include <unistd.h>

#include <QBuffer>
#include <QCryptographicHash>
#include <QDirIterator>
#include <QFile>
#include <QFileInfo>
#include <QMutexLocker>
#include <QTemporaryFile>
#include <filesystem>
#include <functional>
#include <system_error>

#include "gui/chat/json_fields.h"
#include "gui/history/history_text.h"

namespace lapidary::gui {
namespace {

constexpr qint64 kBlock = qint64{1} << 20;
constexpr const char* kHalfCopied = ".incoming-";

Error cannotRead(const QString& name, const QString& why) {
    return failure(ErrorCode::Io, HistoryText::tr("The picture “%1” cannot be read (%2).").arg(name, why));
}

Error cannotKeep(const QString& name, const QString& why) {
    return failure(ErrorCode::Io, HistoryText::tr("The picture “%1” cannot be kept in the history (%2).").arg(name, why));
}

Result<void> eachBlock(QIODevice& source, const QString& name, const std::stop_token& stop,
                       const std::function<bool(const QByteArray&)>& take) {
    std::int64_t total = 0;
    while (true) {
        if (stop.stop_requested()) return failure(ErrorCode::Cancelled, HistoryText::tr("Copying “%1” was stopped.").arg(name));
        const QByteArray block = source.read(kBlock);
        if (block.isEmpty()) {
            if (!source.atEnd()) return cannotRead(name, source.errorString());
            return {};
        }
        total += block.size();
        if (total > PictureStore::kMostBytes) {
            return failure(ErrorCode::InvalidFile,
                           HistoryText::tr("“%1” is larger than %2 MiB; pictures of a chat are smaller.")
                               .arg(name, QString::number(PictureStore::kMostBytes >> 20)));
        }
        if (!take(block)) return {};
    }
}

// A device, a pipe or a folder could keep the reader for ever.
Result<void> requireFile(const QString& path) {
    const QFileInfo info(path);
    if (!info.exists()) return failure(ErrorCode::NotFound, HistoryText::tr("There is no file “%1”.").arg(path));
    if (!info.isFile()) return failure(ErrorCode::InvalidFile, HistoryText::tr("“%1” is not a file.").arg(path));
    return {};
}

}  // namespace

QString pictureExtension(const QByteArray& firstBytes) {
    if (firstBytes.startsWith("\x89PNG")) return QStringLiteral("png");
    if (firstBytes.startsWith("\xff\xd8\xff")) return QStringLiteral("jpg");
    if (firstBytes.startsWith("GIF8")) return QStringLiteral("gif");
    if (firstBytes.startsWith("RIFF") && firstBytes.mid(8, 4) == "WEBP") return QStringLiteral("webp");
    if (firstBytes.startsWith("BM")) return QStringLiteral("bmp");
    if (firstBytes.startsWith(QByteArray("II*\0", 4)) || firstBytes.startsWith(QByteArray("MM\0*", 4)))
        return QStringLiteral("tif");
    return QStringLiteral("bin");
}

QString sha256Of(const QByteArray& bytes) {
    return QString::fromLatin1(QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex());
}

Result<StoredPicture> PictureStore::hashOnly(const QString& path, const std::stop_token& stop) {
    RETURN_IF_ERROR(requireFile(path));
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) return cannotRead(path, file.errorString());
    QCryptographicHash hash(QCryptographicHash::Sha256);
    RETURN_IF_ERROR(eachBlock(file, path, stop, [&](const QByteArray& block) {
        hash.addData(block);
        return true;
    }));
    return StoredPicture{QString::fromLatin1(hash.result().toHex()), path, file.size()};
}

Result<StoredPicture> PictureStore::import(const QString& path, const std::stop_token& stop) const {
    RETURN_IF_ERROR(requireFile(path));
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) return cannotRead(path, file.errorString());
    return import(file, path, stop);
}

Result<StoredPicture> PictureStore::import(const QByteArray& bytes) const {
    QBuffer buffer;
    buffer.setData(bytes);
    buffer.open(QIODevice::ReadOnly);
    return import(buffer, HistoryText::tr("pasted picture"), {});
}

Result<StoredPicture> PictureStore::import(QIODevice& source, const QString& name, const std::stop_token& stop) const {
    const QDir folder(m_paths.pictures());
    if (!folder.mkpath(QStringLiteral("."))) return cannotKeep(name, folder.path());
    QTemporaryFile copy(folder.filePath(QLatin1String(kHalfCopied) + QStringLiteral("XXXXXX")));
    if (!copy.open()) return cannotKeep(name, copy.errorString());
    QCryptographicHash hash(QCryptographicHash::Sha256);
    QByteArray firstBytes;
    std::int64_t size = 0;
    RETURN_IF_ERROR(eachBlock(source, name, stop, [&](const QByteArray& block) {
        if (firstBytes.isEmpty()) firstBytes = block.left(16);
        hash.addData(block);
        size += block.size();
        return copy.write(block) == block.size();
    }));
    if (!copy.flush() || copy.size() != size || ::fsync(copy.handle()) != 0) return cannotKeep(name, copy.errorString());
    const QString sha256 = QString::fromLatin1(hash.result().toHex());
    keep({sha256});
    const QString place = folder.filePath(sha256.left(2));
    const QString path = QStringLiteral("%1/%2.%3").arg(place, sha256, pictureExtension(firstBytes));
    if (!folder.mkpath(sha256.left(2))) return cannotKeep(name, place);
    std::error_code wrong;
    // Over one that is there already: it has the same bytes, unless it was damaged.
    std::filesystem::rename(copy.fileName().toStdString(), path.toStdString(), wrong);
    if (wrong) return cannotKeep(name, QString::fromStdString(wrong.message()));
    copy.setAutoRemove(false);
    return StoredPicture{sha256, path, size};
}

void PictureStore::keep(const QSet<QString>& sha256s) const {
    const QMutexLocker locked(&m_mutex);
    m_kept.unite(sha256s);
}

int PictureStore::sweep(const QSet<QString>& used) const {
    int removed = 0;
    QDirIterator files(m_paths.pictures(), QDir::Files | QDir::Hidden, QDirIterator::Subdirectories);
    while (files.hasNext()) {
        const QString path = files.next();
        const QString sha256 = files.fileInfo().completeBaseName();
        const bool halfCopied = files.fileName().startsWith(QLatin1String(kHalfCopied));
        // Whatever else lies there is not ours to remove.
        if (!halfCopied && !isSha256(sha256)) continue;
        const QMutexLocker locked(&m_mutex);
        if (!halfCopied && (used.contains(sha256) || m_kept.contains(sha256))) continue;
        if (QFile::remove(path)) ++removed;
    }
    return removed;
}

}  // namespace lapidary::gui
