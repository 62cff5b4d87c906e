// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session/doctor_run.h"

#include <QPointer>
#include <QWidget>

class QAction;
class QComboBox;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QSettings;
class QSpinBox;
class QSplitter;
class QTableView;

namespace pdlb::gui {

class ConfigDraft;
class MatrixModel;
class MessageBanner;
class ServerModel;
class Session;
class TraceFeed;

/// Servers and pairs: a draft that is edited, checked by the doctor, and put in force as a whole.
class PairsPage final : public QWidget
{
    Q_OBJECT

public:
    PairsPage(TraceFeed &feed, QWidget *parent);

    void setSession(Session *session);
    ConfigDraft &draft() { return *m_draft; }
    QList<QAction *> actions() const { return m_actions; }
    /// The dialog for pasted text, with it.
    void openImport(const QString &text = {});
    void addServer(Role role);
    /// Puts the draft in force (again and again as needed): of a stopped balancer, for its next start.
    void apply();
    MessageBanner *banner() const { return m_banner; }
    void save(QSettings &settings) const;
    void restore(QSettings &settings);

Q_SIGNALS:
    void filterWanted(const QString &filter);
    void pairPinned(const QByteArray &pair);

private:
    QWidget *makeServersSide();
    QWidget *makeMatrixSide();
    QWidget *makeBar();
    void makeActions();
    void draftChanged();
    void showCell();
    void cellMenu(const QPoint &where);
    void serverMenu(const QPoint &where);
    QList<int> chosenRows() const;
    QPair<QString, QString> chosenPair() const;
    void togglePair();
    void runDoctor(const QList<std::pair<QString, QString>> &pairs);
    void doctorFinished(const DoctorVerdicts &verdicts);
    void exportMenu(QPushButton *button);

    TraceFeed &m_feed;
    QPointer<Session> m_session;
    ConfigDraft *m_draft;
    ServerModel *m_servers;
    MatrixModel *m_matrix;
    DoctorRun *m_doctor;
    MessageBanner *m_banner;
    QSplitter *m_splitter;
    QTableView *m_serverTable;
    QTableView *m_matrixTable;
    QLineEdit *m_host;
    QSpinBox *m_port;
    QComboBox *m_policy;
    QComboBox *m_pairing;
    QLabel *m_doctorLine;
    QProgressBar *m_doctorBar;
    QPushButton *m_doctorButton;
    QLabel *m_cellTitle;
    QLabel *m_cellText;
    QWidget *m_cellButtons;
    QPushButton *m_cellToggle;
    QLabel *m_changes;
    QPushButton *m_discard;
    QPushButton *m_apply;
    QList<QAction *> m_actions;
    bool m_filling = false;
};

} // namespace pdlb::gui
