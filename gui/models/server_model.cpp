// SPDX-License-Identifier: Apache-2.0
#include "models/server_model.h"

#include "models/health_text.h"
#include "models/trace_text.h"
#include "session/session.h"
#include "upstream/origin.h"

#include <QFile>
#include <QMimeData>
#include <QUrl>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

const QString rowsType = u"application/x-pdlb-rows"_s;
constexpr size_t mostLatencies = 30;

/// Keeps what can be kept of rows that are the same ones.
QStringList namesOf(const Config &config)
{
    QStringList names;
    for (const auto *list : {&config.prefill, &config.decode}) {
        for (const ServerConfig &server : *list)
            names += server.name;
    }
    return names;
}

} // namespace

ServerModel::ServerModel(ConfigDraft &draft, QObject *parent) : QAbstractTableModel(parent), m_draft(draft), m_names(namesOf(draft.config()))
{
    connect(&draft, &ConfigDraft::changed, this, &ServerModel::draftChanged);
}

void ServerModel::setSession(Session *session)
{
    if (m_session)
        m_session->disconnect(this);
    m_session = session;
    m_latencies.clear();
    m_probeAgo.clear();
    if (session)
        connect(session, &Session::fleetChanged, this, &ServerModel::fleetChanged);
    fleetChanged();
}

void ServerModel::draftChanged()
{
    const QStringList names = namesOf(m_draft.config());
    if (names.size() == m_names.size()) {
        m_names = names;
        if (!names.isEmpty())
            Q_EMIT dataChanged(index(0, 0), index(int(names.size()) - 1, ColumnCount - 1));
        return;
    }
    beginResetModel();
    m_names = names;
    endResetModel();
}

void ServerModel::fleetChanged()
{
    if (m_session) {
        for (const ServerView &server : m_session->servers()) {
            if (!server.probeMs || !server.probeAgo)
                continue;
            const auto before = m_probeAgo.find(server.name);
            if (before == m_probeAgo.end() || *server.probeAgo < before.value()) {
                std::deque<double> &latencies = m_latencies[server.name];
                latencies.push_back(*server.probeMs);
                if (latencies.size() > mostLatencies)
                    latencies.pop_front();
            }
            m_probeAgo[server.name] = *server.probeAgo;
        }
    }
    if (rowCount() > 0)
        Q_EMIT dataChanged(index(0, HealthColumn), index(rowCount() - 1, LatencyColumn));
}

int ServerModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_names.size());
}

int ServerModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QString ServerModel::text(int row, int column) const
{
    const ServerConfig &server = m_draft.server(row);
    const ServerView *view = m_session ? m_session->server(server.name) : nullptr;
    switch (column) {
    case RoleColumn: return m_draft.roleOf(row) == pdlb::Role::Prefill ? tr("prefill") : tr("decode");
    case NameColumn: return server.name;
    case UrlColumn: return server.url;
    case BootstrapColumn:
        if (m_draft.roleOf(row) == pdlb::Role::Decode)
            return u"–"_s;
        if (server.bootstrapPort.kind == BootstrapPort::Kind::Discover && view && view->bootstrapPort)
            return tr("auto (%1)").arg(*view->bootstrapPort);
        return server.bootstrapPort.toString();
    case WeightColumn: return QString::number(server.weight);
    case GroupColumn: return server.group;
    case HealthColumn:
        if (!view)
            return m_session && m_session->state() == Session::State::Running ? u"○ "_s + tr("not applied") : u"○ "_s + tr("not running");
        return HealthText::symbol(view->status) + u' ' + HealthText::word(view->status)
            + (view->inFlight > 0 ? u" · "_s + tr("%n in flight", nullptr, int(view->inFlight)) : QString());
    case LatencyColumn: return view && view->probeMs ? TraceText::duration(*view->probeMs) : u"–"_s;
    default: return {};
    }
}

QString ServerModel::problem(int row, int column) const
{
    static const QHash<int, QString> members{{NameColumn, u"name"_s}, {UrlColumn, u"url"_s}, {BootstrapColumn, u"bootstrap_port"_s},
                                             {WeightColumn, u"weight"_s}, {GroupColumn, u"group"_s}};
    const QString member = members.value(column);
    return member.isEmpty() ? QString() : m_draft.problemOf(m_draft.roleOf(row), m_draft.indexOf(row), member);
}

