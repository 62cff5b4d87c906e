// SPDX-License-Identifier: Apache-2.0

// How long it takes to pick a pair among 64 × 64 servers, by policy. Prints a table; passes and fails on nothing.
//     bench_policies [SERVERS [PICKS]]
#include "fleet/pick_pair.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using namespace pdlb;
using namespace pdlb::fleet;
using namespace Qt::StringLiterals;

namespace {

constexpr int batch = 256; ///< picks between two looks at the clock

Config makeConfig(int servers, const QString &policy, bool weights)
{
    Config config;
    config.policy = policy;
    for (int i = 0; i < servers; ++i) {
        config.prefill.append({.url = u"http://10.0.0.%1:30000"_s.arg(i), .weight = weights ? 1 + i % 4 : 1});
        config.decode.append({.url = u"http://10.0.1.%1:30000"_s.arg(i), .weight = weights ? 1 + i % 4 : 1});
    }
    return config;
}

/// Chats of 4 KiB: one of a few system prompts of 1 KiB, the rest of its own.
std::vector<QByteArray> makePrompts(size_t count)
{
    SeededRandom random(7);
    std::vector<QByteArray> prompts(count);
    std::vector<QByteArray> systems(32);
    const auto grow = [&](QByteArray &text, qsizetype size) {
        while (text.size() < size)
            text += QByteArray::number(random.next64(), 36);
    };
    for (QByteArray &system : systems)
        grow(system, 1024);
    for (QByteArray &prompt : prompts) {
        prompt = systems[size_t(random.below(systems.size()))];
        grow(prompt, 4096);
    }
    return prompts;
}

void measure(const QString &policy, int servers, int picks, bool weights)
{
    Fleet fleet;
    if (const auto applied = fleet.apply(makeConfig(servers, policy, weights)); !applied) {
        std::printf("%-16s %s\n", qPrintable(policy), qPrintable(applied.error().message));
        return;
    }
    const SnapshotPtr snapshot = fleet.snapshot();
    QuickRandom random;
    SeededRandom legs(3);
    for (const Role role : {Role::Prefill, Role::Decode}) {
        for (const Server &server : snapshot->servers(role)) {
            server.state->inFlight = qint64(legs.below(8));
            server.state->load = double(legs.below(8));
        }
    }
    const bool prompted = (snapshot->wants & Policy::Prompt) != 0;
    const std::vector<QByteArray> prompts = makePrompts(prompted ? 65536 : 1);
    PickRequest request;
    size_t next = 0;
    const auto pick = [&] {
        const QByteArray &prompt = prompts[next++ % prompts.size()];
        request.traits.prompt = prompted ? prompt : QByteArrayView();
        request.traits.hashKey = QByteArrayView(reinterpret_cast<const char *>(&next), sizeof next);
        return pickPair(*snapshot, request, random)->pair;
    };
    // A full tree is what counts.
    for (int i = 0; i < (prompted ? int(prompts.size()) : 1000); ++i)
        pick();
    std::vector<double> times;
    qsizetype sum = 0;
    for (int done = 0; done < picks; done += batch) {
        const auto begun = std::chrono::steady_clock::now();
        for (int i = 0; i < batch; ++i)
            sum += pick().decode;
        times.push_back(std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begun).count() / batch);
    }
    std::sort(times.begin(), times.end());
    std::printf("%-16s %-9s %8.0f ns %8.0f ns %8.0f ns   %lld\n", qPrintable(policy), weights ? "1 … 4" : "equal",
                times[times.size() / 2], times.front(), times[times.size() * 9 / 10], static_cast<long long>(sum));
}

} // namespace

int main(int argc, char **argv)
{
    const int servers = argc > 1 ? std::clamp(std::atoi(argv[1]), 1, 250) : 64;
    const int picks = argc > 2 ? std::clamp(std::atoi(argv[2]), batch, 100'000'000) : 200'000;
    std::printf("a pair among %d × %d servers, both roles with the policy, %d picks in batches of %d\n", servers, servers, picks, batch);
    std::printf("%-16s %-9s %11s %11s %11s   checksum\n", "policy", "weights", "median", "best", "90 %");
    for (const QString &policy : policyNames()) {
        for (const bool weights : {false, true})
            measure(policy, servers, picks, weights);
    }
    return 0;
}
