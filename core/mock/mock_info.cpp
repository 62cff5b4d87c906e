// SPDX-License-Identifier: Apache-2.0
#include "mock/mock_info.h"

#include <QDateTime>

namespace pdlb::mock {

namespace {

constexpr int tokenCapacity = 131072;
constexpr int maxRunning = 256;
constexpr const char *version = "0.5.6-mock";

QString key(const char *name)
{
    return QString::fromLatin1(name);
}

QString text(const QByteArray &bytes)
{
    return QString::fromUtf8(bytes);
}

/// The object with the members of `others`, all or those that it has.
QJsonObject changed(QJsonObject object, const QJsonObject &others, bool all)
{
    for (auto it = others.begin(); it != others.end(); ++it) {
        if (all || object.contains(it.key()))
            object.insert(it.key(), it.value());
    }
    return object;
}

QJsonObject memory()
{
    return {{key("weight_gb"), 15.0},
            {key("kv_cache_gb"), 40.0},
            {key("graph_gb"), 1.5},
            {key("token_capacity"), tokenCapacity}};
}

int runningLimit(const MockOptions &options)
{
    return options.maxRunning > 0 ? options.maxRunning : maxRunning;
}

} // namespace

QByteArray serverInfo(const GenerationTask::Engine &engine, const EngineFacts &facts)
{
    const MockOptions &options = engine.options;
    QJsonArray states;
    for (int rank = 0; rank < options.dpSize; ++rank) {
        QJsonObject usage = memory();
        usage.insert(key("weight"), 15.0);
        usage.insert(key("kvcache"), 40.0);
        states.append(QJsonObject{{key("last_gen_throughput"), facts.running > 0 ? 166.0 : 0.0},
                                  {key("avg_spec_accept_length"), 1.0},
                                  {key("memory_usage"), usage},
                                  {key("effective_max_running_requests_per_dp"), runningLimit(options)},
                                  {key("max_running_requests"), runningLimit(options)},
                                  {key("dp_size"), options.dpSize}});
    }
    const QJsonObject info{{key("model_path"), text(options.model)},
                           {key("tokenizer_path"), text(options.model)},
                           {key("served_model_name"), text(options.model)},
                           {key("host"), options.host},
                           {key("port"), facts.port},
                           {key("disaggregation_mode"), text(roleName(engine.role))},
                           {key("disaggregation_bootstrap_port"), engine.bootstrapPort},
                           {key("disaggregation_transfer_backend"), text(options.transferBackend)},
                           {key("page_size"), options.pageSize},
                           {key("kv_cache_dtype"), text(options.kvCacheDtype)},
                           {key("tp_size"), options.tpSize},
                           {key("dp_size"), options.dpSize},
                           {key("pp_size"), 1},
                           {key("max_total_num_tokens"), tokenCapacity},
                           {key("max_running_requests"), runningLimit(options)},
                           {key("effective_max_running_requests_per_dp"), runningLimit(options)},
                           {key("status"), key("ready")},
                           {key("internal_states"), states},
                           {key("version"), key(version)},
                           {key("kv_events"), QJsonValue::Null}};
    return toJson(changed(info, options.info, true));
}

QByteArray modelInfo(const MockOptions &options)
{
    return toJson(QJsonObject{{key("model_path"), text(options.model)},
                              {key("tokenizer_path"), text(options.model)},
                              {key("is_generation"), true},
                              {key("preferred_sampling_params"), QJsonValue::Null},
                              {key("weight_version"), key("default")},
                              {key("has_image_understanding"), false},
                              {key("has_audio_understanding"), false},
                              {key("model_type"), key("mock")},
                              {key("architectures"), QJsonArray{key("MockForCausalLM")}}});
}

QByteArray modelList(const MockOptions &options)
{
    const QJsonObject model{{key("id"), text(options.model)},
                            {key("object"), key("model")},
                            {key("created"), QDateTime::currentSecsSinceEpoch()},
                            {key("owned_by"), key("sglang")},
                            {key("root"), text(options.model)},
                            {key("parent"), QJsonValue::Null},
                            {key("max_model_len"), tokenCapacity}};
    return toJson(QJsonObject{{key("object"), key("list")}, {key("data"), QJsonArray{model}}});
}

QByteArray loads(const GenerationTask::Engine &engine, const EngineFacts &facts)
{
    const bool prefill = engine.role == Role::Prefill;
    const bool decode = engine.role == Role::Decode;
    const QString now = QDateTime::currentDateTimeUtc().toString(Qt::ISODateWithMs);
    const QJsonObject disaggregation{
        {key("mode"), text(roleName(engine.role))},
        {key("prefill_bootstrap_queue_reqs"), prefill ? facts.waiting : 0},
        {key("prefill_inflight_queue_reqs"), prefill ? facts.transferring : 0},
        {key("decode_prealloc_queue_reqs"), decode ? facts.queued + facts.lookup : 0},
        {key("decode_transfer_queue_reqs"), decode ? facts.waiting + facts.transferring : 0},
        {key("decode_retracted_queue_reqs"), 0},
        {key("kv_transfer_speed_gb_s"), 12.5},
        {key("kv_transfer_latency_ms"), engine.options.kvMs}};
    const int most = runningLimit(engine.options);
    const int running = facts.decoding + facts.computing;
    const int waiting = facts.queued + facts.lookup + facts.waiting;
    const int used = std::min(tokenCapacity, tokenCapacity / most * running);
    const QJsonObject load{
        {key("dp_rank"), 0},
        {key("timestamp"), double(QDateTime::currentMSecsSinceEpoch()) / 1000},
        {key("num_running_reqs"), running},
        {key("num_waiting_reqs"), waiting},
        {key("num_waiting_uncached_tokens"), 0},
        {key("num_used_tokens"), used},
        {key("num_total_tokens"), used},
        {key("max_total_num_tokens"), tokenCapacity},
        {key("max_running_requests"), most},
        {key("token_usage"), double(used) / tokenCapacity},
        {key("gen_throughput"), facts.decoding > 0 ? 166.0 : 0.0},
        {key("cache_hit_rate"), 0.5},
        {key("utilization"), double(running) / most},
        {key("memory"), memory()},
        {key("speculative"), QJsonObject{{key("accept_length"), 1.0}, {key("accept_rate"), 1.0}}},
        {key("queues"), QJsonObject{{key("waiting"), waiting},
                                    {key("grammar"), 0},
                                    {key("paused"), 0},
                                    {key("retracted"), 0}}},
        {key("disaggregation"), disaggregation}};
    return toJson(
        QJsonObject{{key("timestamp"), now}, {key("version"), key(version)}, {key("loads"), QJsonArray{load}}});
}

QByteArray bootstrapInfo(const MockOptions &options, quint16 httpPort)
{
    const QJsonObject info{{key("attn_tp_size"), options.tpSize},
                           {key("attn_cp_size"), 1},
                           {key("dp_size"), options.dpSize},
                           {key("pp_size"), 1},
                           {key("page_size"), options.pageSize},
                           {key("kv_cache_dtype"), text(options.kvCacheDtype)},
                           {key("follow_bootstrap_room"), options.followBootstrapRoom},
                           {key("enable_dsa_cache_layer_split"), false},
                           {key("prefill_http_port"), httpPort}};
    return toJson(changed(info, options.info, false));
}

} // namespace pdlb::mock
