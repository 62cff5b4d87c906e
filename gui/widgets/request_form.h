// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "models/tester_request.h"

#include <QPointer>
#include <QWidget>

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QStackedWidget;

namespace pdlb::gui {

class MessageCards;
class PlainEdit;
class Session;

/// What is asked, of whom: the tester's left side.
class RequestForm final : public QWidget
{
    Q_OBJECT

public:
    explicit RequestForm(QWidget *parent = nullptr);

    void setSession(Session *session);
    /// What stands there. Errors: the extra JSON or a number cannot be read, there is nobody to send to.
    Result<TesterRequest> request() const;
    /// Where the request goes: the URL that the endpoint's path is added to. Errors: there is no such server (any more).
    Result<QString> urlOf(const TesterTarget &target) const;
    void setRequest(const TesterRequest &request);
    /// Sends to that pair from now on.
    void setPair(const QByteArray &pair);
    /// A curl command; the problem, or empty.
    QString pasteCurl(const QString &command);
    void fetchModels();

private:
    void fillTargets();
    TesterTarget target() const;
    void endpointChanged();
    void checkExtra();

    QPointer<Session> m_session;
    QComboBox *m_endpoint;
    QComboBox *m_target;
    QLineEdit *m_url;
    QComboBox *m_model;
    QLineEdit *m_key;
    QStackedWidget *m_input;
    MessageCards *m_messages;
    PlainEdit *m_prompt;
    QLineEdit *m_maxTokens;
    QLineEdit *m_temperature;
    QCheckBox *m_stream;
    QCheckBox *m_usage;
    QPushButton *m_more;
    QWidget *m_moreBox;
    QLineEdit *m_topP;
    QLineEdit *m_seed;
    QLineEdit *m_samples;
    QLineEdit *m_stop;
    PlainEdit *m_extra;
    QLabel *m_extraProblem;
    http::HeaderList m_headers; ///< of a pasted command
};

} // namespace pdlb::gui