QVariant ServerModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const int row = index.row();
    const ServerConfig &server = m_draft.server(row);
    const ServerView *view = m_session ? m_session->server(server.name) : nullptr;
    switch (role) {
    case Qt::DisplayRole: return index.column() == EnabledColumn ? QVariant() : text(row, index.column());
    case Qt::EditRole:
        if (index.column() == WeightColumn)
            return server.weight;
        return index.column() == BootstrapColumn ? server.bootstrapPort.toString() : text(row, index.column());
    case Qt::CheckStateRole: return index.column() == EnabledColumn ? QVariant(int(server.enabled ? Qt::Checked : Qt::Unchecked)) : QVariant();
    case Qt::AccessibleTextRole: return index.column() == EnabledColumn ? (server.enabled ? tr("enabled") : tr("disabled")) : text(row, index.column());
    case Qt::ToolTipRole: {
        if (const QString wrong = problem(row, index.column()); !wrong.isEmpty())
            return tip(wrong);
        if (index.column() == EnabledColumn)
            return tr("A server that is not enabled gets no new requests");
        if (index.column() == HealthColumn && view) {
            QString words = view->reason.isEmpty() ? HealthText::word(view->status) : view->reason;
            if (view->probeAgo)
                words += u"; "_s + tr("last probe %1 ago, it took %2").arg(TraceText::duration(*view->probeAgo * 1000), TraceText::duration(view->probeMs.value_or(0)));
            return tip(words);
        }
        return tip(text(row, index.column()));
    }
    case Qt::ForegroundRole:
        if (!problem(row, index.column()).isEmpty())
            return color(Tone::Bad);
        if (index.column() == HealthColumn)
            return color(view ? HealthText::tone(view->status) : Tone::Muted);
        return index.column() == RoleColumn || index.column() == LatencyColumn || !server.enabled ? QVariant(color(Tone::Muted)) : QVariant();
    case Qt::TextAlignmentRole: return int((index.column() == WeightColumn ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    case ProblemRole: return problem(row, index.column());
    case LatenciesRole: {
        QList<double> list;
        if (const auto found = m_latencies.find(server.name); found != m_latencies.end())
            list = QList<double>(found->begin(), found->end());
        return QVariant::fromValue(list);
    }
    default: return {};
    }
}

bool ServerModel::edit(Config &config, int row, int column, const QVariant &value)
{
    ServerConfig &server = ConfigDraft::serverIn(config, row);
    const QString text = value.toString().trimmed();
    switch (column) {
    case EnabledColumn: server.enabled = value.toInt() == Qt::Checked; return true;
    case NameColumn: {
        for (PairConfig &pair : config.pairs) { // they follow their servers
            QString &name = m_draft.roleOf(row) == pdlb::Role::Prefill ? pair.prefill : pair.decode;
            if (name == server.name)
                name = text;
        }
        server.name = text;
        return true;
    }
    case UrlColumn: server.url = text.contains("://"_L1) || text.isEmpty() ? text : u"http://"_s + text; return true;
    case BootstrapColumn: {
        const auto port = BootstrapPort::parse(text.isEmpty() ? u"auto"_s : text);
        if (!port) {
            Q_EMIT editRefused(tr("Bootstrap port of %1: %2").arg(server.name, port.error().message));
            return false;
        }
        server.bootstrapPort = *port;
        return true;
    }
    case WeightColumn: server.weight = value.toInt(); return true;
    case GroupColumn: server.group = text; return true;
    case RoleColumn: {
        const bool toDecode = text == tr("decode") || text == "decode"_L1;
        if (toDecode == (m_draft.roleOf(row) == pdlb::Role::Decode))
            return false;
        ServerConfig moved = server;
        config.pairs.removeIf([&](const PairConfig &pair) { return pair.prefill == moved.name || pair.decode == moved.name; });
        (toDecode ? config.prefill : config.decode).removeAt(m_draft.indexOf(row));
        moved.bootstrapPort = {};
        (toDecode ? config.decode : config.prefill) += moved;
        return true;
    }
    default: return false;
    }
}

bool ServerModel::setData(const QModelIndex &index, const QVariant &value, int role)
{
    if (!index.isValid() || (role != Qt::EditRole && role != Qt::CheckStateRole) || (role == Qt::CheckStateRole && index.column() != EnabledColumn))
        return false;
    bool good = false;
    const QString name = m_draft.server(index.row()).name;
    m_draft.change(tr("Edit %1").arg(name), [&](Config &config) { good = edit(config, index.row(), index.column(), value); },
                   index.column() == EnabledColumn ? QString() : u"%1/%2"_s.arg(name).arg(index.column()));
    return good;
}

void ServerModel::setMany(const QList<int> &rows, Column column, const QVariant &value)
{
    m_draft.change(tr("Edit %n servers", nullptr, int(rows.size())), [&](Config &config) {
        for (const int row : rows)
            edit(config, row, column, value);
    });
}

QVariant ServerModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::ToolTipRole && section == BootstrapColumn)
        return tr("Port of the prefill's bootstrap server: a number, \"auto\" (asked of the engine) or \"none\" (each engine uses its own setting)");
    if (role == Qt::ToolTipRole && section == GroupColumn)
        return tr("With pairing \"group\" only servers of the same group are paired");
    if (role == Qt::TextAlignmentRole)
        return int((section == WeightColumn ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    if (role == Qt::AccessibleTextRole && section == EnabledColumn)
        return tr("Enabled");
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case EnabledColumn: return tr("On");
    case RoleColumn: return tr("Role");
    case NameColumn: return tr("Name");
    case UrlColumn: return tr("URL");
    case BootstrapColumn: return tr("Bootstrap");
    case WeightColumn: return tr("Weight");
    case GroupColumn: return tr("Group");
    case HealthColumn: return tr("Health");
    case LatencyColumn: return tr("Probe");
    default: return {};
    }
}

