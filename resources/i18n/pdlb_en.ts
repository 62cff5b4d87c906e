<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>HealthText</name>
    <message>
        <source>up</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>degraded</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>starting</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>draining</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>down</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>disabled</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>unknown</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>QFileDialog</name>
    <message>
        <source>Written: %1 (%2 bytes)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 was not written: %2</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>TimeAxis</name>
    <message>
        <source>%1 s</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 ms</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>TraceHtml</name>
    <message>
        <source>State</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>End</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Error</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Comment</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Endpoint</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Model</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Pair</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 (picked by %2)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Attempts</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stream</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>yes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Prompts</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Samples (n)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Finish reason</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Injected faults</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Figures</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>TTFT</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Total</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Queue</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Gaps of the stream</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>mean %1, p50 %2, p99 %3, max %4</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Prompt tokens</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 (%2 from the cache)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Generated tokens</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Request</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Answer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Names</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Request id</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Engines&apos; rid</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Bootstrap room</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Trace id</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Client</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Begun</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>who</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>phase</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>from</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>took</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>client</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>prefill %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>decode %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 (earlier attempt)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>goes on</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>URL</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Status</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Connection</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>kept from an earlier request</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>new, in %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Sent</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Head</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>First byte</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ended</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>%1, %n events</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>In the engine</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>from %1 to %2, by its own clock (±%3)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Closed by us</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>yes, and the engine was told to forget the request</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Headers of its answer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>It did not come to this leg.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>It ended well.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The client closed the connection. Both engines were told to stop.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The prefill engine refused the request; its answer went to the client.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The prefill engine could not be reached. Is it running, and is its URL right?</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The prefill engine gave the request up after it had begun. Its log says why; often the KV transfer failed.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The decode engine refused the request; its answer went to the client.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The decode engine could not be reached. Is it running, and is its URL right?</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The decode engine closed the connection in the middle of its answer. It may have crashed.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The decode engine gave the request up after it had begun. Its log says why; often the KV transfer failed.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>An engine did not take the connection in time (--connect-timeout).</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Decode sent nothing in time (--first-byte-timeout).</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Decode stopped sending in the middle of the stream (--stream-idle-timeout).</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The request took longer than it may in all (--request-timeout-secs).</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The client stopped reading for too long (--write-stall-timeout).</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>There was no room for it: too many requests run or wait. See --max-in-flight and --max-queue.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The balancer was shutting down.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Somebody ended it here or by the admin API. Both engines were told to stop.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The client&apos;s request was wrong; no engine has seen it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>It still runs.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>What the engines said when they were told to forget it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no answer: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Where it was stuck</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>after %1:</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>difference</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>TraceText</name>
    <message>
        <source>queued</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>running</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>gone</source>
        <comment>the client has left</comment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>failed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>done, status %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>failed, status %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>refused, status %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the client has left</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 ms</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 s</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 min %2 s</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 B</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 KiB</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 MiB</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>waits for its turn</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>received</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the client takes nothing</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>streaming</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>waits for decode</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>prefill</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui</name>
    <message>
        <source>flags</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>JSON list</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>it begins like JSON, but is none: %1 at character %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>configuration file</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>URLs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>line %1: %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>line %1: &quot;%2&quot; is too much; expected a URL and a bootstrap port</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>there is nothing yet: paste flags (--prefill … --decode …), URLs, JSON or a configuration file</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>that is too long</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no server is in there</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::AboutDialog</name>
    <message>
        <source>About pdlb</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>pdlb %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Load balancer, request tracer and request tester for LLM engines with prefill/decode disaggregation. Sources: Apache-2.0. This program: GPL-3.0, because of Qt HTTP Server and QCustomPlot, which it contains.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy diagnostics</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Close</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::AnswerView</name>
    <message>
        <source>Generated text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The answer&apos;s bytes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show trace</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>TTFT</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Time to first token: from the start to the first chunk with content or reasoning; a role alone does not count</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>ITL mean</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Inter-token latency: (last content − first content) / (completion tokens − 1); needs a usage block and two tokens</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>tok/s</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Completion tokens per second from the first to the last content; while it streams: chunks with content</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>tokens</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Completion tokens of the usage block; while it streams: chunks with content. A chunk may hold several tokens</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>total</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>From the start to the answer&apos;s last byte</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>pair</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The servers that the balancer picked</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The text as Markdown</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Events</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Raw</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Markdown</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The answer appears here, token by token.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The answer is no stream: there are no events.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Events %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Only the first %1 of %2 are shown.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>waiting</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1, streaming</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>stopped</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>failed</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::AttachDialog</name>
    <message>
        <source>Attach to a running pdlb</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>only where it asks for one (--admin-key-file)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>URL of the balancer, or its --admin-port</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Admin key</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Attach</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&quot;%1&quot; is no URL: expected http(s)://HOST:PORT</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::BodyView</name>
    <message>
        <source>
