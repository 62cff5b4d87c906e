// SPDX-License-Identifier: Apache-2.0
#include "mock/generation_task.h"

#include <cmath>

namespace pdlb::mock {

namespace {

/// A client that does not read stops the decoding, so that its stream cannot eat the memory.
constexpr qint64 highWater = 1024 * 1024;
constexpr int tokensPerTurn = 32;
constexpr const char *fakeBootstrapHost = "2.2.2.2";

std::chrono::nanoseconds nanoseconds(double milliseconds)
{
    return std::chrono::nanoseconds(qRound64(milliseconds * 1e6));
}

} // namespace

GenerationTask::GenerationTask(const Engine &engine, MockExchange *exchange, MockRequest request, QObject *parent)
    : QObject(parent), m_engine(engine), m_exchange(exchange), m_request(std::move(request)),
      m_answers(MockAnswers::create(m_request, engine.options, engine.text, engine.role)),
      m_items(m_request.prompts.size() * size_t(m_request.samples))
{
    m_timer.setSingleShot(true);
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, [this] {
        m_inGap = false;
        step();
    });
    connect(exchange, &MockExchange::clientGone, this, &GenerationTask::onClientGone);
    connect(exchange, &MockExchange::drained, this, [this] {
        if (std::exchange(m_blocked, false))
            step();
    });
}

GenerationTask::~GenerationTask() = default;

void GenerationTask::scriptAbort(const MockAbort &abort, int afterTokens)
{
    m_scripted = abort;
    m_scriptedAfter = afterTokens;
}

RoomSide::Spec GenerationTask::specOf(const MockPrompt &prompt) const
{
    const MockOptions &options = m_engine.options;
    RoomSide::Spec spec;
    spec.kind = m_engine.role == Role::Decode ? RoomSide::Kind::Decode : RoomSide::Kind::Prefill;
    spec.alone = m_engine.role == Role::Plain || prompt.bootstrapHost == fakeBootstrapHost;
    spec.host = prompt.bootstrapHost;
    spec.bootstrapPort = m_engine.bootstrapPort;
    if (spec.kind == RoomSide::Kind::Decode && prompt.bootstrapPort)
        spec.bootstrapPort = *prompt.bootstrapPort;
    spec.room = prompt.room.value_or(0);
    spec.rid = prompt.rid;
    if (m_engine.role != Role::Decode && options.prefillTps > 0)
        spec.compute = nanoseconds(1000.0 * double(prompt.tokens.size()) / options.prefillTps);
    if (m_engine.role == Role::Prefill && !spec.alone) // a feigned transfer takes no time
        spec.transfer = nanoseconds(options.kvMs);
    spec.transferFailure = m_transferFailure;
    spec.lookup = options.lookupTime;
    spec.timeout = m_engine.role == Role::Decode ? options.waitingTimeout : options.bootstrapTimeout;
    return spec;
}

void GenerationTask::start()
{
    // /generate sends its head before it knows anything; the OpenAI endpoints with their first chunk.
    if (m_request.stream && m_request.kind == MockRequest::Kind::Generate
        && m_engine.options.headWrite == HeadWrite::OwnWrite)
        sendHead();
    for (size_t i = 0; i < m_items.size() && !m_ended; ++i) {
        Item &item = m_items[i];
        item.limit = m_engine.role == Role::Prefill ? qMin(1, m_request.maxTokens) : m_request.maxTokens;
        if (m_scripted && m_scriptedAfter == 0) {
            item.progress.abort = m_scripted;
            continue;
        }
        item.side = new RoomSide(m_engine.hub, specOf(m_request.prompts[i / size_t(m_request.samples)]), this);
        connect(item.side, &RoomSide::transferred, this, [this, i] { onTransferred(i); });
        connect(item.side, &RoomSide::failed, this,
                [this, i](int status, const QString &message) { onFailed(i, {status, message}); });
        item.side->start();
    }
    if (m_scripted && m_scriptedAfter == 0)
        step();
}

void GenerationTask::abort(const QByteArray &prefix)
{
    for (size_t i = 0; i < m_items.size() && !m_ended; ++i) {
        Item &item = m_items[i];
        if (item.progress.finished || !m_request.prompts[i / size_t(m_request.samples)].rid.startsWith(prefix))
            continue;
        if (item.decoding || !item.side)
            onFailed(i, {0, QStringLiteral("Aborted by AbortReq.")});
        else
            item.side->abort();
    }
}

int GenerationTask::countIn(RoomSide::Phase phase) const
{
    int count = 0;
    for (const Item &item : m_items)
        count += !item.progress.finished && item.side && item.side->phase() == phase;
    return count;
}

void GenerationTask::onTransferred(size_t item)
{
    m_items[item].decoding = true;
    m_items[item].firstTokenAt = Clock::now();
    const double decodeMs = m_engine.options.decodeMs;
    if (m_engine.role != Role::Decode || decodeMs <= 0) {
        step();
        return;
    }
    // The first token takes a decode step, so that prefill's answer comes before it, as with real engines.
    m_items[item].firstTokenAt += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(decodeMs));
    if (!m_ended && !m_inGap && !m_stepping)
        schedule();
}

void GenerationTask::onFailed(size_t item, const MockAbort &abort)
{
    if (m_items[item].progress.finished)
        return;
    m_items[item].progress.abort = abort;
    step();
}