Qt::ItemFlags ServerModel::flags(const QModelIndex &index) const
{
    if (!index.isValid())
        return Qt::ItemIsDropEnabled;
    Qt::ItemFlags flags = Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsDragEnabled;
    switch (index.column()) {
    case EnabledColumn: return flags | Qt::ItemIsUserCheckable;
    case HealthColumn:
    case LatencyColumn: return flags;
    case BootstrapColumn: return m_draft.roleOf(index.row()) == pdlb::Role::Prefill ? flags | Qt::ItemIsEditable : flags;
    default: return flags | Qt::ItemIsEditable;
    }
}

QStringList ServerModel::mimeTypes() const
{
    return {rowsType, u"text/plain"_s, u"text/uri-list"_s};
}

QMimeData *ServerModel::mimeData(const QModelIndexList &indexes) const
{
    QList<int> rows;
    QStringList urls;
    for (const QModelIndex &index : indexes) {
        if (rows.contains(index.row()))
            continue;
        rows += index.row();
        urls += u"%1 %2"_s.arg(QLatin1StringView(roleName(m_draft.roleOf(index.row()))), m_draft.server(index.row()).url);
    }
    QByteArrayList numbers;
    for (const int row : std::as_const(rows))
        numbers += QByteArray::number(row);
    auto *data = new QMimeData; // whoever drags owns it
    data->setData(rowsType, numbers.join(','));
    data->setText(urls.join(u'\n'));
    return data;
}

bool ServerModel::canDropMimeData(const QMimeData *data, Qt::DropAction, int, int, const QModelIndex &) const
{
    return data->hasFormat(rowsType) || data->hasText() || data->hasUrls();
}

bool ServerModel::dropMimeData(const QMimeData *data, Qt::DropAction, int row, int, const QModelIndex &parent)
{
    if (data->hasFormat(rowsType)) {
        QList<int> rows;
        const QByteArrayList numbers = data->data(rowsType).split(',');
        for (const QByteArray &number : numbers) {
            bool good = false;
            if (const int from = number.toInt(&good); good && from >= 0 && from < rowCount())
                rows += from;
        }
        move(rows, row >= 0 ? row : parent.isValid() ? parent.row() : rowCount());
        return false; // the view must not remove rows: they have moved
    }
    if (data->hasUrls() && data->urls().first().isLocalFile()) {
        QFile file(data->urls().first().toLocalFile());
        constexpr qint64 most = qint64(16) * 1024 * 1024;
        if (!file.open(QIODevice::ReadOnly)) {
            Q_EMIT editRefused(tr("%1 cannot be read: %2").arg(file.fileName(), file.errorString()));
            return false;
        }
        Q_EMIT textDropped(QString::fromUtf8(file.read(most)));
        return true;
    }
    Q_EMIT textDropped(data->text());
    return true;
}

