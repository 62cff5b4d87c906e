// SPDX-License-Identifier: Apache-2.0
#include "widgets/attach_dialog.h"

#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

AttachDialog::AttachDialog(const QUrl &last, QWidget *parent)
    : QDialog(parent), m_url(new QLineEdit(this)), m_key(new QLineEdit(this)), m_problem(new QLabel(this)), m_attach(nullptr)
{
    setObjectName(u"attachDialog"_s);
    setWindowTitle(tr("Attach to a running pdlb"));
    setMinimumWidth(fontMetrics().averageCharWidth() * 70);
    m_url->setObjectName(u"attachUrl"_s);
    m_url->setPlaceholderText(u"http://127.0.0.1:30000"_s);
    m_url->setText(last.toString());
    m_key->setObjectName(u"attachKey"_s);
    m_key->setEchoMode(QLineEdit::Password);
    m_key->setPlaceholderText(tr("only where it asks for one (--admin-key-file)"));
    m_problem->setProperty("tone", u"bad"_s);
    m_problem->setWordWrap(true);
    m_problem->setTextFormat(Qt::PlainText);
    auto *form = new QFormLayout(this);
    form->addRow(tr("URL of the balancer, or its --admin-port"), m_url);
    form->addRow(tr("Admin key"), m_key);
    form->addRow(m_problem);
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    m_attach = buttons->addButton(tr("Attach"), QDialogButtonBox::AcceptRole);
    m_attach->setObjectName(u"attachAccept"_s);
    m_attach->setProperty("primary", true);
    form->addRow(buttons);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(buttons, &QDialogButtonBox::accepted, this, [this] {
        Q_EMIT chosen(urlOf(m_url->text()), m_key->text().trimmed().toUtf8());
        accept();
    });
    connect(m_url, &QLineEdit::textChanged, this, &AttachDialog::check);
    check();
}

QUrl AttachDialog::urlOf(const QString &text)
{
    QString whole = text.trimmed();
    while (whole.endsWith(u'/'))
        whole.chop(1);
    if (!whole.isEmpty() && !whole.contains("://"_L1))
        whole.prepend(u"http://"_s);
    QUrl url(whole, QUrl::StrictMode);
    if (!url.isValid() || url.host().isEmpty() || (url.scheme() != "http"_L1 && url.scheme() != "https"_L1) || !url.userInfo().isEmpty() || url.hasQuery())
        return {};
    if (url.port() < 0 && url.scheme() == "http"_L1)
        url.setPort(30000);
    return url;
}

void AttachDialog::check()
{
    const bool isGood = urlOf(m_url->text()).isValid() && !urlOf(m_url->text()).isEmpty();
    m_attach->setEnabled(isGood);
    m_problem->setText(isGood || m_url->text().isEmpty() ? QString() : tr("\"%1\" is no URL: expected http(s)://HOST:PORT").arg(m_url->text().left(200)));
}

} // namespace pdlb::gui
