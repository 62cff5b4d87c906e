// SPDX-License-Identifier: Apache-2.0
#include "pd/json_value.h"
#include "pd/sglang_members.h"
#include "pd/sglang_request.h"

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace pdlb::pd::sglang {

namespace {

using json::Elements;
using json::Member;
using json::Type;
using json::Value;

using Refusal = std::optional<ApiError>;

ApiError refusal(const char *code, QString message, QByteArray param = {})
{
    return {400, code, std::move(message), std::move(param)};
}

/// A value as the client wrote it, to be shown in a message.
QString shortened(Value value)
{
    return QString::fromUtf8(value.bytes().first(std::min<qsizetype>(value.bytes().size(), 40)));
}

class Analysis
{
public:
    Analysis(Endpoint endpoint, const QByteArray &body, const json::Document &document, QByteArrayView keyMember)
        : m_body(body), m_document(document), m_keyMember(keyMember), m_known(findMembers(document, body))
    {
        shape.endpoint = endpoint;
    }
    Refusal run();

    RequestShape shape;

private:
    void readFlags();
    void readRid();
    void readRank();
    void findPrompt();
    void findKey();
    Refusal readBatch();
    Refusal readList(const Member *member, QByteArrayView name);
    Refusal readEmbeds();
    Refusal readSamples();
    Refusal readCount(Value n, const QByteArray &param, int &samples) const;
    Refusal planFanOut();
    Refusal fanOut(Value n, Value bestOf, Value beamSearch, Value seed, const QByteArray &seedName);
    void cutMembers();
    bool isCut(const Member &member) const;
    void edit(BodyEdit::Kind kind, Value value, qint64 seed = 0);

    Value value(const Member *member) const { return member ? Value(member->value.in(m_body)) : Value(); }
    static bool isGiven(const Member *member) { return member != nullptr && member->type != Type::Null; }
    bool isGenerate() const { return shape.endpoint == Endpoint::Generate; }
    template <typename Visit> Refusal forEachParams(Visit visit) const;

    QByteArrayView m_body;
    const json::Document &m_document;
    QByteArrayView m_keyMember;
    KnownMembers m_known;
};

Refusal Analysis::run()
{
    readFlags();
    readRid();
    readRank();
    findPrompt();
    findKey();
    if (auto refused = readBatch())
        return refused;
    if (auto refused = readSamples())
        return refused;
    if (shape.batchSize > maxRooms / shape.samples) {
        return refusal("batch_too_large",
                       u"The request asks for %1 prompts times %2 samples; at most %3 answers fit in one "
                       "request. Split it."_s.arg(shape.batchSize)
                           .arg(shape.samples)
                           .arg(maxRooms));
    }
    if (shape.samples > 1) {
        if (auto refused = planFanOut())
            return refused;
    }
    cutMembers();
    std::sort(shape.edits.begin(), shape.edits.end(),
              [](const BodyEdit &a, const BodyEdit &b) { return a.span.begin < b.span.begin; });
    shape.insertAt = m_document.value.end - 1;
    return std::nullopt;
}

bool holdsTrue(Value value)
{
    for (Elements elements(value); elements.next();) {
        if (elements.value().is(Type::True))
            return true;
    }
    return value.is(Type::True);
}

void Analysis::readFlags()
{
    shape.stream = value(m_known.stream).is(Type::True);
    shape.returnLogprob = isGenerate() && holdsTrue(value(m_known.returnLogprob));
    shape.returnRoutedExperts = holdsTrue(value(m_known.returnRoutedExperts));
    shape.model = value(m_known.model).string(256);
}

void Analysis::readRid()
{
    constexpr qsizetype maxRid = 1024;
    const Value rid = value(m_known.rid);
    shape.hasRid = rid.exists() && !rid.is(Type::Null);
    if (rid.bytes().size() <= maxRid)
        shape.clientRid = rid.string();
}

/// Which rank the prefill runs it on: engines take routed_dp_rank for both legs, and tell decode of another one by
/// disagg_prefill_dp_rank.
void Analysis::readRank()
{
    for (const Member *member : {m_known.prefillDpRank, m_known.dataParallelRank, m_known.routedDpRank}) {
        const auto rank = value(member).integer();
        if (rank && *rank >= 0 && *rank <= std::numeric_limits<int>::max())
            shape.prefillRank = int(*rank);
    }
}

void Analysis::findPrompt()
{
    const Member *prompt = nullptr;
    switch (shape.endpoint) {
    case Endpoint::ChatCompletions:
        prompt = m_known.messages;
        break;
    case Endpoint::Completions:
        prompt = m_known.prompt;
        break;
    case Endpoint::Generate:
        prompt = isGiven(m_known.text) ? m_known.text : m_known.inputIds;
        break;
    }
    if (isGiven(prompt))
        shape.prompt = prompt->value;
}

void Analysis::findKey()
{
    if (m_keyMember.isEmpty())
        return;
    for (const Member &member : m_document.members) {
        if (member.name(m_body) == m_keyMember)
            shape.key = isGiven(&member) ? member.value : Span();
    }
}

Refusal Analysis::readBatch()
{
    switch (shape.endpoint) {
    case Endpoint::ChatCompletions:
        return std::nullopt;
    case Endpoint::Completions:
        return readList(m_known.prompt, "prompt");
    case Endpoint::Generate:
        if (isGiven(m_known.text))
            return readList(m_known.text, "text");
        if (isGiven(m_known.inputIds))
            return readList(m_known.inputIds, "input_ids");
        return readEmbeds();
    }
    return std::nullopt;
}

/// A list of prompts is a batch, a list of numbers is the tokens of one prompt, anything else is one prompt or the
/// engine's to refuse.
Refusal Analysis::readList(const Member *member, QByteArrayView name)
{
    if (member == nullptr || member->type != Type::Array)
        return std::nullopt;
    if (member->count == 0) {
        return refusal(
            "empty_batch",
            u"\"%1\" is an empty list: there is no prompt to run. Send at least one."_s.arg(QString::fromLatin1(name)),
            name.toByteArray());
    }
    const Type first = value(member).first().type();
    if (name == "text" || first == Type::String || first == Type::Array) {
        shape.batch = true;
        shape.batchSize = member->count;
    }
    return std::nullopt;
}

/// One prompt is a list of vectors, a batch a list of those: [0][0] tells (SGLang io_struct.py).
Refusal Analysis::readEmbeds()
{
    const Value embeds = value(m_known.inputEmbeds);
    if (!embeds.is(Type::Array))
        return std::nullopt;
    const Value prompt = embeds.first();
    const Value vector = prompt.first();
    if (!prompt.exists() || (prompt.is(Type::Array) && !vector.exists())) {
        return refusal("empty_batch",
                       u"\"input_embeds\" holds an empty list: there is no prompt to run. Send at least one "
                       "vector."_s,
                       "input_embeds");
    }
    if (vector.is(Type::Array)) {
        shape.batch = true;
        shape.batchSize = m_known.inputEmbeds->count;
    }
    return std::nullopt;
}

/// Visits the sampling parameters, one object or a list of them in a batch, up to the first refusal.
template <typename Visit> Refusal Analysis::forEachParams(Visit visit) const
{
    const Value params = value(m_known.samplingParams);
    if (params.is(Type::Object))
        return visit(params);
    for (Elements elements(params); elements.next();) {
        if (auto refused = visit(elements.value()))
            return refused;
    }
    return std::nullopt;
}

Refusal Analysis::readCount(Value n, const QByteArray &param, int &samples) const
{
    samples = 1;
    if (!n.exists() || n.is(Type::Null))
        return std::nullopt;
    const auto number = n.integer();
    if (!number || *number < 1 || *number > maxSamples) {
        return refusal("unsupported_n",
                       u"\"%1\" is %2; it must be an integer from 1 to %3."_s.arg(
                           QString::fromLatin1(param), shortened(n), QString::number(maxSamples)),
                       param);
    }
    samples = int(*number);
    return std::nullopt;
}

Refusal Analysis::readSamples()
{
    if (!isGenerate())
        return readCount(value(m_known.n), "n", shape.samples);
    bool first = true;
    return forEachParams([&](Value params) -> Refusal {
        int samples = 1;
        if (auto refused = readCount(params.member("n"), "sampling_params.n", samples))
            return refused;
        if (!std::exchange(first, false) && samples != shape.samples) {
            return refusal("unsupported_n",
                           u"\"sampling_params\" asks for %1 samples of one prompt and %2 of another; engines want the "
                           "same n for a whole batch. Make them equal or send the prompts apart."_s.arg(shape.samples)
                               .arg(samples),
                           "sampling_params.n");
        }
        shape.samples = samples;
        return std::nullopt;
    });
}

/// n samples of one prompt cannot run under PD in one request (they would share rooms), so each becomes a request.
Refusal Analysis::planFanOut()
{
    if (shape.hasRid && !value(m_known.rid).is(Type::String)) {
        return refusal("unsupported_rid",
                       u"\"rid\" is no string and n is %1: the samples run as requests with ids of their own, "
                       "which a list cannot name. Send one string, or no rid, or n = 1."_s.arg(shape.samples),
                       "rid");
    }
    if (shape.hasRid)
        edit(BodyEdit::Kind::Rid, value(m_known.rid));
    if (!isGenerate()) {
        return fanOut(value(m_known.n), value(m_known.bestOf), value(m_known.beamSearch), value(m_known.seed), "seed");
    }
    const Member *params = m_known.samplingParams;
    if (params->type == Type::Array && params->count != shape.batchSize) {
        return refusal(
            "batch_mismatch",
            u"\"sampling_params\" lists %1 entries for %2 prompts. Send one for each prompt, or one object."_s
                .arg(params->count)
                .arg(shape.batchSize),
            "sampling_params");
    }
    return forEachParams([&](Value of) {
        return fanOut(of.member("n"), of.member("best_of"), of.member("use_beam_search"), of.member("sampling_seed"),
                      "sampling_params.sampling_seed");
    });
}

Refusal Analysis::fanOut(Value n, Value bestOf, Value beamSearch, Value seed, const QByteArray &seedName)
{
    if (beamSearch.is(Type::True)) {
        return refusal("unsupported_beam_search",
                       u"Beam search with n = %1 needs one engine request for all samples, which "
                       "prefill/decode disaggregation cannot run. Drop \"use_beam_search\" or send "
                       "n = 1."_s.arg(shape.samples),
                       "use_beam_search");
    }
    if (bestOf.is(Type::Number)) {
        const auto candidates = bestOf.integer();
        if (!candidates || *candidates > shape.samples) {
            return refusal("unsupported_best_of",
                           u"\"best_of\" is %1 and n is %2: the best of more candidates than are returned "
                           "cannot be chosen when the samples run as separate requests. Make it equal to "
                           "n or leave it out."_s.arg(shortened(bestOf), QString::number(shape.samples)),
                           "best_of");
        }
        edit(BodyEdit::Kind::One, bestOf);
    }
    edit(BodyEdit::Kind::One, n);
    if (!seed.is(Type::Number))
        return std::nullopt;
    const auto number = seed.integer();
    if (!number || *number > std::numeric_limits<qint64>::max() - maxSamples) {
        return refusal("unsupported_seed",
                       u"\"%1\" must be a 64-bit integer when n is above 1: each sample gets its own seed "
                       "counted from it."_s.arg(QString::fromLatin1(seedName)),
                       seedName);
    }
    edit(BodyEdit::Kind::Seed, seed, *number);
    return std::nullopt;
}

bool Analysis::isCut(const Member &member) const
{
    const QByteArrayView name = member.name(m_body);
    return isBootstrapName(name) || (!shape.hasRid && name == "rid");
}

/// Each run of neighbouring members goes with the comma behind it; a run at the end with the comma before it.
void Analysis::cutMembers()
{
    const auto &members = m_document.members;
    shape.hasMembers = !members.empty();
    if (!m_known.hasBootstrap && (shape.hasRid || m_known.rid == nullptr))
        return;
    shape.hasMembers = false;
    const auto commaBehind = [&](size_t i) { return m_body.indexOf(',', members[i].value.end); };
    for (size_t i = 0; i < members.size(); ++i) {
        if (!isCut(members[i])) {
            shape.hasMembers = true;
            continue;
        }
        size_t last = i;
        while (last + 1 < members.size() && isCut(members[last + 1]))
            ++last;
        Span span{members[i].key.begin, members[last].value.end};
        if (last + 1 < members.size())
            span.end = commaBehind(last) + 1;
        else if (i > 0)
            span.begin = commaBehind(i - 1);
        shape.edits.push_back({BodyEdit::Kind::Cut, span});
        i = last;
    }
}

void Analysis::edit(BodyEdit::Kind kind, Value value, qint64 seed)
{
    shape.edits.push_back({kind, value.spanIn(m_body), seed});
}

} // namespace

Result<RequestShape, ApiError> analyse(Endpoint endpoint, const QByteArray &body, QByteArrayView keyMember)
{
    const auto isSpace = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
    if (std::all_of(body.begin(), body.end(), isSpace)) {
        return tl::unexpected(refusal("empty_body", u"The request has no body. Send one JSON object."_s));
    }
    const auto document = json::scan(body);
    if (!document) {
        return tl::unexpected(
            refusal("invalid_json", u"The request body is not valid JSON: at byte %1, %2. Nothing was sent to "
                                    "an engine; send exactly one JSON object."_s.arg(document.error().offset)
                                        .arg(QLatin1String(document.error().what))));
    }
    if (document->type != Type::Object) {
        return tl::unexpected(
            refusal("json_object_expected", u"The request body is valid JSON but no object: it must begin "
                                            "with '{' (byte %1)."_s.arg(document->value.begin)));
    }
    Analysis analysis(endpoint, body, *document, keyMember);
    if (auto refused = analysis.run())
        return tl::unexpected(std::move(*refused));
    return std::move(analysis.shape);
}

} // namespace pdlb::pd::sglang
