// SPDX-License-Identifier: Apache-2.0
#include "fleet/plugin_policy.h"

#include "fleet/policy_plugin.h"

#include <QFileInfo>
#include <QJsonObject>
#include <QPluginLoader>

using namespace Qt::StringLiterals;

namespace pdlb::fleet {

namespace {

tl::unexpected<Error> broken(const PluginName &name, const QString &why)
{
    return failure(u"policy plugin \"%1\": %2"_s.arg(name.file, why));
}

} // namespace

std::optional<PluginName> PluginName::parse(const QString &policy)
{
    constexpr QLatin1StringView prefix("plugin:");
    if (!policy.startsWith(prefix))
        return {};
    const QString rest = policy.sliced(prefix.size());
    const qsizetype mark = rest.indexOf(u'?');
    return mark < 0 ? PluginName{rest, {}} : PluginName{rest.first(mark), rest.sliced(mark + 1)};
}

Result<void> checkPolicyPlugin(const PluginName &name)
{
    const QFileInfo file(name.file);
    if (!file.isFile())
        return broken(name, u"there is no such file"_s);
    if (!file.isReadable())
        return broken(name, u"the file may not be read"_s);
    const QPluginLoader loader(file.absoluteFilePath());
    const QJsonObject about = loader.metaData();
    if (about.isEmpty())
        return broken(name, u"it is no Qt plugin that fits this program (%1)"_s.arg(loader.errorString()));
    const QString iid = about.value("IID"_L1).toString();
    if (iid != QLatin1StringView(PDLB_POLICY_IID)) {
        return broken(name, u"it is a plugin for \"%1\", expected \"%2\"; build it with this pdlb's headers"_s
                                .arg(iid, QLatin1StringView(PDLB_POLICY_IID)));
    }
    return {};
}

Result<PolicyPtr> makePluginPolicy(const PluginName &name)
{
    QPluginLoader loader(QFileInfo(name.file).absoluteFilePath());
    auto *factory = qobject_cast<PolicyFactory *>(loader.instance());
    if (!factory) {
        const QString why = loader.isLoaded() ? u"its object is no PolicyFactory; is Q_INTERFACES missing?"_s : loader.errorString();
        return broken(name, u"it cannot be loaded: "_s + why);
    }
    QString error;
    PolicyPtr policy = factory->create(name.options, error);
    if (!policy)
        return broken(name, u"it refuses the options \"%1\": %2"_s.arg(name.options, error.isEmpty() ? u"no reason given"_s : error));
    return policy;
}

} // namespace pdlb::fleet