void GenerationTask::step()
{
    // Writing may find the client gone or drained and come back here.
    if (m_ended || m_inGap || m_stepping)
        return;
    if (m_request.stream && !m_headSent && !sendHead())
        return;
    m_stepping = true;
    bool allFinished = true;
    for (size_t i = 0; i < m_items.size() && !m_ended; ++i) {
        if (!m_items[i].progress.finished)
            emitDue(i);
        allFinished = allFinished && m_items[i].progress.finished;
    }
    m_stepping = false;
    if (m_ended)
        return;
    if (allFinished)
        complete();
    else
        schedule();
}

bool GenerationTask::sendHead()
{
    http::HeaderList headers;
    headers.add("content-type", "text/event-stream; charset=utf-8");
    headers.add("server", "uvicorn");
    const MockOptions &options = m_engine.options;
    m_headSent = true;
    if (m_exchange)
        m_exchange->beginChunked(200, headers, options.headWrite == HeadWrite::WithFirstEvent);
    if (m_ended)
        return false;
    if (options.headWrite == HeadWrite::OwnWrite && options.headGap.count() > 0
        && m_request.kind != MockRequest::Kind::Generate) {
        m_inGap = true;
        m_timer.start(options.headGap);
        return false;
    }
    return true;
}

void GenerationTask::emitDue(size_t index)
{
    Item &item = m_items[index];
    Progress &progress = item.progress;
    const int due = item.decoding && !progress.abort ? dueTokens(item) : progress.tokens;
    while (progress.tokens < due && !m_ended && !(m_request.stream && isBlocked())) {
        progress.text += m_engine.text.token(progress.tokens);
        ++progress.tokens;
        progress.seconds = std::chrono::duration<double>(Clock::now() - m_arrived).count();
        progress.finished = progress.tokens >= item.limit;
        if (m_request.stream)
            write(m_answers->tokenEvents(int(index), progress));
        if (m_scripted && progress.tokens >= m_scriptedAfter) {
            progress.abort = m_scripted;
            break;
        }
    }
    if (!m_ended && (progress.abort || (item.decoding && progress.tokens >= item.limit)))
        finishItem(index);
}

void GenerationTask::finishItem(size_t index)
{
    Progress &progress = m_items[index].progress;
    progress.finished = true;
    progress.seconds = std::chrono::duration<double>(Clock::now() - m_arrived).count();
    if (m_request.stream)
        write(m_answers->finishEvents(int(index), progress));
}

int GenerationTask::dueTokens(const Item &item) const
{
    const double decodeMs = m_engine.options.decodeMs;
    if (decodeMs <= 0)
        return m_request.stream ? qMin(item.limit, item.progress.tokens + tokensPerTurn) : item.limit;
    const double elapsed = std::chrono::duration<double, std::milli>(Clock::now() - item.firstTokenAt).count();
    if (!m_request.stream)
        return elapsed < decodeMs * (item.limit - 1) ? 0 : item.limit;
    return int(qMin(double(item.limit), 1 + std::floor(elapsed / decodeMs)));
}

void GenerationTask::schedule()
{
    m_blocked = m_request.stream && isBlocked();
    if (m_blocked)
        return; // drained() goes on
    const double decodeMs = m_engine.options.decodeMs;
    std::optional<double> next;
    for (const Item &item : m_items) {
        if (item.progress.finished || !item.decoding)
            continue;
        const double elapsed = std::chrono::duration<double, std::milli>(Clock::now() - item.firstTokenAt).count();
        const double due = decodeMs * (m_request.stream ? item.progress.tokens : item.limit - 1);
        const double left = decodeMs <= 0 ? 0 : qMax(0.0, due - elapsed);
        next = qMin(next.value_or(left), left);
    }
    if (next)
        m_timer.start(std::chrono::milliseconds(qint64(std::ceil(*next))));
}

void GenerationTask::complete()
{
    std::vector<Progress> items;
    items.reserve(m_items.size());
    for (Item &item : m_items)
        items.push_back(item.progress);
    if (m_request.stream) {
        write(m_answers->endEvents(items));
        if (m_exchange && !m_ended)
            m_exchange->endChunked();
    } else {
        for (const Progress &progress : items) {
            if (progress.abort && progress.abort->status > 0) {
                respondError(*progress.abort);
                end();
                return;
            }
        }
        http::HeaderList headers;
        headers.add("server", "uvicorn");
        headers.add("content-type", "application/json");
        if (m_exchange)
            m_exchange->respond(200, headers, m_answers->body(items));
    }
    end();
}

void GenerationTask::respondError(const MockAbort &abort)
{
    if (m_exchange)
        m_exchange->respond(abort.status, "application/json", errorBody(abort.status, abort.message));
}

void GenerationTask::write(const QList<QByteArray> &events)
{
    for (const QByteArray &event : events) {
        if (m_exchange && !m_ended)
            m_exchange->writeChunk(event);
    }
}

bool GenerationTask::isBlocked() const
{
    return m_exchange && m_exchange->backlog() > highWater;
}

void GenerationTask::onClientGone()
{
    const auto poll = m_engine.options.disconnectPoll;
    if (poll.count() <= 0)
        end();
    else
        QTimer::singleShot(poll, this, &GenerationTask::end);
}

void GenerationTask::end()
{
    if (m_ended)
        return;
    m_ended = true;
    m_timer.stop();
    // Deleted with this: one of them may be calling.
    for (Item &item : m_items) {
        if (item.side)
            item.side->cancel();
    }
    Q_EMIT ended();
    deleteLater();
}

} // namespace pdlb::mock
