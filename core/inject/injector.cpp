// SPDX-License-Identifier: Apache-2.0
#include "inject/injector.h"

#include <algorithm>

namespace pdlb::inject {

bool Injector::Active::take()
{
    if (!rule.count) {
        applied.fetch_add(1, std::memory_order_relaxed);
        return true;
    }
    qint64 before = applied.load(std::memory_order_relaxed);
    while (before < *rule.count) {
        if (applied.compare_exchange_weak(before, before + 1, std::memory_order_relaxed))
            return true;
    }
    return false;
}

void Injector::setRules(const QStringList &rules)
{
    const List before = list();
    List after;
    for (const QString &text : rules) {
        auto parsed = parseFaultRule(text);
        if (!parsed)
            continue;
        const auto known = std::find_if(before.begin(), before.end(), [&](const auto &active) {
            return active->rule.text == parsed->text && std::find(after.begin(), after.end(), active) == after.end();
        });
        if (known != before.end()) {
            after.push_back(*known);
            continue;
        }
        after.push_back(std::make_shared<Active>());
        after.back()->rule = std::move(*parsed);
    }
    const std::scoped_lock lock(m_mutex);
    m_active = !after.empty();
    m_list = std::move(after);
}

Injector::List Injector::list() const
{
    const std::scoped_lock lock(m_mutex);
    return m_list;
}

Injection Injector::forLeg(const trace::Timeline &timeline, bool prefill, Monotonic now, Random &chance) const
{
    constexpr quint64 million = 1'000'000;
    Injection injection;
    for (const std::shared_ptr<Active> &active : list()) {
        const FaultRule &rule = active->rule;
        const bool exclusive = rule.kind != FaultKind::Delay && rule.kind != FaultKind::WrongRoom;
        if (rule.prefill != prefill || (exclusive && injection.fault) || !rule.filter.matches(timeline, now))
            continue;
        if ((rule.probability < 1 && double(chance.below(million)) >= rule.probability * double(million)) || !active->take())
            continue;
        injection.rules += rule.text.toUtf8();
        if (rule.kind == FaultKind::Delay)
            injection.delay += rule.delay;
        else if (rule.kind == FaultKind::WrongRoom)
            injection.wrongRoom = true;
        else
            injection.fault = rule;
    }
    return injection;
}

std::vector<Injector::Status> Injector::status() const
{
    std::vector<Status> result;
    for (const std::shared_ptr<Active> &active : list()) {
        const qint64 applied = active->applied.load(std::memory_order_relaxed);
        result.push_back({active->rule.text, applied, active->rule.count ? std::optional(*active->rule.count - applied) : std::nullopt});
    }
    return result;
}

} // namespace pdlb::inject
