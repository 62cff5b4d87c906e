// SPDX-License-Identifier: Apache-2.0
#include "models/config_draft.h"

#include "config/config_fields.h"
#include "config/config_json.h"

#include <QSet>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

const QList<ServerConfig> &serversOf(const Config &config, Role role)
{
    return role == Role::Prefill ? config.prefill : config.decode;
}

const ServerConfig *find(const Config &config, Role role, const QString &name)
{
    const auto &list = serversOf(config, role);
    const auto found = std::find_if(list.begin(), list.end(), [&](const ServerConfig &server) { return server.name == name; });
    return found == list.end() ? nullptr : &*found;
}

PairConfig *findPair(Config &config, const QString &prefill, const QString &decode)
{
    const auto found = std::find_if(config.pairs.begin(), config.pairs.end(), [&](const PairConfig &p) { return p.prefill == prefill && p.decode == decode; });
    return found == config.pairs.end() ? nullptr : &*found;
}

} // namespace

/// Before and after, by value: the lists share what did not change.
class ConfigDraft::Step final : public QUndoCommand
{
public:
    Step(ConfigDraft &draft, const QString &text, Config before, Config after, QString merge)
        : QUndoCommand(text), m_draft(draft), m_before(std::move(before)), m_after(std::move(after)), m_merge(std::move(merge))
    {
    }
    void undo() override { m_draft.take(m_before); }
    void redo() override { m_draft.take(m_after); }
    int id() const override { return m_merge.isEmpty() ? -1 : 1; }
    bool mergeWith(const QUndoCommand *other) override
    {
        const auto *next = static_cast<const Step *>(other);
        if (next->m_merge != m_merge)
            return false;
        m_after = next->m_after;
        return true;
    }

private:
    ConfigDraft &m_draft;
    Config m_before;
    Config m_after;
    QString m_merge;
};

ConfigDraft::ConfigDraft(QObject *parent) : QObject(parent)
{
    m_stack.setUndoLimit(500);
}

void ConfigDraft::setBase(const Config &base)
{
    const bool follows = !isChanged();
    m_base = base;
    m_base.nameServers();
    if (follows) {
        m_stack.clear();
        take(m_base);
    } else {
        Q_EMIT changed();
    }
}

void ConfigDraft::markApplied(const Config &inForce)
{
    m_base = inForce;
    m_base.nameServers();
    m_stack.setClean();
    take(m_config);
}

void ConfigDraft::discard()
{
    if (isChanged())
        change(tr("Discard changes"), [this](Config &config) { config = m_base; });
}

void ConfigDraft::change(const QString &text, const std::function<void(Config &)> &edit, const QString &merge)
{
    Config after = m_config;
    edit(after);
    after.nameServers();
    if (configToJson(after) == configToJson(m_config))
        return;
    m_stack.push(new Step(*this, text, m_config, std::move(after), merge)); // the stack owns it
}

void ConfigDraft::take(const Config &config)
{
    m_config = config;
    m_problems = m_config.problems();
    Q_EMIT changed();
}

const ServerConfig &ConfigDraft::server(qsizetype row) const
{
    return serversOf(m_config, roleOf(row))[indexOf(row)];
}

ServerConfig &ConfigDraft::serverIn(Config &config, qsizetype row)
{
    const qsizetype prefills = config.prefill.size();
    return row < prefills ? config.prefill[row] : config.decode[row - prefills];
}

QString ConfigDraft::problemOf(Role role, qsizetype index, const QString &member) const
{
    const QString path = u"$.%1[%2]"_s.arg(QLatin1StringView(roleName(role))).arg(index);
    const QString wanted = member.isEmpty() ? path : path + u'.' + member;
    for (const ConfigProblem &problem : m_problems) {
        if (problem.path == wanted || (member.isEmpty() && problem.path.startsWith(path + u'.')))
            return problem.message;
    }
    return {};
}

QString ConfigDraft::freeName(const Config &config, Role role)
{
    const QChar letter = role == Role::Prefill ? u'p' : u'd';
    for (qsizetype i = 1;; ++i) {
        const QString name = letter + QString::number(i);
        if (!find(config, Role::Prefill, name) && !find(config, Role::Decode, name))
            return name;
    }
}

