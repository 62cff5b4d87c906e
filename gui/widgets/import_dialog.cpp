// SPDX-License-Identifier: Apache-2.0
#include "widgets/import_dialog.h"

#include "models/config_draft.h"
#include "models/server_import.h"
#include "theme/theme.h"
#include "widgets/plain_edit.h"
#include "widgets/file_dialogs.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFile>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QStyle>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

ImportDialog::ImportDialog(const Config &current, const QString &text, QWidget *parent)
    : QDialog(parent), m_current(current), m_result(current), m_text(new PlainEdit(this)), m_role(new QComboBox(this)),
      m_replace(new QCheckBox(tr("Replace all servers"), this)), m_preview(new QLabel(this)), m_take(nullptr)
{
    setObjectName(u"importDialog"_s);
    setWindowTitle(tr("Paste servers"));
    resize(640, 460);
    auto *layout = new QVBoxLayout(this);
    auto *hint = new QLabel(tr("Flags of a router (--prefill http://a:30000 8998 --decode http://b:30000), URLs in lines, JSON, or a configuration file:"), this);
    hint->setWordWrap(true);
    hint->setBuddy(m_text);
    layout->addWidget(hint);
    m_text->setObjectName(u"importText"_s);
    m_text->setFont(Theme::monospace(font()));
    m_text->setAccessibleName(tr("Servers as text"));
    m_text->setTabChangesFocus(true);
    layout->addWidget(m_text, 1);
    auto *options = new QHBoxLayout;
    m_role->addItem(tr("Bare URLs are prefill servers"), int(Role::Prefill));
    m_role->addItem(tr("Bare URLs are decode servers"), int(Role::Decode));
    m_role->setAccessibleName(tr("Role of URLs that do not say theirs"));
    options->addWidget(m_role);
    options->addWidget(m_replace);
    options->addStretch(1);
    auto *open = new QPushButton(tr("Open a file…"), this);
    options->addWidget(open);
    layout->addLayout(options);
    m_preview->setObjectName(u"importPreview"_s);
    m_preview->setWordWrap(true);
    m_preview->setTextFormat(Qt::PlainText);
    m_preview->setMinimumHeight(fontMetrics().height() * 3);
    m_preview->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    layout->addWidget(m_preview);
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    m_take = buttons->addButton(tr("Take over"), QDialogButtonBox::AcceptRole);
    m_take->setObjectName(u"importTake"_s);
    m_take->setProperty("primary", true);
    layout->addWidget(buttons);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(buttons, &QDialogButtonBox::accepted, this, [this] {
        Q_EMIT taken(m_result);
        accept();
    });
    connect(m_text, &QPlainTextEdit::textChanged, this, &ImportDialog::read);
    connect(m_role, &QComboBox::currentIndexChanged, this, &ImportDialog::read);
    connect(m_replace, &QCheckBox::toggled, this, &ImportDialog::read);
    connect(open, &QPushButton::clicked, this, [this] {
        askOpenName(this, tr("Open a configuration"), tr("Configurations (*.json *.txt *.sh);;All files (*)"), [this](const QString &path) {
            QFile file(path);
            constexpr qint64 most = qint64(16) * 1024 * 1024;
            if (file.open(QIODevice::ReadOnly))
                m_text->setText(QString::fromUtf8(file.read(most)));
            else
                m_preview->setText(tr("%1 cannot be read: %2").arg(path, file.errorString()));
        });
    });
    m_text->setText(text);
    read();
}

void ImportDialog::read()
{
    const auto imported = importServers(m_text->toPlainText(), Role(m_role->currentData().toInt()));
    m_take->setEnabled(imported.has_value());
    m_preview->setProperty("tone", imported || m_text->document()->isEmpty() ? u"muted"_s : u"bad"_s);
    m_preview->style()->unpolish(m_preview);
    m_preview->style()->polish(m_preview);
    if (!imported) {
        m_preview->setText(imported.error().message);
        return;
    }
    m_result = withImported(m_current, *imported, m_replace->isChecked());
    m_result.nameServers();
    const QStringList changes = ConfigDraft::differences(m_current, m_result);
    m_preview->setText(tr("Read as %1: %n prefill", nullptr, int(imported->prefill.size())).arg(imported->form) + u", "_s
                       + tr("%n decode", nullptr, int(imported->decode.size())) + u".\n"_s
                       + (changes.isEmpty() ? tr("Nothing would change.") : tr("Would change: %1").arg(changes.mid(0, 30).join(u" · "_s))));
    m_take->setEnabled(!changes.isEmpty());
}

} // namespace pdlb::gui