void ServerModel::move(const QList<int> &rows, int to)
{
    QList<int> sorted = rows;
    std::sort(sorted.begin(), sorted.end());
    if (sorted.isEmpty())
        return;
    const bool toDecode = to > m_draft.config().prefill.size()
        || (to == m_draft.config().prefill.size() && m_draft.roleOf(sorted.first()) == pdlb::Role::Decode);
    m_draft.change(tr("Move %n servers", nullptr, int(sorted.size())), [&](Config &config) {
        QList<ServerConfig> moved;
        int place = to;
        for (auto it = sorted.rbegin(); it != sorted.rend(); ++it) {
            const qsizetype prefills = config.prefill.size();
            const bool isDecode = *it >= prefills;
            ServerConfig server = isDecode ? config.decode.takeAt(*it - prefills) : config.prefill.takeAt(*it);
            if (isDecode != toDecode) {
                server.bootstrapPort = {};
                config.pairs.removeIf([&](const PairConfig &pair) { return pair.prefill == server.name || pair.decode == server.name; });
            }
            moved.prepend(server);
            place -= *it < to ? 1 : 0;
        }
        QList<ServerConfig> &target = toDecode ? config.decode : config.prefill;
        qsizetype at = std::clamp<qsizetype>(place - (toDecode ? config.prefill.size() : 0), 0, target.size());
        for (const ServerConfig &server : moved)
            target.insert(at++, server);
    });
}

void ServerModel::remove(const QList<int> &rows)
{
    QList<int> sorted = rows;
    std::sort(sorted.begin(), sorted.end(), std::greater());
    m_draft.change(tr("Remove %n servers", nullptr, int(rows.size())), [&](Config &config) {
        for (const int row : sorted) {
            const QString name = ConfigDraft::serverIn(config, row).name;
            const qsizetype prefills = config.prefill.size();
            if (row < prefills)
                config.prefill.removeAt(row);
            else
                config.decode.removeAt(row - prefills);
            config.pairs.removeIf([&](const PairConfig &pair) { return pair.prefill == name || pair.decode == name; });
        }
    });
}

void ServerModel::duplicate(const QList<int> &rows)
{
    QList<int> sorted = rows;
    std::sort(sorted.begin(), sorted.end());
    m_draft.change(tr("Duplicate %n servers", nullptr, int(rows.size())), [&](Config &config) {
        const Config before = config;
        for (const int row : sorted) {
            const pdlb::Role role = m_draft.roleOf(row);
            ServerConfig copy = m_draft.server(row);
            copy.name = ConfigDraft::freeName(config, role);
            // The next port that none has: two servers of one URL would be a mistake.
            QUrl url(copy.url);
            const auto taken = [&config](const QUrl &wanted) {
                for (const auto *list : {&config.prefill, &config.decode}) {
                    for (const ServerConfig &server : *list) {
                        if (QUrl(server.url) == wanted)
                            return true;
                    }
                }
                return false;
            };
            for (int i = 0; i < 1000 && url.port() > 0 && url.port() < 65535 && taken(url); ++i)
                url.setPort(url.port() + 1);
            copy.url = url.toString();
            (role == pdlb::Role::Prefill ? config.prefill : config.decode) += copy;
        }
    });
}

int ServerModel::add(pdlb::Role role)
{
    m_draft.change(role == pdlb::Role::Prefill ? tr("Add a prefill server") : tr("Add a decode server"), [&](Config &config) {
        ServerConfig server{.url = u"http://"_s};
        server.name = ConfigDraft::freeName(config, role);
        (role == pdlb::Role::Prefill ? config.prefill : config.decode) += server;
    });
    return role == pdlb::Role::Prefill ? int(m_draft.config().prefill.size()) - 1 : rowCount() - 1;
}

} // namespace pdlb::gui