bool ConfigDraft::isPaired(const Config &config, const QString &prefill, const QString &decode)
{
    const ServerConfig *p = find(config, Role::Prefill, prefill);
    const ServerConfig *d = find(config, Role::Decode, decode);
    if (!p || !d)
        return false;
    const PairConfig *pair = findPair(const_cast<Config &>(config), prefill, decode);
    if (pair && !pair->enabled)
        return false;
    switch (config.pairing) {
    case Pairing::Any: return true;
    case Pairing::Group: return p->group == d->group;
    case Pairing::Listed: return pair != nullptr;
    }
    return false;
}

void ConfigDraft::setPaired(const QString &prefill, const QString &decode, bool paired)
{
    if (isPaired(m_config, prefill, decode) == paired)
        return;
    change(paired ? tr("Enable %1 → %2").arg(prefill, decode) : tr("Disable %1 → %2").arg(prefill, decode), [&](Config &config) {
        if (PairConfig *pair = findPair(config, prefill, decode))
            pair->enabled = paired;
        else
            config.pairs += PairConfig{.prefill = prefill, .decode = decode, .enabled = paired};
        // An entry that says nothing is none.
        if (config.pairing != Pairing::Listed)
            config.pairs.removeIf([&](const PairConfig &p) { return p.prefill == prefill && p.decode == decode && p.enabled && p.weight == 1 && p.extra.isEmpty(); });
    });
}

QStringList ConfigDraft::changes() const
{
    return differences(m_base, m_config);
}

QStringList ConfigDraft::differences(const Config &before, const Config &now)
{
    QStringList list;
    for (const Role role : {Role::Prefill, Role::Decode}) {
        for (const ServerConfig &server : serversOf(now, role)) {
            const ServerConfig *old = find(before, role, server.name);
            if (!old) {
                list += tr("+ %1").arg(server.name);
                continue;
            }
            if (*old == server)
                continue;
            if (old->enabled != server.enabled)
                list += server.enabled ? tr("%1 enabled").arg(server.name) : tr("%1 disabled").arg(server.name);
            if (old->url != server.url)
                list += tr("%1 URL %2 → %3").arg(server.name, old->url, server.url);
            if (old->bootstrapPort != server.bootstrapPort)
                list += tr("%1 bootstrap %2 → %3").arg(server.name, old->bootstrapPort.toString(), server.bootstrapPort.toString());
            if (old->weight != server.weight)
                list += tr("%1 weight %2 → %3").arg(server.name).arg(old->weight).arg(server.weight);
            if (old->group != server.group)
                list += tr("%1 group \"%2\" → \"%3\"").arg(server.name, old->group, server.group);
            if (old->maxInFlight != server.maxInFlight)
                list += tr("%1 limit %2 → %3").arg(server.name).arg(old->maxInFlight).arg(server.maxInFlight);
        }
        for (const ServerConfig &server : serversOf(before, role)) {
            if (!find(now, role, server.name))
                list += tr("− %1").arg(server.name);
        }
    }
    for (const ServerConfig &p : now.prefill) {
        for (const ServerConfig &d : now.decode) {
            if (!find(before, Role::Prefill, p.name) || !find(before, Role::Decode, d.name) || now.pairing != before.pairing)
                continue;
            const bool was = isPaired(before, p.name, d.name);
            const bool is = isPaired(now, p.name, d.name);
            if (was != is && p.group == find(before, Role::Prefill, p.name)->group && d.group == find(before, Role::Decode, d.name)->group)
                list += is ? tr("%1 → %2 enabled").arg(p.name, d.name) : tr("%1 → %2 disabled").arg(p.name, d.name);
        }
    }
    // Everything else by its name in the file.
    for (const Field<Config> &field : configFields()) {
        if (!field.sameIn(before, now))
            list += tr("%1 changed").arg(QString::fromLatin1(field.key));
    }
    if (list.isEmpty()) {
        const QJsonObject a = configToJson(before);
        const QJsonObject b = configToJson(now);
        if (a["prefill"_L1] != b["prefill"_L1] || a["decode"_L1] != b["decode"_L1])
            list += tr("order of the servers");
        else if (a["pairs"_L1] != b["pairs"_L1])
            list += tr("list of pairs");
    }
    return list;
}

} // namespace pdlb::gui
