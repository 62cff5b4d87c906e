// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QRandomGenerator>

namespace pdlb {

/// Source of random numbers, injected so that choices can be repeated in tests.
class Random
{
public:
    virtual ~Random() = default;
    virtual quint64 next64() = 0;
    /// Uniform in [0, bound); bound > 0. Virtual so that a policy plugin need not link it.
    virtual quint64 below(quint64 bound);
};

/// The operating system's generator (getrandom), for rooms and ids. Thread-safe.
class SystemRandom final : public Random
{
public:
    quint64 next64() override;
};

/// For choices that nobody gains from guessing: a hundred times as quick as SystemRandom, begun at a place that the system
/// draws. Not thread-safe.
class QuickRandom final : public Random
{
public:
    QuickRandom();
    quint64 next64() override;

private:
    quint64 m_state;
};

/// A repeatable sequence for tests. Not thread-safe.
class SeededRandom final : public Random
{
public:
    explicit SeededRandom(quint32 seed) : m_generator(seed) {}
    quint64 next64() override { return m_generator.generate64(); }

private:
    QRandomGenerator64 m_generator;
};

} // namespace pdlb
