// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"

#include <QObject>
#include <QUndoStack>

#include <functional>

namespace pdlb::gui {

/// What is being edited, beside what is in force. Every change can be undone; servers, pairs and pairing are what is edited.
class ConfigDraft final : public QObject
{
    Q_OBJECT

public:
    explicit ConfigDraft(QObject *parent);

    const Config &config() const { return m_config; }
    /// What is in force.
    const Config &base() const { return m_base; }
    /// Another configuration is in force. An unchanged draft follows it; a changed one stays and is compared with it from now on.
    void setBase(const Config &base);
    /// The draft is in force now.
    void markApplied(const Config &inForce);
    void discard();

    /// One step that can be undone. Steps with the same `merge` key (not empty) in a row become one: typing in one cell.
    void change(const QString &text, const std::function<void(Config &)> &edit, const QString &merge = {});
    QUndoStack &undoStack() { return m_stack; }
    bool isChanged() const { return !changes().isEmpty(); }

    /// "+ p2", "d4 disabled", "p1 bootstrap 8998 → auto": how the draft differs from what is in force.
    QStringList changes() const;
    static QStringList differences(const Config &before, const Config &now);

    /// What is wrong with it.
    const ConfigProblems &problems() const { return m_problems; }
    /// The first problem of that server, or of one of its members ("url", …); empty: none.
    QString problemOf(Role role, qsizetype index, const QString &member = {}) const;
    /// A name that none has.
    static QString freeName(const Config &config, Role role);

    // Servers count through both roles, prefills first.
    qsizetype count() const { return m_config.prefill.size() + m_config.decode.size(); }
    Role roleOf(qsizetype row) const { return row < m_config.prefill.size() ? Role::Prefill : Role::Decode; }
    qsizetype indexOf(qsizetype row) const { return row < m_config.prefill.size() ? row : row - m_config.prefill.size(); }
    const ServerConfig &server(qsizetype row) const;
    static ServerConfig &serverIn(Config &config, qsizetype row);
    /// By names; enabled as the configuration puts them together.
    static bool isPaired(const Config &config, const QString &prefill, const QString &decode);
    void setPaired(const QString &prefill, const QString &decode, bool paired);

Q_SIGNALS:
    void changed();

private:
    class Step;
    void take(const Config &config);

    Config m_config;
    Config m_base;
    ConfigProblems m_problems;
    QUndoStack m_stack;
};

} // namespace pdlb::gui
