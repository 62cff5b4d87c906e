// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDialog>
#include <QUrl>

class QLabel;
class QLineEdit;
class QPushButton;

namespace pdlb::gui {

/// Asks for the URL and the admin key of a running balancer.
class AttachDialog final : public QDialog
{
    Q_OBJECT

public:
    AttachDialog(const QUrl &last, QWidget *parent);
    /// "HOST", "HOST:PORT" or a whole URL; invalid when it is none.
    static QUrl urlOf(const QString &text);

Q_SIGNALS:
    void chosen(const QUrl &url, const QByteArray &adminKey);

private:
    void check();

    QLineEdit *m_url;
    QLineEdit *m_key;
    QLabel *m_problem;
    QPushButton *m_attach;
};

} // namespace pdlb::gui