… cut here: %1 in all</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::CompareDialog</name>
    <message>
        <source>The body was not kept.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 and %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1: %2, %3</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Figures</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Requests</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Answers</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::ConfigDraft</name>
    <message>
        <source>Discard changes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Enable %1 → %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Disable %1 → %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>+ %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 enabled</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 disabled</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 URL %2 → %3</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 bootstrap %2 → %3</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 weight %2 → %3</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 group &quot;%2&quot; → &quot;%3&quot;</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 limit %2 → %3</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>− %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 → %2 enabled</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 → %2 disabled</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 changed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>order of the servers</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>list of pairs</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::DoctorRun</name>
    <message>
        <source>the balancer examines its servers</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::EventModel</name>
    <message>
        <source>#</source>
        <comment>number of an event</comment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Time</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Δ</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Bytes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Text</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::EventsView</name>
    <message>
        <source>time between events</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show events with …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show events with this text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export events…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Events</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The text that the events make together</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The selected event</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Event</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Assembled text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Gaps</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The answer was no stream: there are no events.</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>The answer was not kept: only counts and times are known (%n events).</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Its events are shown when it has ended (%n so far).</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>Only the first part of the answer was kept.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export events</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::ExportJob</name>
    <message numerus="yes">
        <source>%n requests written to %1 (%2)</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>%1 was not written: %2</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::FilterEdit</name>
    <message>
        <source>Filter</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Filter: status:5xx  ttft&gt;500ms  pair:p1/*  is:running</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>What may stand here</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Column %1: %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No filter: all requests are shown</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Filtering</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The filter is applied</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The filter is applied; no request matches</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::FindBar</name>
    <message>
        <source>In all requests</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Find in what is shown</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Previous match</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Previous match (Shift+Enter)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Next match</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Next match (Enter)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Filters the table: requests whose bodies have these words</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>not found</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>there is no text here</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::FirstRunPage</name>
    <message>
        <source>See where each request is, on which engine, and why.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>pdlb balances requests over prefill and decode engines, traces each of them live, and fires test requests. How do you want to begin?</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Try it without a GPU</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Two mock engines, a prefill and a decode, start inside this program with the balancer in front of them.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Start with two mock engines</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>You have engines</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Enter their URLs, or paste the flags of a router: --prefill … --decode … The doctor says what does not fit together.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Enter engine URLs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>pdlb runs elsewhere</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Attach to a headless pdlb serve by its admin API: its requests stream in here, its pairs can be edited.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Attach to a running pdlb</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::HistogramPlot</name>
    <message>
        <source>%1, n = %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 to %2: %3</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::ImportDialog</name>
    <message>
        <source>Replace all servers</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Paste servers</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Flags of a router (--prefill http://a:30000 8998 --decode http://b:30000), URLs in lines, JSON, or a configuration file:</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Servers as text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Bare URLs are prefill servers</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Bare URLs are decode servers</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Role of URLs that do not say theirs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open a file…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Take over</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open a configuration</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Configurations (*.json *.txt *.sh);;All files (*)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 cannot be read: %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>Read as %1: %n prefill</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n decode</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>Nothing would change.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Would change: %1</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::KeysDialog</name>
    <message>
        <source>Keys and signs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>queue</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>connect, send</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>prefill</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>KV transfer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>decode wait</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>streaming</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>In the table of requests</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>next, previous request</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>zoom the waterfall, fit it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>move the waterfall</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ctrl+wheel</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>zoom where the pointer is</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>✔ done   ⟳ running   ✖ failed   ⊘ client gone   ⏸ queued</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Keys</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::LocalSession</name>
    <message>
        <source>The balancer listens on %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The balancer did not start: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The balancer has stopped</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>It is in force, but not saved: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the balancer is not running any more</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::LogModel</name>
    <message>
        <source>debug</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>info</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>warning</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>error</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Time</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Level</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Part</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Message</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::LogPage</name>
    <message>
        <source>Log</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>everything</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>info and above</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>warnings and above</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>errors</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Least level that is shown</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show messages with …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show messages with this text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Clear</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Messages</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::MainWindow</name>
    <message>
        <source>Copied: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Its record is not here: it went elsewhere, or capture is paused.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Traces</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Pairs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Tester</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Metrics</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Log</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 (Ctrl+%2)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Attach…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Shows a pdlb that runs elsewhere (Ctrl+T)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Balancer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Start or stop</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Start with two mock engines</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Attach to a running pdlb…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Detach</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open configuration…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open configuration</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Configurations (*.json);;All files (*)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Quit</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Theme</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>As the system</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Light</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Dark</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Language</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The language changes with the next start.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Default layout</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The layout is as it was at first with the next start.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Requests</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Pairs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Tester</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Keys and signs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>About pdlb</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>pdlb: local balancer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>pdlb: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The balancer in this program is running. Stop it before you attach to another one.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stop it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The balancer is running already.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The mock engines did not start: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Use any free port</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show servers</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The balancer cannot be reached: %1. It is tried again every two seconds.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Memory of the requests&apos; and answers&apos; bodies; the oldest requests give theirs back when it is used up</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Memory of the requests&apos; records</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Opened: %1. Apply puts it in force; changes are saved there.</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>%n requests still run; the window closes when they have ended.</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>End them now</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::MatrixDelegate</name>
    <message>
        <source>TTFT %1</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::MatrixModel</name>
    <message>
        <source>%1 disabled</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>not paired</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>disabled</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 down</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 %2</source>
        <comment>server and its state</comment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>fails</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>suspect</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>%n in flight</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>works</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>idle</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>median TTFT %1</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::MessageBanner</name>
    <message>
        <source>Close this message</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Error</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Warning</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Information</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::MessageCards</name>
    <message>
        <source>Role of the message</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Text of the message</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Move the message up</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Move the message down</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Remove the message</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Add message</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::MetricsPage</name>
    <message>
        <source>Requests a second</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>In flight</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Time to first token</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>ms</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Prefill time by server</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Decode time by server</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Failures a second by end</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Metrics</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Time range</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>last minute</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>last 5 minutes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>last 15 minutes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>last hour</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Of the requests that this window has seen.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>requests</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>in flight</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>p50</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>p99</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::PairsPage</name>
    <message>
        <source>The doctor cannot begin: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Servers</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Add</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Prefill server</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Decode server</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Paste…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Flags, URLs, JSON or a configuration file (Ctrl+V in the table)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Listen address</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>any</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Listen port</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Policy</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Pairing</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Which prefills and decodes may serve a request together: any, those of the same group, or only listed pairs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Listen</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Policy %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Pairs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Run doctor</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Examines every server and sends a one-token request through each pair that can be expected to work</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Progress of the doctor</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Pair matrix: prefills in rows, decodes in columns</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Test pair</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show its requests</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Use in tester</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Undo</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Redo</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Undo: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Discard</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Apply</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Add prefill server</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Add decode server</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Duplicate</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Remove</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Paste servers…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy as flags</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Enable or disable pair</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copied: flags for pdlb serve and SGLang&apos;s router.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy as JSON</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copied: a configuration file, without keys.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy URLs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copied: a line for each server.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save configuration file…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save configuration</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Written: %1. Start it anywhere with: pdlb serve --config %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Another balancer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>This is in force.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No changes.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Cannot be applied: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>%n changes not applied: %1</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>Paste servers</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Not applied: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>In force. Running requests end on the servers they began on.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Kept for the next start.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>In force, but for what needs a restart: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stop doctor</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>doctor: %1 of %2 fine</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Select a pair</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No pairs yet</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Each cell is a prefill and a decode server that may serve a request together.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Add at least one prefill and one decode server, or paste a router&apos;s flags.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 cannot work: %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The doctor&apos;s one-token request: prefill %1, decode %2.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No request was sent: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Nothing is wrong with it as far as is known. The doctor looks deeper.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Disable pair</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Enable pair</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Test %1 → %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Enable</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Disable</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>For %n servers:</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>Set weight…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Weight</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Set group…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Group</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::RemoteSession</name>
    <message>
        <source>the balancer wants another admin key (%1)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>there is no admin API of pdlb (404)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>it answered with status %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>nothing has come from it for %n seconds</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>what answers there is not pdlb</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Attached to %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>it ended the connection</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Some requests are not shown: they came faster than the connection takes them</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 cannot be reached: %2</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::RepeatPanel</name>
    <message>
        <source>Run</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Set as baseline</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>TTFT in ms</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Repeat</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Number of requests</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>at once</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>a second</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Closed loop (so many at once) or open loop (so many a second)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>At once: so many run at a time. A second: they begin at that rate whatever comes back, and times count from when they should have begun.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>How many at once, or a second</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Requests before the measured ones</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Requests before the measured ones, which do not count</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>requests</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>warm-up</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Later runs are compared with this one</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>JSON…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>CSV…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>seconds</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Results by pair</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>pair</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>n</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>failed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>TTFT p50</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>TTFT p99</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>ITL mean</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>total p50</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>tokens</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Report</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Histogram</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Over time</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>By pair</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>This is the baseline now.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stop</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 of %2 ended, %3 failed, %4 running</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>TTFT p50 %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Compared with the baseline:</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 good, %2 failed · %3 requests/s</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>p99 %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>%n requests failed; most often: %1</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>all</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export the results</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::ReplayJob</name>
    <message>
        <source>nothing of it was kept</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>It cannot be sent again: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>%n requests were sent again.</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n requests were sent again, %1 of them failed: %2</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
</context>
<context>
    <name>pdlb::gui::RequestForm</name>
    <message>
        <source>stream</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>usage</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>More parameters</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>URL to send to</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>left out</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>none, or the balancer&apos;s own</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Endpoint</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Send to</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Model</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>API key</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Prompt</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Explain prefill/decode disaggregation in three sentences.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Prefill/decode disaggregation means</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>stream_options.include_usage: token counts at the stream&apos;s end, which ITL needs</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Words that end the text, with commas between them</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Extra JSON (merged last)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Extra JSON</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>balancer (policy picks)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>pair %1 → %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>prefill %1 alone</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>decode %1 alone</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>another URL</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>there is no server %1 any more</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the balancer does not run; start it, or send to another URL</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>there is no URL to send to</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1: &quot;%2&quot; is not a number from %3 to %4</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Extra JSON: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>expected an object</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The API key holds characters that no header may hold.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Expected an object: {…}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 at character %2</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::ServerDelegate</name>
    <message>
        <source>Role</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Weight</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::ServerModel</name>
    <message>
        <source>prefill</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>decode</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>auto (%1)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>not applied</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>not running</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>%n in flight</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>enabled</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>disabled</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A server that is not enabled gets no new requests</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>last probe %1 ago, it took %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Bootstrap port of %1: %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Edit %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>Edit %n servers</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>Port of the prefill&apos;s bootstrap server: a number, &quot;auto&quot; (asked of the engine) or &quot;none&quot; (each engine uses its own setting)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>With pairing &quot;group&quot; only servers of the same group are paired</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Enabled</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>On</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Role</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Name</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>URL</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Bootstrap</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Weight</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Group</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Health</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Probe</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 cannot be read: %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>Move %n servers</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove %n servers</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Duplicate %n servers</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>Add a prefill server</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Add a decode server</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::Session</name>
    <message>
        <source>%1 is %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 is %2: %3</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::TesterPage</name>
    <message>
        <source>Copy as</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>cURL</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Python (requests)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Presets</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Paste a cURL command</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>History</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stop   Esc</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Send   Ctrl+Enter</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Send</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stop</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Run repeat</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy as cURL</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy as Python</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open preset…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save preset…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The request&apos;s body was not kept: it cannot be opened.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Its body is known when the request has ended.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Only a part of the request&apos;s body was kept: it cannot be opened.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Taken from request %1.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>stopped</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>failed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>queue %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>prefill with KV transfer %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>then decode&apos;s first byte after %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>In the balancer: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stopped: the connection was closed.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stopped.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Aborted on: %1.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Closed: %1.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Had finished already: %1.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copied.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copied; the key is taken from $OPENAI_API_KEY.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Taken from the cURL command.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The clipboard&apos;s text cannot be used: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save preset</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open preset</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Requests (*.json);;All files (*)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 cannot be read: %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Nothing was sent yet</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::TimePlot</name>
    <message>
        <source>%1 in %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 s ago</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::TimingView</name>
    <message>
        <source>Timing of the request</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>client</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>prefill %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>decode %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>earlier attempt</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1, %2: %3, from %4 to %5</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::TopBar</name>
    <message>
        <source>Copies the address that clients send to</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Shows the servers</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Start</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stop now</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stop</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Starts the balancer (F9)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No new requests; running ones end first (F9)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>stopped</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>not attached</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>starting</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>connecting</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>running</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>attached</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>draining</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>not reached, trying again</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>%n up</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n other</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n down</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>%1 in flight</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 req/s</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>TTFT p50 %1</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::TraceDetail</name>
    <message>
        <source>Explain again</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Abort request</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open in tester</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Overview</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Phases</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Request headers</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Prefill leg</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Decode leg</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Error</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ends the request: both engines are told to stop, the client gets an error</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Asks both engines and the bootstrap server where the request is</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Timing</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Request</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Events</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The record as JSON</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Raw</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1: body</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Events %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Error ✖</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No request is selected</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Select a row to see where its time went, on which engine, and why.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>#%1 is running: %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>#%1: %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>#%1 took %2: first token after %3</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>#%1 took %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 · %2 tokens in, %3 out · %4</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>#%1 failed: %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>#%1: the client has left after %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>(It is not in the table any more; pin requests to keep them.)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The body was not kept.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Bodies are shown when the request has ended.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>It cannot be explained: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>It was not aborted: %1</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::TraceModel</name>
    <message>
        <source>%1: first token after %2, in all %3</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Time to first token: from the request&apos;s last byte to the first byte of decode&apos;s good answer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>From the request&apos;s last byte to its end</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Until a pair was picked</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Prefill leg, from sent to answered: compute and KV transfer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Mean time between two pieces of decode&apos;s stream</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>#</source>
        <comment>number of a request</comment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Time</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>State</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Pair</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Model</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>TTFT</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Total</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Endpoint</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Queue</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Prefill</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>ITL</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Tokens in</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Tokens out</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Bytes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Events</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Finish</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>End</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>What happened</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Policy</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Attempts</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Request id</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Comment</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Waterfall</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::TraceTable</name>
    <message>
        <source>Requests</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Default columns</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::TracesPage</name>
    <message>
        <source>Capture</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Follow</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Whether finished and running requests are taken into the table</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Whether the newest request is kept in view; scrolling up ends it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Clear</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Forgets all requests but pinned ones (Ctrl+Shift+Delete)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 of %2 shown</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>%n new, resume ↓</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n new ↓</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>No request matches the filter.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Clear filter</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Capture is paused: requests are balanced, but not shown here.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Resume</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Nothing captured yet. Each request that goes through the balancer appears here while it runs.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Send a test request</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show only %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Hide %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy &quot;%1&quot;</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>%n requests copied as cURL; keys are left out.</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>Comment</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Comment on #%1; it is exported with the request:</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Select two requests to compare them (Ctrl+click the second one).</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The balancer does not run: there is nobody to send to.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>There is nothing to export.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export requests</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Filter</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Find in bodies</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Go to table</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Go to detail</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Detail below or beside</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Pin</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Comment…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy as cURL</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open in tester</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Replay</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Compare two</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Explain</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>HAR</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>JSON lines</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Chrome trace (Perfetto)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>OTLP JSON</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>CSV of the table</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export shown as %1…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export chosen as HAR…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export chosen as HAR, with keys and cookies…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Fit waterfall</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>pdlb::gui::WaterfallDelegate</name>
    <message>
        <source>queue</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>connect and send</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>prefill (compute, with KV transfer)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>KV transfer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>decode has not begun</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>streaming</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>at %1</source>
        <translation type="unfinished"></translation>
    </message>
</context>
</TS>
