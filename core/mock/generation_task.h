// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mock/mock_answers.h"
#include "mock/mock_exchange.h"
#include "mock/rendezvous.h"

namespace pdlb::mock {

/// One generation request from its arrival to the last byte of the answer. Deletes itself after ended().
class GenerationTask final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(GenerationTask)

public:
    /// What a task needs of its engine; outlives the task.
    struct Engine {
        Role role = Role::Plain;
        MockOptions options;
        MockText text{{}};
        QPointer<Rendezvous> hub;
        quint16 bootstrapPort = 0;
    };

    GenerationTask(const Engine &engine, MockExchange *exchange, MockRequest request, QObject *parent);
    ~GenerationTask() override;

    /// The answer ends in-band with `abort` behind that many tokens; 0: at once, and no rendezvous takes place.
    void scriptAbort(const MockAbort &abort, int afterTokens);
    /// The KV transfer with another engine fails for that reason.
    void scriptTransferFailure(const QString &reason) { m_transferFailure = reason; }
    void start();
    /// POST /abort_request: aborts the prompts whose rid starts with `prefix` (empty: all).
    void abort(const QByteArray &prefix);
    /// The engine dies: nothing more is said.
    void cancel() { end(); }
    const MockRequest &request() const { return m_request; }
    /// Prompts in that phase; Phase::Done are those being decoded.
    int countIn(RoomSide::Phase phase) const;

Q_SIGNALS:
    void ended();

private:
    using Clock = std::chrono::steady_clock;
    struct Item {
        RoomSide *side = nullptr;
        Progress progress;
        Clock::time_point firstTokenAt;
        bool decoding = false;
        int limit = 0;
    };

    RoomSide::Spec specOf(const MockPrompt &prompt) const;
    void onTransferred(size_t item);
    void onFailed(size_t item, const MockAbort &abort);
    void step();
    bool sendHead();
    void emitDue(size_t index);
    void finishItem(size_t index);
    int dueTokens(const Item &item) const;
    void schedule();
    void complete();
    void respondError(const MockAbort &abort);
    void write(const QList<QByteArray> &events);
    bool isBlocked() const;
    void onClientGone();
    void end();

    const Engine &m_engine;
    QPointer<MockExchange> m_exchange;
    MockRequest m_request;
    std::unique_ptr<MockAnswers> m_answers;
    std::vector<Item> m_items;
    std::optional<MockAbort> m_scripted;
    int m_scriptedAfter = 0;
    QString m_transferFailure;
    Clock::time_point m_arrived = Clock::now();
    QTimer m_timer;
    bool m_headSent = false;
    bool m_inGap = false;
    bool m_blocked = false;
    bool m_stepping = false;
    bool m_ended = false;
};

} // namespace pdlb::mock
