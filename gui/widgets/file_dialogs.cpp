// SPDX-License-Identifier: Apache-2.0
#include "widgets/file_dialogs.h"

#include "widgets/message_banner.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QSaveFile>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

QString nextName;

/// Not modal in the sense of a nested event loop: open() returns at once.
void ask(QWidget *parent, QFileDialog *dialog, std::function<void(const QString &)> take)
{
    if (!nextName.isEmpty()) {
        delete dialog;
        take(std::exchange(nextName, {}));
        return;
    }
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    QObject::connect(dialog, &QFileDialog::fileSelected, parent, take);
    dialog->open();
}

} // namespace

void setNextFileName(const QString &path)
{
    nextName = path;
}

void askSaveName(QWidget *parent, const QString &title, const QString &suggestion, std::function<void(const QString &)> take)
{
    auto *dialog = new QFileDialog(parent, title);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->selectFile(suggestion);
    ask(parent, dialog, std::move(take));
}

void askOpenName(QWidget *parent, const QString &title, const QString &filter, std::function<void(const QString &)> take)
{
    auto *dialog = new QFileDialog(parent, title, {}, filter);
    dialog->setFileMode(QFileDialog::ExistingFile);
    ask(parent, dialog, std::move(take));
}

void tellNear(QWidget *widget, const QString &text, bool isError)
{
    for (QWidget *at = widget; at; at = at->parentWidget()) {
        if (auto *banner = at->findChild<MessageBanner *>(QString(), Qt::FindDirectChildrenOnly)) {
            banner->show(isError ? MessageBanner::Kind::Error : MessageBanner::Kind::Information, text);
            return;
        }
    }
}

void saveBytes(QWidget *parent, const QString &title, const QString &suggestion, std::function<QByteArray()> make)
{
    askSaveName(parent, title, suggestion, [parent, make = std::move(make)](const QString &path) {
        QSaveFile file(path);
        const bool good = file.open(QIODevice::WriteOnly) && file.write(make()) >= 0 && file.commit();
        if (good)
            tellNear(parent, QFileDialog::tr("Written: %1 (%2 bytes)").arg(path).arg(QFileInfo(path).size()), false);
        else
            tellNear(parent, QFileDialog::tr("%1 was not written: %2").arg(path, file.errorString()), true);
    });
}

} // namespace pdlb::gui
