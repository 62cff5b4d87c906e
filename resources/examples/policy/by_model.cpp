// SPDX-License-Identifier: Apache-2.0

// A policy that sends each model's requests to servers of its own:
//
//     pdlb serve --policy 'plugin:./by_model.so?llama=p1,d1;qwen=p2,d2' …
//
// A request for a model that begins with "llama" goes to p1 and d1, one for "qwen…" to p2 and d2. Where several servers may
// be used, the one with the fewest legs in flight gets it; other models may go anywhere.
#include <fleet/policy_plugin.h>

#include <QList>
#include <QObject>
#include <QStringList>

namespace {

using pdlb::fleet::Candidate;

struct Rule {
    QByteArray model; ///< what its name begins with
    QList<QByteArray> servers;
};

class ByModel final : public pdlb::fleet::Policy
{
public:
    explicit ByModel(QList<Rule> rules) : m_rules(std::move(rules)) {}

    // Called from several threads at once: nothing here changes.
    qsizetype pick(std::span<const Candidate> candidates, const pdlb::fleet::RequestTraits &traits, pdlb::Random &random) override
    {
        const Rule *rule = ruleOf(traits.model);
        qsizetype best = -1;
        for (qsizetype i = 0; i < qsizetype(candidates.size()); ++i) {
            const Candidate &candidate = candidates[size_t(i)];
            if (rule && !rule->servers.contains(candidate.name))
                continue;
            if (best < 0 || candidate.inFlight < candidates[size_t(best)].inFlight)
                best = i;
        }
        // None of its servers can be used now: better any than none.
        return best >= 0 ? best : qsizetype(random.below(candidates.size()));
    }
    QByteArray name() const override { return QByteArrayLiteral("by_model"); }

private:
    const Rule *ruleOf(QByteArrayView model) const
    {
        for (const Rule &rule : m_rules) {
            if (model.startsWith(rule.model))
                return &rule;
        }
        return nullptr;
    }

    QList<Rule> m_rules;
};

class ByModelFactory final : public QObject, public pdlb::fleet::PolicyFactory
{
    Q_OBJECT
    Q_PLUGIN_METADATA(IID PDLB_POLICY_IID)
    Q_INTERFACES(pdlb::fleet::PolicyFactory)

public:
    std::shared_ptr<pdlb::fleet::Policy> create(const QString &options, QString &error) override
    {
        QList<Rule> rules;
        for (const QString &text : options.split(QLatin1Char(';'), Qt::SkipEmptyParts)) {
            const qsizetype equals = text.indexOf(QLatin1Char('='));
            if (equals < 1) {
                error = QStringLiteral("expected MODEL=SERVER,SERVER;… and not \"%1\"").arg(text);
                return nullptr;
            }
            rules.append({text.first(equals).toUtf8(), text.sliced(equals + 1).toUtf8().split(',')});
        }
        return std::make_shared<ByModel>(std::move(rules));
    }
};

} // namespace

#include "by_model.moc"
