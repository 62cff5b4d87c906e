// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "models/config_draft.h"

#include <QAbstractTableModel>
#include <QHash>
#include <QPointer>

#include <deque>

namespace pdlb::gui {

class Session;

/// The draft's servers as rows, prefills first, with how they stand. Edits go into the draft.
class ServerModel final : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { EnabledColumn, RoleColumn, NameColumn, UrlColumn, BootstrapColumn, WeightColumn, GroupColumn, HealthColumn, LatencyColumn, ColumnCount };
    enum Role {
        ProblemRole = Qt::UserRole, ///< what is wrong with this cell, QString
        LatenciesRole, ///< of the last probes in milliseconds, QList<double>
    };

    ServerModel(ConfigDraft &draft, QObject *parent);
    void setSession(Session *session);

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    bool setData(const QModelIndex &index, const QVariant &value, int role = Qt::EditRole) override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    Qt::ItemFlags flags(const QModelIndex &index) const override;

    // Dragging reorders, also from one role to the other.
    Qt::DropActions supportedDropActions() const override { return Qt::MoveAction | Qt::CopyAction; }
    QStringList mimeTypes() const override;
    QMimeData *mimeData(const QModelIndexList &indexes) const override;
    bool canDropMimeData(const QMimeData *data, Qt::DropAction action, int row, int column, const QModelIndex &parent) const override;
    bool dropMimeData(const QMimeData *data, Qt::DropAction action, int row, int column, const QModelIndex &parent) override;

    /// A value for that column in many rows, as one step.
    void setMany(const QList<int> &rows, Column column, const QVariant &value);
    void move(const QList<int> &rows, int to);
    void remove(const QList<int> &rows);
    void duplicate(const QList<int> &rows);
    /// The new row.
    int add(pdlb::Role role);

Q_SIGNALS:
    /// Text, URLs or a file were dropped.
    void textDropped(const QString &text);
    void editRefused(const QString &why);

private:
    void draftChanged();
    void fleetChanged();
    QString text(int row, int column) const;
    QString problem(int row, int column) const;
    bool edit(Config &config, int row, int column, const QVariant &value);

    ConfigDraft &m_draft;
    QPointer<Session> m_session;
    QHash<QString, std::deque<double>> m_latencies; ///< by server
    QHash<QString, double> m_probeAgo;
    QStringList m_names; ///< of the rows as they are told
};

} // namespace pdlb::gui
