-- SPDX-License-Identifier: Apache-2.0
-- wrk script: one ~700 byte chat request, and the result as one line that compare reads (times in microseconds).
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"model":"m","messages":[{"role":"user","content":"' .. string.rep("hello ", 100) .. '"}],"max_tokens":32}'

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        'result {"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"non_2xx":%d,"socket_errors":%d}\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
