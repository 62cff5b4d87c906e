<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
    <context>
        <name>HealthText</name>
        <message>
            <source>up</source>
            <translation>正常</translation>
        </message>
        <message>
            <source>degraded</source>
            <translation>降级</translation>
        </message>
        <message>
            <source>starting</source>
            <translation>启动中</translation>
        </message>
        <message>
            <source>draining</source>
            <translation>排空中</translation>
        </message>
        <message>
            <source>down</source>
            <translation>离线</translation>
        </message>
        <message>
            <source>disabled</source>
            <translation>已停用</translation>
        </message>
        <message>
            <source>unknown</source>
            <translation>未知</translation>
        </message>
    </context>
    <context>
        <name>QFileDialog</name>
        <message>
            <source>Written: %1 (%2 bytes)</source>
            <translation>已写入：%1（%2 字节）</translation>
        </message>
        <message>
            <source>%1 was not written: %2</source>
            <translation>未能写入 %1：%2</translation>
        </message>
    </context>
    <context>
        <name>ServerImport</name>
        <message>
            <source>flags</source>
            <translation>命令行参数</translation>
        </message>
        <message>
            <source>JSON list</source>
            <translation>JSON 列表</translation>
        </message>
        <message>
            <source>it begins like JSON, but is none: %1 at character %2</source>
            <translation>开头像 JSON，但不是有效的 JSON：%1，位于第 %2 个字符</translation>
        </message>
        <message>
            <source>configuration file</source>
            <translation>配置文件</translation>
        </message>
        <message>
            <source>URLs</source>
            <translation>URL</translation>
        </message>
        <message>
            <source>line %1: %2</source>
            <translation>第 %1 行：%2</translation>
        </message>
        <message>
            <source>line %1: "%2" is too much; expected a URL and a bootstrap port</source>
            <translation>第 %1 行：“%2”多余；应为一个 URL 和一个 Bootstrap 端口</translation>
        </message>
        <message>
            <source>there is nothing yet: paste flags (--prefill … --decode …), URLs, JSON or a configuration file</source>
            <translation>还没有内容：请粘贴命令行参数 (--prefill … --decode …)、URL、JSON 或配置文件</translation>
        </message>
        <message>
            <source>that is too long</source>
            <translation>内容过长</translation>
        </message>
        <message>
            <source>no server is in there</source>
            <translation>其中没有服务器</translation>
        </message>
    </context>
    <context>
        <name>TimeAxis</name>
        <message>
            <source>%1 s</source>
            <translation>%1 s</translation>
        </message>
        <message>
            <source>%1 ms</source>
            <translation>%1 ms</translation>
        </message>
    </context>
    <context>
        <name>TraceColumns</name>
        <message>
            <source>%1: first token after %2, in all %3</source>
            <translation>%1：首 token 在 %2 后，总计 %3</translation>
        </message>
    </context>
    <context>
        <name>TraceHtml</name>
        <message>
            <source>State</source>
            <translation>状态</translation>
        </message>
        <message>
            <source>End</source>
            <translation>结束原因</translation>
        </message>
        <message>
            <source>Error</source>
            <translation>错误</translation>
        </message>
        <message>
            <source>Comment</source>
            <translation>备注</translation>
        </message>
        <message>
            <source>Endpoint</source>
            <translation>端点</translation>
        </message>
        <message>
            <source>Model</source>
            <translation>模型</translation>
        </message>
        <message>
            <source>Pair</source>
            <translation>配对</translation>
        </message>
        <message>
            <source>%1 (picked by %2)</source>
            <translation>%1（由 %2 选择）</translation>
        </message>
        <message>
            <source>Attempts</source>
            <translation>尝试次数</translation>
        </message>
        <message>
            <source>Stream</source>
            <translation>流式</translation>
        </message>
        <message>
            <source>yes</source>
            <translation>是</translation>
        </message>
        <message>
            <source>no</source>
            <translation>否</translation>
        </message>
        <message>
            <source>Prompts</source>
            <translation>提示数</translation>
        </message>
        <message>
            <source>Samples (n)</source>
            <translation>样本数 (n)</translation>
        </message>
        <message>
            <source>Finish reason</source>
            <translation>停止原因</translation>
        </message>
        <message>
            <source>Injected faults</source>
            <translation>注入的故障</translation>
        </message>
        <message>
            <source>Figures</source>
            <translation>数据</translation>
        </message>
        <message>
            <source>TTFT</source>
            <translation>TTFT</translation>
        </message>
        <message>
            <source>Total</source>
            <translation>总计</translation>
        </message>
        <message>
            <source>Queue</source>
            <translation>排队</translation>
        </message>
        <message>
            <source>Gaps of the stream</source>
            <translation>流的间隔</translation>
        </message>
        <message>
            <source>mean %1, p50 %2, p99 %3, max %4</source>
            <translation>平均 %1，p50 %2，p99 %3，最大 %4</translation>
        </message>
        <message>
            <source>Prompt tokens</source>
            <translation>提示 token</translation>
        </message>
        <message>
            <source>%1 (%2 from the cache)</source>
            <translation>%1（其中 %2 来自缓存）</translation>
        </message>
        <message>
            <source>Generated tokens</source>
            <translation>生成 token</translation>
        </message>
        <message>
            <source>Request</source>
            <translation>请求</translation>
        </message>
        <message>
            <source>Answer</source>
            <translation>应答</translation>
        </message>
        <message>
            <source>Names</source>
            <translation>标识</translation>
        </message>
        <message>
            <source>Request id</source>
            <translation>请求 ID</translation>
        </message>
        <message>
            <source>Engines' rid</source>
            <translation>引擎的 rid</translation>
        </message>
        <message>
            <source>Bootstrap room</source>
            <translation>Bootstrap room</translation>
        </message>
        <message>
            <source>Trace id</source>
            <translation>追踪 ID</translation>
        </message>
        <message>
            <source>Client</source>
            <translation>客户端</translation>
        </message>
        <message>
            <source>Begun</source>
            <translation>开始时间</translation>
        </message>
        <message>
            <source>who</source>
            <translation>对象</translation>
        </message>
        <message>
            <source>phase</source>
            <translation>阶段</translation>
        </message>
        <message>
            <source>from</source>
            <translation>起始</translation>
        </message>
        <message>
            <source>took</source>
            <translation>耗时</translation>
        </message>
        <message>
            <source>client</source>
            <translation>客户端</translation>
        </message>
        <message>
            <source>prefill %1</source>
            <translation>Prefill %1</translation>
        </message>
        <message>
            <source>decode %1</source>
            <translation>Decode %1</translation>
        </message>
        <message>
            <source>%1 (earlier attempt)</source>
            <translation>%1（先前的尝试）</translation>
        </message>
        <message>
            <source>goes on</source>
            <translation>进行中</translation>
        </message>
        <message>
            <source>URL</source>
            <translation>URL</translation>
        </message>
        <message>
            <source>Status</source>
            <translation>状态</translation>
        </message>
        <message>
            <source>Connection</source>
            <translation>连接</translation>
        </message>
        <message>
            <source>kept from an earlier request</source>
            <translation>沿用先前请求的连接</translation>
        </message>
        <message>
            <source>new, in %1</source>
            <translation>新建，耗时 %1</translation>
        </message>
        <message>
            <source>Sent</source>
            <translation>发送</translation>
        </message>
        <message>
            <source>Head</source>
            <translation>响应头</translation>
        </message>
        <message>
            <source>First byte</source>
            <translation>首字节</translation>
        </message>
        <message>
            <source>Ended</source>
            <translation>结束</translation>
        </message>
        <message numerus="yes">
            <source>%1, %n events</source>
            <translation>
                <numerusform>%1，%n 个事件</numerusform>
            </translation>
        </message>
        <message>
            <source>In the engine</source>
            <translation>引擎内</translation>
        </message>
        <message>
            <source>from %1 to %2, by its own clock (±%3)</source>
            <translation>%1 至 %2，按引擎自身时钟（±%3）</translation>
        </message>
        <message>
            <source>Closed by us</source>
            <translation>由我方关闭</translation>
        </message>
        <message>
            <source>yes, and the engine was told to forget the request</source>
            <translation>是，并已通知引擎丢弃该请求</translation>
        </message>
        <message>
            <source>Headers of its answer</source>
            <translation>应答头</translation>
        </message>
        <message>
            <source>It did not come to this leg.</source>
            <translation>未进行到此分支。</translation>
        </message>
        <message>
            <source>It ended well.</source>
            <translation>正常结束。</translation>
        </message>
        <message>
            <source>The client closed the connection. Both engines were told to stop.</source>
            <translation>客户端关闭了连接。已通知两个引擎停止。</translation>
        </message>
        <message>
            <source>The prefill engine refused the request; its answer went to the client.</source>
            <translation>Prefill 引擎拒绝了该请求；其应答已转发给客户端。</translation>
        </message>
        <message>
            <source>The prefill engine could not be reached. Is it running, and is its URL right?</source>
            <translation>无法连接 Prefill 引擎。它是否在运行？URL 是否正确？</translation>
        </message>
        <message>
            <source>The prefill engine gave the request up after it had begun. Its log says why; often the KV transfer failed.</source>
            <translation>Prefill 引擎开始处理后放弃了该请求。原因见其日志；常见原因是 KV 传输失败。</translation>
        </message>
        <message>
            <source>The decode engine refused the request; its answer went to the client.</source>
            <translation>Decode 引擎拒绝了该请求；其应答已转发给客户端。</translation>
        </message>
        <message>
            <source>The decode engine could not be reached. Is it running, and is its URL right?</source>
            <translation>无法连接 Decode 引擎。它是否在运行？URL 是否正确？</translation>
        </message>
        <message>
            <source>The decode engine closed the connection in the middle of its answer. It may have crashed.</source>
            <translation>Decode 引擎在应答中途关闭了连接，可能已崩溃。</translation>
        </message>
        <message>
            <source>The decode engine gave the request up after it had begun. Its log says why; often the KV transfer failed.</source>
            <translation>Decode 引擎开始处理后放弃了该请求。原因见其日志；常见原因是 KV 传输失败。</translation>
        </message>
        <message>
            <source>An engine did not take the connection in time (--connect-timeout).</source>
            <translation>有引擎未及时接受连接 (--connect-timeout)。</translation>
        </message>
        <message>
            <source>Decode sent nothing in time (--first-byte-timeout).</source>
            <translation>Decode 未及时发送任何数据 (--first-byte-timeout)。</translation>
        </message>
        <message>
            <source>Decode stopped sending in the middle of the stream (--stream-idle-timeout).</source>
            <translation>Decode 在流的中途停止发送 (--stream-idle-timeout)。</translation>
        </message>
        <message>
            <source>The request took longer than it may in all (--request-timeout-secs).</source>
            <translation>请求总耗时超过上限 (--request-timeout-secs)。</translation>
        </message>
        <message>
            <source>The client stopped reading for too long (--write-stall-timeout).</source>
            <translation>客户端停止读取的时间过长 (--write-stall-timeout)。</translation>
        </message>
        <message>
            <source>There was no room for it: too many requests run or wait. See --max-in-flight and --max-queue.</source>
            <translation>没有空位：运行中或等待中的请求过多。参见 --max-in-flight 和 --max-queue。</translation>
        </message>
        <message>
            <source>The balancer was shutting down.</source>
            <translation>均衡器正在关闭。</translation>
        </message>
        <message>
            <source>Somebody ended it here or by the admin API. Both engines were told to stop.</source>
            <translation>请求在此处或经管理 API 被手动终止。已通知两个引擎停止。</translation>
        </message>
        <message>
            <source>The client's request was wrong; no engine has seen it.</source>
            <translation>客户端的请求有误；没有引擎收到它。</translation>
        </message>
        <message>
            <source>It still runs.</source>
            <translation>仍在运行。</translation>
        </message>
        <message>
            <source>What the engines said when they were told to forget it</source>
            <translation>引擎收到丢弃通知后的答复</translation>
        </message>
        <message>
            <source>no answer: %1</source>
            <translation>无应答：%1</translation>
        </message>
        <message>
            <source>Where it was stuck</source>
            <translation>卡在何处</translation>
        </message>
        <message>
            <source>after %1:</source>
            <translation>%1 后：</translation>
        </message>
        <message>
            <source>difference</source>
            <translation>差值</translation>
        </message>
    </context>
    <context>
        <name>TraceText</name>
        <message>
            <source>queued</source>
            <translation>排队中</translation>
        </message>
        <message>
            <source>running</source>
            <translation>运行中</translation>
        </message>
        <message>
            <source>gone</source>
            <comment>the client has left</comment>
            <translation>已断开</translation>
        </message>
        <message>
            <source>failed</source>
            <translation>失败</translation>
        </message>
        <message>
            <source>done, status %1</source>
            <translation>完成，状态码 %1</translation>
        </message>
        <message>
            <source>failed, status %1</source>
            <translation>失败，状态码 %1</translation>
        </message>
        <message>
            <source>refused, status %1</source>
            <translation>被拒绝，状态码 %1</translation>
        </message>
        <message>
            <source>the client has left</source>
            <translation>客户端已断开</translation>
        </message>
        <message>
            <source>%1 ms</source>
            <translation>%1 ms</translation>
        </message>
        <message>
            <source>%1 s</source>
            <translation>%1 s</translation>
        </message>
        <message>
            <source>%1 min %2 s</source>
            <translation>%1 min %2 s</translation>
        </message>
        <message>
            <source>%1 B</source>
            <translation>%1 B</translation>
        </message>
        <message>
            <source>%1 KiB</source>
            <translation>%1 KiB</translation>
        </message>
        <message>
            <source>%1 MiB</source>
            <translation>%1 MiB</translation>
        </message>
        <message>
            <source>waits for its turn</source>
            <translation>排队等待</translation>
        </message>
        <message>
            <source>received</source>
            <translation>已接收</translation>
        </message>
        <message>
            <source>the client takes nothing</source>
            <translation>客户端不接收数据</translation>
        </message>
        <message>
            <source>streaming</source>
            <translation>流式输出</translation>
        </message>
        <message>
            <source>waits for decode</source>
            <translation>等待 Decode</translation>
        </message>
        <message>
            <source>prefill</source>
            <translation>Prefill</translation>
        </message>
        <message>
            <source>queue</source>
            <translation>排队</translation>
        </message>
        <message>
            <source>until answer</source>
            <translation>等待应答</translation>
        </message>
        <message>
            <source>answer</source>
            <translation>应答</translation>
        </message>
        <message>
            <source>connect</source>
            <translation>连接</translation>
        </message>
        <message>
            <source>reuse</source>
            <translation>复用连接</translation>
        </message>
        <message>
            <source>send</source>
            <translation>发送</translation>
        </message>
        <message>
            <source>compute + KV</source>
            <translation>计算 + KV</translation>
        </message>
        <message>
            <source>wait</source>
            <translation>等待</translation>
        </message>
        <message>
            <source>first token</source>
            <translation>首 token</translation>
        </message>
        <message>
            <source>stream</source>
            <translation>流式输出</translation>
        </message>
        <message>
            <source>in engine</source>
            <translation>引擎内</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::AboutDialog</name>
        <message>
            <source>About pdlb</source>
            <translation>关于 pdlb</translation>
        </message>
        <message>
            <source>pdlb %1</source>
            <translation>pdlb %1</translation>
        </message>
        <message>
            <source>Load balancer, request tracer and request tester for LLM engines with prefill/decode disaggregation. Sources: Apache-2.0. This program: GPL-3.0, because of Qt HTTP Server and QCustomPlot, which it contains.</source>
            <translation>面向采用 Prefill/Decode 分离的 LLM 引擎的负载均衡、请求追踪与请求测试工具。源代码：Apache-2.0。本程序：GPL-3.0，因为其中包含 Qt HTTP Server 和 QCustomPlot。</translation>
        </message>
        <message>
            <source>Copy diagnostics</source>
            <translation>复制诊断信息</translation>
        </message>
        <message>
            <source>Close</source>
            <translation>关闭</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::AnswerView</name>
        <message>
            <source>Generated text</source>
            <translation>生成的文本</translation>
        </message>
        <message>
            <source>The answer's bytes</source>
            <translation>应答的字节</translation>
        </message>
        <message>
            <source>Show trace</source>
            <translation>显示追踪</translation>
        </message>
        <message>
            <source>TTFT</source>
            <translation>TTFT</translation>
        </message>
        <message>
            <source>Time to first token: from the start to the first chunk with content or reasoning; a role alone does not count</source>
            <translation>首 token 时间：从开始到第一个带有内容或推理的数据块；仅含角色的不算</translation>
        </message>
        <message>
            <source>ITL mean</source>
            <translation>ITL 平均</translation>
        </message>
        <message>
            <source>Inter-token latency: (last content − first content) / (completion tokens − 1); needs a usage block and two tokens</source>
            <translation>token 间延迟：(最后内容时间 − 首个内容时间) / (补全 token 数 − 1)；需要 usage 块和两个 token</translation>
        </message>
        <message>
            <source>tok/s</source>
            <translation>tok/s</translation>
        </message>
        <message>
            <source>Completion tokens per second from the first to the last content; while it streams: chunks with content</source>
            <translation>从首个内容到最后内容之间每秒的补全 token 数；流式输出期间：带有内容的数据块数</translation>
        </message>
        <message>
            <source>tokens</source>
            <translation>token</translation>
        </message>
        <message>
            <source>Completion tokens of the usage block; while it streams: chunks with content. A chunk may hold several tokens</source>
            <translation>usage 块中的补全 token 数；流式输出期间：带有内容的数据块数。一个数据块可能含多个 token</translation>
        </message>
        <message>
            <source>total</source>
            <translation>总计</translation>
        </message>
        <message>
            <source>From the start to the answer's last byte</source>
            <translation>从开始到应答的最后一个字节</translation>
        </message>
        <message>
            <source>pair</source>
            <translation>配对</translation>
        </message>
        <message>
            <source>The servers that the balancer picked</source>
            <translation>均衡器选择的服务器</translation>
        </message>
        <message>
            <source>The text as Markdown</source>
            <translation>以 Markdown 显示文本</translation>
        </message>
        <message>
            <source>Text</source>
            <translation>文本</translation>
        </message>
        <message>
            <source>Events</source>
            <translation>事件</translation>
        </message>
        <message>
            <source>Raw</source>
            <translation>原始</translation>
        </message>
        <message>
            <source>Markdown</source>
            <translation>Markdown</translation>
        </message>
        <message>
            <source>The answer appears here, token by token.</source>
            <translation>应答将在此处逐个 token 显示。</translation>
        </message>
        <message>
            <source>The answer is no stream: there are no events.</source>
            <translation>应答不是流：没有事件。</translation>
        </message>
        <message>
            <source>Events %1</source>
            <translation>事件 %1</translation>
        </message>
        <message>
            <source>Only the first %1 of %2 are shown.</source>
            <translation>仅显示 %2 个中的前 %1 个。</translation>
        </message>
        <message>
            <source>waiting</source>
            <translation>等待中</translation>
        </message>
        <message>
            <source>%1, streaming</source>
            <translation>%1，流式输出中</translation>
        </message>
        <message>
            <source>stopped</source>
            <translation>已停止</translation>
        </message>
        <message>
            <source>failed</source>
            <translation>失败</translation>
        </message>
        <message>
            <source>There are words in it that are too long to be laid out; see Text.</source>
            <translation>其中有过长而无法排版的词；请看“文本”。</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::AttachDialog</name>
        <message>
            <source>Attach to a running pdlb</source>
            <translation>附加到运行中的 pdlb</translation>
        </message>
        <message>
            <source>only where it asks for one (--admin-key-file)</source>
            <translation>仅在对方要求时填写 (--admin-key-file)</translation>
        </message>
        <message>
            <source>URL of the balancer, or its --admin-port</source>
            <translation>均衡器或其 --admin-port 的 URL</translation>
        </message>
        <message>
            <source>Admin key</source>
            <translation>管理密钥</translation>
        </message>
        <message>
            <source>Attach</source>
            <translation>附加</translation>
        </message>
        <message>
            <source>"%1" is no URL: expected http(s)://HOST:PORT</source>
            <translation>“%1”不是 URL：应为 http(s)://HOST:PORT</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::BodyView</name>
        <message>
            <source>
… cut here: %1 in all</source>
            <translation>
… 在此截断：共 %1</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::CompareDialog</name>
        <message>
            <source>The body was not kept.</source>
            <translation>正文未保留。</translation>
        </message>
        <message>
            <source>%1 and %2</source>
            <translation>%1 与 %2</translation>
        </message>
        <message>
            <source>%1: %2, %3</source>
            <translation>%1：%2，%3</translation>
        </message>
        <message>
            <source>Figures</source>
            <translation>数据</translation>
        </message>
        <message>
            <source>Requests</source>
            <translation>请求</translation>
        </message>
        <message>
            <source>Answers</source>
            <translation>应答</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::ConfigDraft</name>
        <message>
            <source>Discard changes</source>
            <translation>放弃更改</translation>
        </message>
        <message>
            <source>Enable %1 → %2</source>
            <translation>启用 %1 → %2</translation>
        </message>
        <message>
            <source>Disable %1 → %2</source>
            <translation>停用 %1 → %2</translation>
        </message>
        <message>
            <source>+ %1</source>
            <translation>+ %1</translation>
        </message>
        <message>
            <source>%1 enabled</source>
            <translation>%1 已启用</translation>
        </message>
        <message>
            <source>%1 disabled</source>
            <translation>%1 已停用</translation>
        </message>
        <message>
            <source>%1 URL %2 → %3</source>
            <translation>%1 URL %2 → %3</translation>
        </message>
        <message>
            <source>%1 bootstrap %2 → %3</source>
            <translation>%1 Bootstrap %2 → %3</translation>
        </message>
        <message>
            <source>%1 weight %2 → %3</source>
            <translation>%1 权重 %2 → %3</translation>
        </message>
        <message>
            <source>%1 group "%2" → "%3"</source>
            <translation>%1 组“%2”→“%3”</translation>
        </message>
        <message>
            <source>%1 limit %2 → %3</source>
            <translation>%1 上限 %2 → %3</translation>
        </message>
        <message>
            <source>− %1</source>
            <translation>− %1</translation>
        </message>
        <message>
            <source>%1 → %2 enabled</source>
            <translation>%1 → %2 已启用</translation>
        </message>
        <message>
            <source>%1 → %2 disabled</source>
            <translation>%1 → %2 已停用</translation>
        </message>
        <message>
            <source>%1 changed</source>
            <translation>%1 已更改</translation>
        </message>
        <message>
            <source>order of the servers</source>
            <translation>服务器顺序</translation>
        </message>
        <message>
            <source>list of pairs</source>
            <translation>配对列表</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::DoctorRun</name>
        <message>
            <source>the balancer examines its servers</source>
            <translation>均衡器正在检查其服务器</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::EventModel</name>
        <message>
            <source>#</source>
            <comment>number of an event</comment>
            <translation>#</translation>
        </message>
        <message>
            <source>Time</source>
            <translation>时间</translation>
        </message>
        <message>
            <source>Δ</source>
            <translation>Δ</translation>
        </message>
        <message>
            <source>Bytes</source>
            <translation>字节</translation>
        </message>
        <message>
            <source>Text</source>
            <translation>文本</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::EventsView</name>
        <message>
            <source>time between events</source>
            <translation>事件间隔时间</translation>
        </message>
        <message>
            <source>Show events with …</source>
            <translation>显示含有 … 的事件</translation>
        </message>
        <message>
            <source>Show events with this text</source>
            <translation>显示含有此文本的事件</translation>
        </message>
        <message>
            <source>Export events…</source>
            <translation>导出事件…</translation>
        </message>
        <message>
            <source>Events</source>
            <translation>事件</translation>
        </message>
        <message>
            <source>The text that the events make together</source>
            <translation>各事件合成的文本</translation>
        </message>
        <message>
            <source>The selected event</source>
            <translation>选中的事件</translation>
        </message>
        <message>
            <source>Event</source>
            <translation>事件</translation>
        </message>
        <message>
            <source>Assembled text</source>
            <translation>合成文本</translation>
        </message>
        <message>
            <source>Gaps</source>
            <translation>间隔</translation>
        </message>
        <message>
            <source>The answer was no stream: there are no events.</source>
            <translation>应答不是流：没有事件。</translation>
        </message>
        <message numerus="yes">
            <source>The answer was not kept: only counts and times are known (%n events).</source>
            <translation>
                <numerusform>应答未保留：只有计数和时间（%n 个事件）。</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>Its events are shown when it has ended (%n so far).</source>
            <translation>
                <numerusform>结束后显示其事件（目前 %n 个）。</numerusform>
            </translation>
        </message>
        <message>
            <source>Only the first part of the answer was kept.</source>
            <translation>仅保留了应答的开头部分。</translation>
        </message>
        <message>
            <source>Export events</source>
            <translation>导出事件</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::ExportJob</name>
        <message numerus="yes">
            <source>%n requests written to %1 (%2)</source>
            <translation>
                <numerusform>已将 %n 个请求写入 %1（%2）</numerusform>
            </translation>
        </message>
        <message>
            <source>%1 was not written: %2</source>
            <translation>未能写入 %1：%2</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::FilterEdit</name>
        <message>
            <source>Filter</source>
            <translation>筛选</translation>
        </message>
        <message>
            <source>Filter: status:5xx  ttft&gt;500ms  pair:p1/*  is:running</source>
            <translation>筛选：status:5xx  ttft&gt;500ms  pair:p1/*  is:running</translation>
        </message>
        <message>
            <source>What may stand here</source>
            <translation>此处可填的内容</translation>
        </message>
        <message>
            <source>Column %1: %2</source>
            <translation>第 %1 列：%2</translation>
        </message>
        <message>
            <source>No filter: all requests are shown</source>
            <translation>无筛选：显示所有请求</translation>
        </message>
        <message>
            <source>Filtering</source>
            <translation>正在筛选</translation>
        </message>
        <message>
            <source>The filter is applied</source>
            <translation>筛选已生效</translation>
        </message>
        <message>
            <source>The filter is applied; no request matches</source>
            <translation>筛选已生效；没有匹配的请求</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::FindBar</name>
        <message>
            <source>In all requests</source>
            <translation>在所有请求中</translation>
        </message>
        <message>
            <source>Find in what is shown</source>
            <translation>在显示内容中查找</translation>
        </message>
        <message>
            <source>Previous match</source>
            <translation>上一个匹配</translation>
        </message>
        <message>
            <source>Previous match (Shift+Enter)</source>
            <translation>上一个匹配 (Shift+Enter)</translation>
        </message>
        <message>
            <source>Next match</source>
            <translation>下一个匹配</translation>
        </message>
        <message>
            <source>Next match (Enter)</source>
            <translation>下一个匹配 (Enter)</translation>
        </message>
        <message>
            <source>Filters the table: requests whose bodies have these words</source>
            <translation>筛选表格：正文含有这些词的请求</translation>
        </message>
        <message>
            <source>not found</source>
            <translation>未找到</translation>
        </message>
        <message>
            <source>there is no text here</source>
            <translation>此处没有文本</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::FirstRunPage</name>
        <message>
            <source>See where each request is, on which engine, and why.</source>
            <translation>查看每个请求在何处、在哪个引擎上，以及原因。</translation>
        </message>
        <message>
            <source>pdlb balances requests over prefill and decode engines, traces each of them live, and fires test requests. How do you want to begin?</source>
            <translation>pdlb 在 Prefill 和 Decode 引擎之间均衡请求，实时追踪每个请求，并可发送测试请求。您想如何开始？</translation>
        </message>
        <message>
            <source>Try it without a GPU</source>
            <translation>无需 GPU 即可试用</translation>
        </message>
        <message>
            <source>Two mock engines, a prefill and a decode, start inside this program with the balancer in front of them.</source>
            <translation>在本程序内启动两个模拟引擎（一个 Prefill、一个 Decode），均衡器位于其前。</translation>
        </message>
        <message>
            <source>Start with two mock engines</source>
            <translation>用两个模拟引擎启动</translation>
        </message>
        <message>
            <source>You have engines</source>
            <translation>您已有引擎</translation>
        </message>
        <message>
            <source>Enter their URLs, or paste the flags of a router: --prefill … --decode … The doctor says what does not fit together.</source>
            <translation>输入引擎的 URL，或粘贴路由器的命令行参数：--prefill … --decode … 诊断功能会指出不匹配之处。</translation>
        </message>
        <message>
            <source>Enter engine URLs</source>
            <translation>输入引擎 URL</translation>
        </message>
        <message>
            <source>pdlb runs elsewhere</source>
            <translation>pdlb 在别处运行</translation>
        </message>
        <message>
            <source>Attach to a headless pdlb serve by its admin API: its requests stream in here, its pairs can be edited.</source>
            <translation>通过管理 API 附加到无界面的 pdlb serve：其请求实时显示在此处，其配对可以编辑。</translation>
        </message>
        <message>
            <source>Attach to a running pdlb</source>
            <translation>附加到运行中的 pdlb</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::HistogramPlot</name>
        <message>
            <source>%1, n = %2</source>
            <translation>%1，n = %2</translation>
        </message>
        <message>
            <source>%1 to %2: %3</source>
            <translation>%1 至 %2：%3</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::ImportDialog</name>
        <message>
            <source>Replace all servers</source>
            <translation>替换所有服务器</translation>
        </message>
        <message>
            <source>Paste servers</source>
            <translation>粘贴服务器</translation>
        </message>
        <message>
            <source>Flags of a router (--prefill http://a:30000 8998 --decode http://b:30000), URLs in lines, JSON, or a configuration file:</source>
            <translation>路由器的命令行参数 (--prefill http://a:30000 8998 --decode http://b:30000)、逐行的 URL、JSON 或配置文件：</translation>
        </message>
        <message>
            <source>Servers as text</source>
            <translation>文本形式的服务器</translation>
        </message>
        <message>
            <source>Bare URLs are prefill servers</source>
            <translation>未标角色的 URL 为 Prefill 服务器</translation>
        </message>
        <message>
            <source>Bare URLs are decode servers</source>
            <translation>未标角色的 URL 为 Decode 服务器</translation>
        </message>
        <message>
            <source>Role of URLs that do not say theirs</source>
            <translation>未标明角色的 URL 的角色</translation>
        </message>
        <message>
            <source>Open a file…</source>
            <translation>打开文件…</translation>
        </message>
        <message>
            <source>Take over</source>
            <translation>采用</translation>
        </message>
        <message>
            <source>Open a configuration</source>
            <translation>打开配置</translation>
        </message>
        <message>
            <source>Configurations (*.json *.txt *.sh);;All files (*)</source>
            <translation>配置文件 (*.json *.txt *.sh);;所有文件 (*)</translation>
        </message>
        <message>
            <source>%1 cannot be read: %2</source>
            <translation>无法读取 %1：%2</translation>
        </message>
        <message numerus="yes">
            <source>Read as %1: %n prefill</source>
            <translation>
                <numerusform>识别为 %1：%n 个 Prefill</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>%n decode</source>
            <translation>
                <numerusform>%n 个 Decode</numerusform>
            </translation>
        </message>
        <message>
            <source>Nothing would change.</source>
            <translation>不会有任何更改。</translation>
        </message>
        <message>
            <source>Would change: %1</source>
            <translation>将更改：%1</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::KeysDialog</name>
        <message>
            <source>Keys and signs</source>
            <translation>按键与符号</translation>
        </message>
        <message>
            <source>queue</source>
            <translation>排队</translation>
        </message>
        <message>
            <source>connect, send</source>
            <translation>连接、发送</translation>
        </message>
        <message>
            <source>prefill</source>
            <translation>Prefill</translation>
        </message>
        <message>
            <source>KV transfer</source>
            <translation>KV 传输</translation>
        </message>
        <message>
            <source>decode wait</source>
            <translation>等待 Decode</translation>
        </message>
        <message>
            <source>streaming</source>
            <translation>流式输出</translation>
        </message>
        <message>
            <source>In the table of requests</source>
            <translation>在请求表格中</translation>
        </message>
        <message>
            <source>next, previous request</source>
            <translation>下一个、上一个请求</translation>
        </message>
        <message>
            <source>zoom the waterfall, fit it</source>
            <translation>缩放瀑布图、适应窗口</translation>
        </message>
        <message>
            <source>move the waterfall</source>
            <translation>移动瀑布图</translation>
        </message>
        <message>
            <source>Ctrl+wheel</source>
            <translation>Ctrl+滚轮</translation>
        </message>
        <message>
            <source>zoom where the pointer is</source>
            <translation>在指针处缩放</translation>
        </message>
        <message>
            <source>✔ done   ⟳ running   ✖ failed   ⊘ client gone   ⏸ queued</source>
            <translation>✔ 完成   ⟳ 运行中   ✖ 失败   ⊘ 客户端已断开   ⏸ 排队中</translation>
        </message>
        <message>
            <source>Keys</source>
            <translation>按键</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::LocalSession</name>
        <message>
            <source>The balancer listens on %1</source>
            <translation>均衡器正在监听 %1</translation>
        </message>
        <message>
            <source>The balancer did not start: %1</source>
            <translation>均衡器未能启动：%1</translation>
        </message>
        <message>
            <source>The balancer has stopped</source>
            <translation>均衡器已停止</translation>
        </message>
        <message>
            <source>It is in force, but not saved: %1</source>
            <translation>已生效，但未保存：%1</translation>
        </message>
        <message>
            <source>the balancer is not running any more</source>
            <translation>均衡器已不在运行</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::LogModel</name>
        <message>
            <source>debug</source>
            <translation>调试</translation>
        </message>
        <message>
            <source>info</source>
            <translation>信息</translation>
        </message>
        <message>
            <source>warning</source>
            <translation>警告</translation>
        </message>
        <message>
            <source>error</source>
            <translation>错误</translation>
        </message>
        <message>
            <source>Time</source>
            <translation>时间</translation>
        </message>
        <message>
            <source>Level</source>
            <translation>级别</translation>
        </message>
        <message>
            <source>Part</source>
            <translation>组件</translation>
        </message>
        <message>
            <source>Message</source>
            <translation>消息</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::LogPage</name>
        <message>
            <source>Log</source>
            <translation>日志</translation>
        </message>
        <message>
            <source>everything</source>
            <translation>全部</translation>
        </message>
        <message>
            <source>info and above</source>
            <translation>信息及以上</translation>
        </message>
        <message>
            <source>warnings and above</source>
            <translation>警告及以上</translation>
        </message>
        <message>
            <source>errors</source>
            <translation>错误</translation>
        </message>
        <message>
            <source>Least level that is shown</source>
            <translation>显示的最低级别</translation>
        </message>
        <message>
            <source>Show messages with …</source>
            <translation>显示含有 … 的消息</translation>
        </message>
        <message>
            <source>Show messages with this text</source>
            <translation>显示含有此文本的消息</translation>
        </message>
        <message>
            <source>Copy</source>
            <translation>复制</translation>
        </message>
        <message>
            <source>Clear</source>
            <translation>清空</translation>
        </message>
        <message>
            <source>Messages</source>
            <translation>消息</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::MainWindow</name>
        <message>
            <source>Copied: %1</source>
            <translation>已复制：%1</translation>
        </message>
        <message>
            <source>Traces</source>
            <translation>追踪</translation>
        </message>
        <message>
            <source>Pairs</source>
            <translation>配对</translation>
        </message>
        <message>
            <source>Tester</source>
            <translation>测试器</translation>
        </message>
        <message>
            <source>Metrics</source>
            <translation>指标</translation>
        </message>
        <message>
            <source>Log</source>
            <translation>日志</translation>
        </message>
        <message>
            <source>%1 (Ctrl+%2)</source>
            <translation>%1 (Ctrl+%2)</translation>
        </message>
        <message>
            <source>Attach…</source>
            <translation>附加…</translation>
        </message>
        <message>
            <source>Shows a pdlb that runs elsewhere (Ctrl+T)</source>
            <translation>显示在别处运行的 pdlb (Ctrl+T)</translation>
        </message>
        <message>
            <source>&amp;Balancer</source>
            <translation>均衡器(&amp;B)</translation>
        </message>
        <message>
            <source>Start or stop</source>
            <translation>启动或停止</translation>
        </message>
        <message>
            <source>Start with two mock engines</source>
            <translation>用两个模拟引擎启动</translation>
        </message>
        <message>
            <source>Attach to a running pdlb…</source>
            <translation>附加到运行中的 pdlb…</translation>
        </message>
        <message>
            <source>Detach</source>
            <translation>分离</translation>
        </message>
        <message>
            <source>Open configuration…</source>
            <translation>打开配置…</translation>
        </message>
        <message>
            <source>Open configuration</source>
            <translation>打开配置</translation>
        </message>
        <message>
            <source>Configurations (*.json);;All files (*)</source>
            <translation>配置文件 (*.json);;所有文件 (*)</translation>
        </message>
        <message>
            <source>Quit</source>
            <translation>退出</translation>
        </message>
        <message>
            <source>&amp;View</source>
            <translation>视图(&amp;V)</translation>
        </message>
        <message>
            <source>Theme</source>
            <translation>主题</translation>
        </message>
        <message>
            <source>As the system</source>
            <translation>跟随系统</translation>
        </message>
        <message>
            <source>Light</source>
            <translation>浅色</translation>
        </message>
        <message>
            <source>Dark</source>
            <translation>深色</translation>
        </message>
        <message>
            <source>Language</source>
            <translation>语言</translation>
        </message>
        <message>
            <source>The language changes with the next start.</source>
            <translation>语言将在下次启动时更改。</translation>
        </message>
        <message>
            <source>Default layout</source>
            <translation>默认布局</translation>
        </message>
        <message>
            <source>The layout is as it was at first with the next start.</source>
            <translation>布局将在下次启动时恢复为初始状态。</translation>
        </message>
        <message>
            <source>&amp;Requests</source>
            <translation>请求(&amp;R)</translation>
        </message>
        <message>
            <source>&amp;Pairs</source>
            <translation>配对(&amp;P)</translation>
        </message>
        <message>
            <source>&amp;Tester</source>
            <translation>测试器(&amp;T)</translation>
        </message>
        <message>
            <source>&amp;Help</source>
            <translation>帮助(&amp;H)</translation>
        </message>
        <message>
            <source>Keys and signs</source>
            <translation>按键与符号</translation>
        </message>
        <message>
            <source>About pdlb</source>
            <translation>关于 pdlb</translation>
        </message>
        <message>
            <source>pdlb: local balancer</source>
            <translation>pdlb：本地均衡器</translation>
        </message>
        <message>
            <source>pdlb: %1</source>
            <translation>pdlb：%1</translation>
        </message>
        <message>
            <source>The balancer in this program is running. Stop it before you attach to another one.</source>
            <translation>本程序内的均衡器正在运行。请先停止它，再附加到另一个均衡器。</translation>
        </message>
        <message>
            <source>Stop it</source>
            <translation>停止</translation>
        </message>
        <message>
            <source>The balancer is running already.</source>
            <translation>均衡器已在运行。</translation>
        </message>
        <message>
            <source>The mock engines did not start: %1</source>
            <translation>模拟引擎未能启动：%1</translation>
        </message>
        <message>
            <source>Use any free port</source>
            <translation>使用任意空闲端口</translation>
        </message>
        <message>
            <source>Show servers</source>
            <translation>显示服务器</translation>
        </message>
        <message>
            <source>The balancer cannot be reached: %1. It is tried again every two seconds.</source>
            <translation>无法连接均衡器：%1。每两秒重试一次。</translation>
        </message>
        <message>
            <source>%1 of %2</source>
            <translation>%1 / %2</translation>
        </message>
        <message>
            <source>Memory of the requests' and answers' bodies; the oldest requests give theirs back when it is used up</source>
            <translation>请求正文和应答正文占用的内存；用尽时，最早的请求会释放其正文</translation>
        </message>
        <message>
            <source>Memory of the requests' records</source>
            <translation>请求记录占用的内存</translation>
        </message>
        <message>
            <source>%1: %2</source>
            <translation>%1：%2</translation>
        </message>
        <message>
            <source>Open %1</source>
            <translation>打开 %1</translation>
        </message>
        <message>
            <source>Opened: %1. Apply puts it in force; changes are saved there.</source>
            <translation>已打开：%1。点击“应用”使其生效；更改将保存到该文件。</translation>
        </message>
        <message numerus="yes">
            <source>%n requests still run; the window closes when they have ended.</source>
            <translation>
                <numerusform>仍有 %n 个请求在运行；它们结束后窗口将关闭。</numerusform>
            </translation>
        </message>
        <message>
            <source>End them now</source>
            <translation>立即终止</translation>
        </message>
        <message>
            <source>Changes of servers and pairs are not applied yet. Apply them, or close once more to lose them.</source>
            <translation>服务器与配对的更改尚未应用。请应用，或再次关闭以放弃更改。</translation>
        </message>
        <message>
            <source>Close without them</source>
            <translation>不应用并关闭</translation>
        </message>
        <message>
            <source>Requests kept</source>
            <translation>保留的请求数</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::MatrixDelegate</name>
        <message>
            <source>TTFT %1</source>
            <translation>TTFT %1</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::MatrixModel</name>
        <message>
            <source>%1 disabled</source>
            <translation>%1 已停用</translation>
        </message>
        <message>
            <source>not paired</source>
            <translation>未配对</translation>
        </message>
        <message>
            <source>disabled</source>
            <translation>已停用</translation>
        </message>
        <message>
            <source>%1 down</source>
            <translation>%1 离线</translation>
        </message>
        <message>
            <source>%1 %2</source>
            <comment>server and its state</comment>
            <translation>%1 %2</translation>
        </message>
        <message>
            <source>fails</source>
            <translation>不可用</translation>
        </message>
        <message>
            <source>suspect</source>
            <translation>可疑</translation>
        </message>
        <message numerus="yes">
            <source>%n in flight</source>
            <translation>
                <numerusform>%n 个处理中</numerusform>
            </translation>
        </message>
        <message>
            <source>works</source>
            <translation>可用</translation>
        </message>
        <message>
            <source>idle</source>
            <translation>空闲</translation>
        </message>
        <message>
            <source>median TTFT %1</source>
            <translation>TTFT 中位数 %1</translation>
        </message>
        <message>
            <source>%1 not applied</source>
            <translation>%1 未应用</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::MessageBanner</name>
        <message>
            <source>Close this message</source>
            <translation>关闭此消息</translation>
        </message>
        <message>
            <source>Error</source>
            <translation>错误</translation>
        </message>
        <message>
            <source>Warning</source>
            <translation>警告</translation>
        </message>
        <message>
            <source>Information</source>
            <translation>信息</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::MessageCards</name>
        <message>
            <source>Role of the message</source>
            <translation>消息角色</translation>
        </message>
        <message>
            <source>Text of the message</source>
            <translation>消息文本</translation>
        </message>
        <message>
            <source>Move the message up</source>
            <translation>上移消息</translation>
        </message>
        <message>
            <source>Move the message down</source>
            <translation>下移消息</translation>
        </message>
        <message>
            <source>Remove the message</source>
            <translation>删除消息</translation>
        </message>
        <message>
            <source>Add message</source>
            <translation>添加消息</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::MetricsPage</name>
        <message>
            <source>Requests a second</source>
            <translation>每秒请求数</translation>
        </message>
        <message>
            <source>In flight</source>
            <translation>进行中</translation>
        </message>
        <message>
            <source>Time to first token</source>
            <translation>首 token 时间</translation>
        </message>
        <message>
            <source>ms</source>
            <translation>ms</translation>
        </message>
        <message>
            <source>Prefill time by server</source>
            <translation>各服务器的 Prefill 时间</translation>
        </message>
        <message>
            <source>Decode time by server</source>
            <translation>各服务器的 Decode 时间</translation>
        </message>
        <message>
            <source>Failures a second by end</source>
            <translation>每秒失败数（按结束原因）</translation>
        </message>
        <message>
            <source>Metrics</source>
            <translation>指标</translation>
        </message>
        <message>
            <source>Time range</source>
            <translation>时间范围</translation>
        </message>
        <message>
            <source>last minute</source>
            <translation>最近 1 分钟</translation>
        </message>
        <message>
            <source>last 5 minutes</source>
            <translation>最近 5 分钟</translation>
        </message>
        <message>
            <source>last 15 minutes</source>
            <translation>最近 15 分钟</translation>
        </message>
        <message>
            <source>last hour</source>
            <translation>最近 1 小时</translation>
        </message>
        <message>
            <source>Of the requests that this window has seen.</source>
            <translation>仅统计此窗口看到的请求。</translation>
        </message>
        <message>
            <source>requests</source>
            <translation>请求</translation>
        </message>
        <message>
            <source>in flight</source>
            <translation>进行中</translation>
        </message>
        <message>
            <source>p50</source>
            <translation>p50</translation>
        </message>
        <message>
            <source>p99</source>
            <translation>p99</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::PairsPage</name>
        <message>
            <source>The doctor cannot begin: %1</source>
            <translation>诊断无法开始：%1</translation>
        </message>
        <message>
            <source>Servers</source>
            <translation>服务器</translation>
        </message>
        <message>
            <source>Add</source>
            <translation>添加</translation>
        </message>
        <message>
            <source>Prefill server</source>
            <translation>Prefill 服务器</translation>
        </message>
        <message>
            <source>Decode server</source>
            <translation>Decode 服务器</translation>
        </message>
        <message>
            <source>Paste…</source>
            <translation>粘贴…</translation>
        </message>
        <message>
            <source>Flags, URLs, JSON or a configuration file (Ctrl+V in the table)</source>
            <translation>命令行参数、URL、JSON 或配置文件（在表格中按 Ctrl+V）</translation>
        </message>
        <message>
            <source>Export</source>
            <translation>导出</translation>
        </message>
        <message>
            <source>Listen address</source>
            <translation>监听地址</translation>
        </message>
        <message>
            <source>any</source>
            <translation>任意</translation>
        </message>
        <message>
            <source>Listen port</source>
            <translation>监听端口</translation>
        </message>
        <message>
            <source>Policy</source>
            <translation>策略</translation>
        </message>
        <message>
            <source>Pairing</source>
            <translation>配对方式</translation>
        </message>
        <message>
            <source>Which prefills and decodes may serve a request together: any, those of the same group, or only listed pairs</source>
            <translation>哪些 Prefill 与 Decode 可以共同服务一个请求：任意、同组，或仅列出的配对</translation>
        </message>
        <message>
            <source>Listen</source>
            <translation>监听</translation>
        </message>
        <message>
            <source>Policy %1</source>
            <translation>策略 %1</translation>
        </message>
        <message>
            <source>Pairs</source>
            <translation>配对</translation>
        </message>
        <message>
            <source>Run doctor</source>
            <translation>运行诊断</translation>
        </message>
        <message>
            <source>Examines every server and sends a one-token request through each pair that can be expected to work</source>
            <translation>检查每台服务器，并向每个可能可用的配对发送一个单 token 请求</translation>
        </message>
        <message>
            <source>Progress of the doctor</source>
            <translation>诊断进度</translation>
        </message>
        <message>
            <source>Pair matrix: prefills in rows, decodes in columns</source>
            <translation>配对矩阵：行为 Prefill，列为 Decode</translation>
        </message>
        <message>
            <source>Test pair</source>
            <translation>测试配对</translation>
        </message>
        <message>
            <source>Show its requests</source>
            <translation>显示其请求</translation>
        </message>
        <message>
            <source>Use in tester</source>
            <translation>用于测试器</translation>
        </message>
        <message>
            <source>Undo</source>
            <translation>撤销</translation>
        </message>
        <message>
            <source>Redo</source>
            <translation>重做</translation>
        </message>
        <message>
            <source>Undo: %1</source>
            <translation>撤销：%1</translation>
        </message>
        <message>
            <source>Discard</source>
            <translation>放弃</translation>
        </message>
        <message>
            <source>Apply</source>
            <translation>应用</translation>
        </message>
        <message>
            <source>Add prefill server</source>
            <translation>添加 Prefill 服务器</translation>
        </message>
        <message>
            <source>Add decode server</source>
            <translation>添加 Decode 服务器</translation>
        </message>
        <message>
            <source>Duplicate</source>
            <translation>创建副本</translation>
        </message>
        <message>
            <source>Remove</source>
            <translation>移除</translation>
        </message>
        <message>
            <source>Paste servers…</source>
            <translation>粘贴服务器…</translation>
        </message>
        <message>
            <source>Copy as flags</source>
            <translation>复制为命令行参数</translation>
        </message>
        <message>
            <source>Enable or disable pair</source>
            <translation>启用或禁用配对</translation>
        </message>
        <message>
            <source>Copied: flags for pdlb serve and SGLang's router.</source>
            <translation>已复制：pdlb serve 与 SGLang 路由器的命令行参数。</translation>
        </message>
        <message>
            <source>Copy as JSON</source>
            <translation>复制为 JSON</translation>
        </message>
        <message>
            <source>Copied: a configuration file, without keys.</source>
            <translation>已复制：配置文件，不含密钥。</translation>
        </message>
        <message>
            <source>Copy URLs</source>
            <translation>复制 URL</translation>
        </message>
        <message>
            <source>Copied: a line for each server.</source>
            <translation>已复制：每台服务器一行。</translation>
        </message>
        <message>
            <source>Save configuration file…</source>
            <translation>保存配置文件…</translation>
        </message>
        <message>
            <source>Save configuration</source>
            <translation>保存配置</translation>
        </message>
        <message>
            <source>Written: %1. Start it anywhere with: pdlb serve --config %1</source>
            <translation>已写入：%1。可在任何地方启动：pdlb serve --config %1</translation>
        </message>
        <message>
            <source>Another balancer</source>
            <translation>另一个均衡器</translation>
        </message>
        <message>
            <source>This is in force.</source>
            <translation>已生效。</translation>
        </message>
        <message>
            <source>No changes.</source>
            <translation>没有更改。</translation>
        </message>
        <message>
            <source>Cannot be applied: %1</source>
            <translation>无法应用：%1</translation>
        </message>
        <message numerus="yes">
            <source>%n changes not applied: %1</source>
            <translation>
                <numerusform>%n 项更改未应用：%1</numerusform>
            </translation>
        </message>
        <message>
            <source>Paste servers</source>
            <translation>粘贴服务器</translation>
        </message>
        <message>
            <source>Not applied: %1</source>
            <translation>未应用：%1</translation>
        </message>
        <message>
            <source>In force. Running requests end on the servers they began on.</source>
            <translation>已生效。正在运行的请求会在原来的服务器上结束。</translation>
        </message>
        <message>
            <source>Kept for the next start.</source>
            <translation>已保留，下次启动时使用。</translation>
        </message>
        <message>
            <source>In force, but for what needs a restart: %1</source>
            <translation>已生效，但以下项需要重启：%1</translation>
        </message>
        <message>
            <source>Stop doctor</source>
            <translation>停止诊断</translation>
        </message>
        <message>
            <source>doctor: %1 of %2 fine</source>
            <translation>诊断：%1 / %2 正常</translation>
        </message>
        <message>
            <source>Select a pair</source>
            <translation>请选择一个配对</translation>
        </message>
        <message>
            <source>No pairs yet</source>
            <translation>还没有配对</translation>
        </message>
        <message>
            <source>Each cell is a prefill and a decode server that may serve a request together.</source>
            <translation>每个单元格是可以共同服务一个请求的一台 Prefill 与一台 Decode 服务器。</translation>
        </message>
        <message>
            <source>Add at least one prefill and one decode server, or paste a router's flags.</source>
            <translation>请至少添加一台 Prefill 和一台 Decode 服务器，或粘贴路由器的命令行参数。</translation>
        </message>
        <message>
            <source>%1 cannot work: %2</source>
            <translation>%1 无法工作：%2</translation>
        </message>
        <message>
            <source>%1: %2</source>
            <translation>%1：%2</translation>
        </message>
        <message>
            <source>The doctor's one-token request: prefill %1, decode %2.</source>
            <translation>诊断的单 token 请求：Prefill %1，Decode %2。</translation>
        </message>
        <message>
            <source>No request was sent: %1</source>
            <translation>未发送请求：%1</translation>
        </message>
        <message>
            <source>Nothing is wrong with it as far as is known. The doctor looks deeper.</source>
            <translation>目前未发现问题。诊断可以检查得更深入。</translation>
        </message>
        <message>
            <source>Disable pair</source>
            <translation>禁用配对</translation>
        </message>
        <message>
            <source>Enable pair</source>
            <translation>启用配对</translation>
        </message>
        <message>
            <source>Test %1 → %2</source>
            <translation>测试 %1 → %2</translation>
        </message>
        <message>
            <source>Enable</source>
            <translation>启用</translation>
        </message>
        <message>
            <source>Disable</source>
            <translation>禁用</translation>
        </message>
        <message numerus="yes">
            <source>For %n servers:</source>
            <translation>
                <numerusform>对 %n 台服务器：</numerusform>
            </translation>
        </message>
        <message>
            <source>Set weight…</source>
            <translation>设置权重…</translation>
        </message>
        <message>
            <source>Weight</source>
            <translation>权重</translation>
        </message>
        <message>
            <source>Set group…</source>
            <translation>设置组…</translation>
        </message>
        <message>
            <source>Group</source>
            <translation>组</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::RemoteSession</name>
        <message>
            <source>the balancer wants another admin key (%1)</source>
            <translation>均衡器需要另一个管理密钥（%1）</translation>
        </message>
        <message>
            <source>there is no admin API of pdlb (404)</source>
            <translation>那里没有 pdlb 的管理 API（404）</translation>
        </message>
        <message>
            <source>it answered with status %1</source>
            <translation>它应答的状态为 %1</translation>
        </message>
        <message numerus="yes">
            <source>nothing has come from it for %n seconds</source>
            <translation>
                <numerusform>已有 %n 秒没有收到任何数据</numerusform>
            </translation>
        </message>
        <message>
            <source>what answers there is not pdlb</source>
            <translation>那里应答的不是 pdlb</translation>
        </message>
        <message>
            <source>Attached to %1</source>
            <translation>已附加到 %1</translation>
        </message>
        <message>
            <source>it ended the connection</source>
            <translation>它结束了连接</translation>
        </message>
        <message>
            <source>Some requests are not shown: they came faster than the connection takes them</source>
            <translation>部分请求未显示：到达速度超过了连接的处理能力</translation>
        </message>
        <message>
            <source>%1 cannot be reached: %2</source>
            <translation>无法连接 %1：%2</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::RepeatPanel</name>
        <message>
            <source>Run</source>
            <translation>运行</translation>
        </message>
        <message>
            <source>Export</source>
            <translation>导出</translation>
        </message>
        <message>
            <source>TTFT in ms</source>
            <translation>TTFT（ms）</translation>
        </message>
        <message>
            <source>Repeat</source>
            <translation>重复</translation>
        </message>
        <message>
            <source>Number of requests</source>
            <translation>请求数量</translation>
        </message>
        <message>
            <source>at once</source>
            <translation>并发</translation>
        </message>
        <message>
            <source>a second</source>
            <translation>每秒</translation>
        </message>
        <message>
            <source>Closed loop (so many at once) or open loop (so many a second)</source>
            <translation>闭环（并发数）或开环（每秒数）</translation>
        </message>
        <message>
            <source>At once: so many run at a time. A second: they begin at that rate whatever comes back, and times count from when they should have begun.</source>
            <translation>并发：同时运行这么多请求。每秒：无论应答如何都按该速率开始，时间从应当开始的时刻计算。</translation>
        </message>
        <message>
            <source>How many at once, or a second</source>
            <translation>并发数或每秒数</translation>
        </message>
        <message>
            <source>Requests before the measured ones</source>
            <translation>正式测量前的请求</translation>
        </message>
        <message>
            <source>Requests before the measured ones, which do not count</source>
            <translation>正式测量前的请求，不计入结果</translation>
        </message>
        <message>
            <source>requests</source>
            <translation>请求</translation>
        </message>
        <message>
            <source>warm-up</source>
            <translation>预热</translation>
        </message>
        <message>
            <source>Later runs are compared with this one</source>
            <translation>之后的运行将与此次比较</translation>
        </message>
        <message>
            <source>JSON…</source>
            <translation>JSON…</translation>
        </message>
        <message>
            <source>CSV…</source>
            <translation>CSV…</translation>
        </message>
        <message>
            <source>seconds</source>
            <translation>秒</translation>
        </message>
        <message>
            <source>Results by pair</source>
            <translation>按配对的结果</translation>
        </message>
        <message>
            <source>pair</source>
            <translation>配对</translation>
        </message>
        <message>
            <source>n</source>
            <translation>n</translation>
        </message>
        <message>
            <source>failed</source>
            <translation>失败</translation>
        </message>
        <message>
            <source>TTFT p50</source>
            <translation>TTFT p50</translation>
        </message>
        <message>
            <source>TTFT p99</source>
            <translation>TTFT p99</translation>
        </message>
        <message>
            <source>ITL mean</source>
            <translation>ITL 平均</translation>
        </message>
        <message>
            <source>total p50</source>
            <translation>总计 p50</translation>
        </message>
        <message>
            <source>tokens</source>
            <translation>token</translation>
        </message>
        <message>
            <source>Report</source>
            <translation>报告</translation>
        </message>
        <message>
            <source>Histogram</source>
            <translation>直方图</translation>
        </message>
        <message>
            <source>Over time</source>
            <translation>随时间</translation>
        </message>
        <message>
            <source>By pair</source>
            <translation>按配对</translation>
        </message>
        <message>
            <source>This is the baseline now.</source>
            <translation>现在它就是基线。</translation>
        </message>
        <message>
            <source>Stop</source>
            <translation>停止</translation>
        </message>
        <message>
            <source>%1 of %2 ended, %3 failed, %4 running</source>
            <translation>%1 / %2 已结束，%3 失败，%4 运行中</translation>
        </message>
        <message>
            <source>TTFT p50 %1</source>
            <translation>TTFT p50 %1</translation>
        </message>
        <message>
            <source>Compared with the baseline:</source>
            <translation>与基线比较：</translation>
        </message>
        <message>
            <source>%1 good, %2 failed · %3 requests/s</source>
            <translation>%1 成功，%2 失败 · %3 请求/s</translation>
        </message>
        <message>
            <source>p99 %1</source>
            <translation>p99 %1</translation>
        </message>
        <message numerus="yes">
            <source>%n requests failed; most often: %1</source>
            <translation>
                <numerusform>%n 个请求失败；最常见：%1</numerusform>
            </translation>
        </message>
        <message>
            <source>all</source>
            <translation>全部</translation>
        </message>
        <message>
            <source>Export the results</source>
            <translation>导出结果</translation>
        </message>
        <message>
            <source>Baseline</source>
            <translation>基线</translation>
        </message>
        <message>
            <source>Sends the request on the left many times and measures.</source>
            <translation>多次发送左侧的请求并测量。</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::ReplayJob</name>
        <message>
            <source>nothing of it was kept</source>
            <translation>没有保留任何内容</translation>
        </message>
        <message>
            <source>It cannot be sent again: %1</source>
            <translation>无法再次发送：%1</translation>
        </message>
        <message numerus="yes">
            <source>%n requests were sent again.</source>
            <translation>
                <numerusform>已再次发送 %n 个请求。</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>%n requests were sent again, %1 of them failed: %2</source>
            <translation>
                <numerusform>已再次发送 %n 个请求，其中 %1 个失败：%2</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::RequestForm</name>
        <message>
            <source>stream</source>
            <translation>stream</translation>
        </message>
        <message>
            <source>usage</source>
            <translation>usage</translation>
        </message>
        <message>
            <source>More parameters</source>
            <translation>更多参数</translation>
        </message>
        <message>
            <source>URL to send to</source>
            <translation>发送到的 URL</translation>
        </message>
        <message>
            <source>left out</source>
            <translation>省略</translation>
        </message>
        <message>
            <source>none, or the balancer's own</source>
            <translation>无，或均衡器自己的</translation>
        </message>
        <message>
            <source>Endpoint</source>
            <translation>端点</translation>
        </message>
        <message>
            <source>Send to</source>
            <translation>发送到</translation>
        </message>
        <message>
            <source>Model</source>
            <translation>模型</translation>
        </message>
        <message>
            <source>API key</source>
            <translation>API 密钥</translation>
        </message>
        <message>
            <source>Prompt</source>
            <translation>提示词</translation>
        </message>
        <message>
            <source>Explain prefill/decode disaggregation in three sentences.</source>
            <translation>用三句话解释 Prefill/Decode 分离。</translation>
        </message>
        <message>
            <source>Prefill/decode disaggregation means</source>
            <translation>Prefill/Decode 分离是指</translation>
        </message>
        <message>
            <source>stream_options.include_usage: token counts at the stream's end, which ITL needs</source>
            <translation>stream_options.include_usage：流结束时的 token 计数，ITL 需要它</translation>
        </message>
        <message>
            <source>Words that end the text, with commas between them</source>
            <translation>结束文本的词，以逗号分隔</translation>
        </message>
        <message>
            <source>Extra JSON (merged last)</source>
            <translation>额外 JSON（最后合并）</translation>
        </message>
        <message>
            <source>Extra JSON</source>
            <translation>额外 JSON</translation>
        </message>
        <message>
            <source>balancer (policy picks)</source>
            <translation>均衡器（由策略选择）</translation>
        </message>
        <message>
            <source>pair %1 → %2</source>
            <translation>配对 %1 → %2</translation>
        </message>
        <message>
            <source>prefill %1 alone</source>
            <translation>仅 Prefill %1</translation>
        </message>
        <message>
            <source>decode %1 alone</source>
            <translation>仅 Decode %1</translation>
        </message>
        <message>
            <source>another URL</source>
            <translation>其他 URL</translation>
        </message>
        <message>
            <source>there is no server %1 any more</source>
            <translation>服务器 %1 已不存在</translation>
        </message>
        <message>
            <source>the balancer does not run; start it, or send to another URL</source>
            <translation>均衡器未运行；请启动它，或发送到其他 URL</translation>
        </message>
        <message>
            <source>there is no URL to send to</source>
            <translation>没有可发送到的 URL</translation>
        </message>
        <message>
            <source>%1: "%2" is not a number from %3 to %4</source>
            <translation>%1：“%2”不是 %3 到 %4 之间的数</translation>
        </message>
        <message>
            <source>Extra JSON: %1</source>
            <translation>额外 JSON：%1</translation>
        </message>
        <message>
            <source>expected an object</source>
            <translation>应为对象</translation>
        </message>
        <message>
            <source>The API key holds characters that no header may hold.</source>
            <translation>API 密钥包含请求头不允许的字符。</translation>
        </message>
        <message>
            <source>Expected an object: {…}</source>
            <translation>应为对象：{…}</translation>
        </message>
        <message>
            <source>%1 at character %2</source>
            <translation>%1，位于第 %2 个字符</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::ServerDelegate</name>
        <message>
            <source>Role</source>
            <translation>角色</translation>
        </message>
        <message>
            <source>Weight</source>
            <translation>权重</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::ServerModel</name>
        <message>
            <source>prefill</source>
            <translation>Prefill</translation>
        </message>
        <message>
            <source>decode</source>
            <translation>decode</translation>
        </message>
        <message>
            <source>auto (%1)</source>
            <translation>auto（%1）</translation>
        </message>
        <message>
            <source>not applied</source>
            <translation>未应用</translation>
        </message>
        <message>
            <source>not running</source>
            <translation>未运行</translation>
        </message>
        <message numerus="yes">
            <source>%n in flight</source>
            <translation>
                <numerusform>%n 个处理中</numerusform>
            </translation>
        </message>
        <message>
            <source>enabled</source>
            <translation>已启用</translation>
        </message>
        <message>
            <source>disabled</source>
            <translation>已停用</translation>
        </message>
        <message>
            <source>A server that is not enabled gets no new requests</source>
            <translation>未启用的服务器不会收到新请求</translation>
        </message>
        <message>
            <source>last probe %1 ago, it took %2</source>
            <translation>上次探测在 %1 前，耗时 %2</translation>
        </message>
        <message>
            <source>Bootstrap port of %1: %2</source>
            <translation>%1 的 Bootstrap 端口：%2</translation>
        </message>
        <message>
            <source>Edit %1</source>
            <translation>编辑 %1</translation>
        </message>
        <message numerus="yes">
            <source>Edit %n servers</source>
            <translation>
                <numerusform>编辑 %n 台服务器</numerusform>
            </translation>
        </message>
        <message>
            <source>Port of the prefill's bootstrap server: a number, "auto" (asked of the engine) or "none" (each engine uses its own setting)</source>
            <translation>Prefill 的 Bootstrap 服务器端口：数字、“auto”（向引擎询问）或“none”（每个引擎使用自己的设置）</translation>
        </message>
        <message>
            <source>With pairing "group" only servers of the same group are paired</source>
            <translation>配对方式为“group”时，只有同组的服务器才会配对</translation>
        </message>
        <message>
            <source>Enabled</source>
            <translation>已启用</translation>
        </message>
        <message>
            <source>On</source>
            <translation>启用</translation>
        </message>
        <message>
            <source>Role</source>
            <translation>角色</translation>
        </message>
        <message>
            <source>Name</source>
            <translation>名称</translation>
        </message>
        <message>
            <source>URL</source>
            <translation>URL</translation>
        </message>
        <message>
            <source>Bootstrap</source>
            <translation>Bootstrap</translation>
        </message>
        <message>
            <source>Weight</source>
            <translation>权重</translation>
        </message>
        <message>
            <source>Group</source>
            <translation>组</translation>
        </message>
        <message>
            <source>Health</source>
            <translation>健康</translation>
        </message>
        <message>
            <source>Probe</source>
            <translation>探测</translation>
        </message>
        <message>
            <source>%1 cannot be read: %2</source>
            <translation>无法读取 %1：%2</translation>
        </message>
        <message numerus="yes">
            <source>Move %n servers</source>
            <translation>
                <numerusform>移动 %n 台服务器</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>Remove %n servers</source>
            <translation>
                <numerusform>移除 %n 台服务器</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>Duplicate %n servers</source>
            <translation>
                <numerusform>复制 %n 台服务器</numerusform>
            </translation>
        </message>
        <message>
            <source>Add a prefill server</source>
            <translation>添加一台 Prefill 服务器</translation>
        </message>
        <message>
            <source>Add a decode server</source>
            <translation>添加一台 Decode 服务器</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::Session</name>
        <message>
            <source>%1 is %2</source>
            <translation>%1 状态：%2</translation>
        </message>
        <message>
            <source>%1 is %2: %3</source>
            <translation>%1 状态：%2：%3</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::TesterPage</name>
        <message>
            <source>Copy as</source>
            <translation>复制为</translation>
        </message>
        <message>
            <source>cURL</source>
            <translation>cURL</translation>
        </message>
        <message>
            <source>Python (requests)</source>
            <translation>Python（requests）</translation>
        </message>
        <message>
            <source>Presets</source>
            <translation>预设</translation>
        </message>
        <message>
            <source>Open…</source>
            <translation>打开…</translation>
        </message>
        <message>
            <source>Save…</source>
            <translation>保存…</translation>
        </message>
        <message>
            <source>Paste a cURL command</source>
            <translation>粘贴 cURL 命令</translation>
        </message>
        <message>
            <source>History</source>
            <translation>历史</translation>
        </message>
        <message>
            <source>Stop   Esc</source>
            <translation>停止   Esc</translation>
        </message>
        <message>
            <source>Send   Ctrl+Enter</source>
            <translation>发送   Ctrl+Enter</translation>
        </message>
        <message>
            <source>Send</source>
            <translation>发送</translation>
        </message>
        <message>
            <source>Stop</source>
            <translation>停止</translation>
        </message>
        <message>
            <source>Run repeat</source>
            <translation>运行重复测试</translation>
        </message>
        <message>
            <source>Copy as cURL</source>
            <translation>复制为 cURL</translation>
        </message>
        <message>
            <source>Copy as Python</source>
            <translation>复制为 Python</translation>
        </message>
        <message>
            <source>Open preset…</source>
            <translation>打开预设…</translation>
        </message>
        <message>
            <source>Save preset…</source>
            <translation>保存预设…</translation>
        </message>
        <message>
            <source>The request's body was not kept: it cannot be opened.</source>
            <translation>请求的正文未保留：无法打开。</translation>
        </message>
        <message>
            <source>Its body is known when the request has ended.</source>
            <translation>请求结束后才有其正文。</translation>
        </message>
        <message>
            <source>Only a part of the request's body was kept: it cannot be opened.</source>
            <translation>只保留了请求正文的一部分：无法打开。</translation>
        </message>
        <message>
            <source>Taken from request %1.</source>
            <translation>取自请求 %1。</translation>
        </message>
        <message>
            <source>stopped</source>
            <translation>已停止</translation>
        </message>
        <message>
            <source>failed</source>
            <translation>失败</translation>
        </message>
        <message>
            <source>queue %1</source>
            <translation>排队 %1</translation>
        </message>
        <message>
            <source>prefill with KV transfer %1</source>
            <translation>Prefill 含 KV 传输 %1</translation>
        </message>
        <message>
            <source>then decode's first byte after %1</source>
            <translation>之后 Decode 首字节 %1</translation>
        </message>
        <message>
            <source>In the balancer: %1</source>
            <translation>在均衡器中：%1</translation>
        </message>
        <message>
            <source>Stopped: the connection was closed.</source>
            <translation>已停止：连接已关闭。</translation>
        </message>
        <message>
            <source>Stopped.</source>
            <translation>已停止。</translation>
        </message>
        <message>
            <source>Aborted on: %1.</source>
            <translation>已中止：%1。</translation>
        </message>
        <message>
            <source>Closed: %1.</source>
            <translation>已关闭：%1。</translation>
        </message>
        <message>
            <source>Had finished already: %1.</source>
            <translation>此前已结束：%1。</translation>
        </message>
        <message>
            <source>Copied.</source>
            <translation>已复制。</translation>
        </message>
        <message>
            <source>Copied; the key is taken from $OPENAI_API_KEY.</source>
            <translation>已复制；密钥取自 $OPENAI_API_KEY。</translation>
        </message>
        <message>
            <source>Taken from the cURL command.</source>
            <translation>取自 cURL 命令。</translation>
        </message>
        <message>
            <source>The clipboard's text cannot be used: %1</source>
            <translation>剪贴板中的文本无法使用：%1</translation>
        </message>
        <message>
            <source>Save preset</source>
            <translation>保存预设</translation>
        </message>
        <message>
            <source>Open preset</source>
            <translation>打开预设</translation>
        </message>
        <message>
            <source>Requests (*.json);;All files (*)</source>
            <translation>请求 (*.json);;所有文件 (*)</translation>
        </message>
        <message>
            <source>%1 cannot be read: %2</source>
            <translation>无法读取 %1：%2</translation>
        </message>
        <message>
            <source>%1: %2</source>
            <translation>%1：%2</translation>
        </message>
        <message>
            <source>Nothing was sent yet</source>
            <translation>尚未发送任何请求</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::TimePlot</name>
        <message>
            <source>%1 in %2</source>
            <translation>%1（%2）</translation>
        </message>
        <message>
            <source>%1 s ago</source>
            <translation>%1 s 前</translation>
        </message>
        <message>
            <source>now</source>
            <translation>现在</translation>
        </message>
        <message>
            <source>−%1 min</source>
            <translation>−%1 分</translation>
        </message>
        <message>
            <source>−%1 s</source>
            <translation>−%1 秒</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::TimingView</name>
        <message>
            <source>Timing of the request</source>
            <translation>请求的耗时</translation>
        </message>
        <message>
            <source>client</source>
            <translation>客户端</translation>
        </message>
        <message>
            <source>prefill %1</source>
            <translation>Prefill %1</translation>
        </message>
        <message>
            <source>decode %1</source>
            <translation>Decode %1</translation>
        </message>
        <message>
            <source>earlier attempt</source>
            <translation>较早的尝试</translation>
        </message>
        <message>
            <source>%1, %2: %3, from %4 to %5</source>
            <translation>%1，%2：%3，从 %4 到 %5</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::TopBar</name>
        <message>
            <source>Copies the address that clients send to</source>
            <translation>复制客户端使用的地址</translation>
        </message>
        <message>
            <source>Shows the servers</source>
            <translation>显示服务器</translation>
        </message>
        <message>
            <source>Start</source>
            <translation>启动</translation>
        </message>
        <message>
            <source>Stop now</source>
            <translation>立即停止</translation>
        </message>
        <message>
            <source>Stop</source>
            <translation>停止</translation>
        </message>
        <message>
            <source>Starts the balancer (F9)</source>
            <translation>启动均衡器（F9）</translation>
        </message>
        <message>
            <source>No new requests; running ones end first (F9)</source>
            <translation>不再接受新请求；运行中的先结束（F9）</translation>
        </message>
        <message>
            <source>stopped</source>
            <translation>已停止</translation>
        </message>
        <message>
            <source>not attached</source>
            <translation>未附加</translation>
        </message>
        <message>
            <source>starting</source>
            <translation>启动中</translation>
        </message>
        <message>
            <source>connecting</source>
            <translation>连接中</translation>
        </message>
        <message>
            <source>running</source>
            <translation>运行中</translation>
        </message>
        <message>
            <source>attached</source>
            <translation>已附加</translation>
        </message>
        <message>
            <source>draining</source>
            <translation>排空中</translation>
        </message>
        <message>
            <source>not reached, trying again</source>
            <translation>无法连接，正在重试</translation>
        </message>
        <message>
            <source>Copy %1</source>
            <translation>复制 %1</translation>
        </message>
        <message numerus="yes">
            <source>%n up</source>
            <translation>
                <numerusform>%n 正常</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>%n other</source>
            <translation>
                <numerusform>%n 其他</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>%n down</source>
            <translation>
                <numerusform>%n 离线</numerusform>
            </translation>
        </message>
        <message>
            <source>%1 in flight</source>
            <translation>%1 进行中</translation>
        </message>
        <message>
            <source>%1 req/s</source>
            <translation>%1 请求/s</translation>
        </message>
        <message>
            <source>TTFT p50 %1</source>
            <translation>TTFT p50 %1</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::TraceDetail</name>
        <message>
            <source>Explain again</source>
            <translation>再次解释</translation>
        </message>
        <message>
            <source>Abort request</source>
            <translation>中止请求</translation>
        </message>
        <message>
            <source>Open in tester</source>
            <translation>在测试器中打开</translation>
        </message>
        <message>
            <source>Overview</source>
            <translation>概览</translation>
        </message>
        <message>
            <source>Phases</source>
            <translation>阶段</translation>
        </message>
        <message>
            <source>Request headers</source>
            <translation>请求头</translation>
        </message>
        <message>
            <source>Prefill leg</source>
            <translation>Prefill 分支</translation>
        </message>
        <message>
            <source>Decode leg</source>
            <translation>Decode 分支</translation>
        </message>
        <message>
            <source>Error</source>
            <translation>错误</translation>
        </message>
        <message>
            <source>Ends the request: both engines are told to stop, the client gets an error</source>
            <translation>结束请求：通知两个引擎停止，客户端收到错误</translation>
        </message>
        <message>
            <source>Asks both engines and the bootstrap server where the request is</source>
            <translation>询问两个引擎和 Bootstrap 服务器请求在哪里</translation>
        </message>
        <message>
            <source>Timing</source>
            <translation>耗时</translation>
        </message>
        <message>
            <source>Request</source>
            <translation>请求</translation>
        </message>
        <message>
            <source>Events</source>
            <translation>事件</translation>
        </message>
        <message>
            <source>The record as JSON</source>
            <translation>JSON 格式的记录</translation>
        </message>
        <message>
            <source>Raw</source>
            <translation>原始</translation>
        </message>
        <message>
            <source>%1: body</source>
            <translation>%1：正文</translation>
        </message>
        <message>
            <source>Events %1</source>
            <translation>事件 %1</translation>
        </message>
        <message>
            <source>Error ✖</source>
            <translation>错误 ✖</translation>
        </message>
        <message>
            <source>No request is selected</source>
            <translation>未选择请求</translation>
        </message>
        <message>
            <source>Select a row to see where its time went, on which engine, and why.</source>
            <translation>选择一行，查看时间花在哪里、在哪个引擎上、为什么。</translation>
        </message>
        <message>
            <source>#%1 is running: %2</source>
            <translation>#%1 运行中：%2</translation>
        </message>
        <message>
            <source>#%1: %2</source>
            <translation>#%1：%2</translation>
        </message>
        <message>
            <source>#%1 took %2: first token after %3</source>
            <translation>#%1 耗时 %2：首 token 在 %3 后</translation>
        </message>
        <message>
            <source>#%1 took %2</source>
            <translation>#%1 耗时 %2</translation>
        </message>
        <message>
            <source>%1 · %2 tokens in, %3 out · %4</source>
            <translation>%1 · 输入 %2 token，输出 %3 · %4</translation>
        </message>
        <message>
            <source>#%1 failed: %2</source>
            <translation>#%1 失败：%2</translation>
        </message>
        <message>
            <source>#%1: the client has left after %2</source>
            <translation>#%1：客户端在 %2 后断开</translation>
        </message>
        <message>
            <source>(It is not in the table any more; pin requests to keep them.)</source>
            <translation>（它已不在表格中；固定请求可将其保留。）</translation>
        </message>
        <message>
            <source>The body was not kept.</source>
            <translation>正文未保留。</translation>
        </message>
        <message>
            <source>Bodies are shown when the request has ended.</source>
            <translation>请求结束后显示正文。</translation>
        </message>
        <message>
            <source>It cannot be explained: %1</source>
            <translation>无法解释：%1</translation>
        </message>
        <message>
            <source>It was not aborted: %1</source>
            <translation>未能中止：%1</translation>
        </message>
        <message>
            <source>%1 · %2</source>
            <translation>%1 · %2</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::TraceModel</name>
        <message>
            <source>Time to first token: from the request's last byte to the first byte of decode's good answer</source>
            <translation>首 token 时间：从请求最后一个字节到 Decode 正常应答的第一个字节</translation>
        </message>
        <message>
            <source>From the request's last byte to its end</source>
            <translation>从请求最后一个字节到结束</translation>
        </message>
        <message>
            <source>Until a pair was picked</source>
            <translation>直到选定配对</translation>
        </message>
        <message>
            <source>Prefill leg, from sent to answered: compute and KV transfer</source>
            <translation>Prefill 分支，从发送到应答：计算与 KV 传输</translation>
        </message>
        <message>
            <source>Mean time between two pieces of decode's stream</source>
            <translation>Decode 流中相邻两段之间的平均时间</translation>
        </message>
        <message>
            <source>#</source>
            <comment>number of a request</comment>
            <translation>#</translation>
        </message>
        <message>
            <source>Time</source>
            <translation>时间</translation>
        </message>
        <message>
            <source>State</source>
            <translation>状态</translation>
        </message>
        <message>
            <source>Pair</source>
            <translation>配对</translation>
        </message>
        <message>
            <source>Model</source>
            <translation>模型</translation>
        </message>
        <message>
            <source>TTFT</source>
            <translation>TTFT</translation>
        </message>
        <message>
            <source>Total</source>
            <translation>总计</translation>
        </message>
        <message>
            <source>Endpoint</source>
            <translation>端点</translation>
        </message>
        <message>
            <source>Queue</source>
            <translation>排队</translation>
        </message>
        <message>
            <source>Prefill</source>
            <translation>Prefill</translation>
        </message>
        <message>
            <source>ITL</source>
            <translation>ITL</translation>
        </message>
        <message>
            <source>Tokens in</source>
            <translation>输入 token</translation>
        </message>
        <message>
            <source>Tokens out</source>
            <translation>输出 token</translation>
        </message>
        <message>
            <source>Bytes</source>
            <translation>字节</translation>
        </message>
        <message>
            <source>Events</source>
            <translation>事件</translation>
        </message>
        <message>
            <source>Finish</source>
            <translation>停止原因</translation>
        </message>
        <message>
            <source>End</source>
            <translation>结束原因</translation>
        </message>
        <message>
            <source>What happened</source>
            <translation>发生了什么</translation>
        </message>
        <message>
            <source>Policy</source>
            <translation>策略</translation>
        </message>
        <message>
            <source>Attempts</source>
            <translation>尝试次数</translation>
        </message>
        <message>
            <source>Request id</source>
            <translation>请求 ID</translation>
        </message>
        <message>
            <source>Comment</source>
            <translation>备注</translation>
        </message>
        <message>
            <source>Waterfall</source>
            <translation>瀑布图</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::TraceTable</name>
        <message>
            <source>Requests</source>
            <translation>请求</translation>
        </message>
        <message>
            <source>Default columns</source>
            <translation>默认列</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::TracesPage</name>
        <message>
            <source>Capture</source>
            <translation>捕获</translation>
        </message>
        <message>
            <source>Follow</source>
            <translation>跟随</translation>
        </message>
        <message>
            <source>Whether finished and running requests are taken into the table</source>
            <translation>是否把已结束和运行中的请求放入表格</translation>
        </message>
        <message>
            <source>Whether the newest request is kept in view; scrolling up ends it</source>
            <translation>是否保持最新请求可见；向上滚动会取消</translation>
        </message>
        <message>
            <source>Clear</source>
            <translation>清空</translation>
        </message>
        <message>
            <source>Forgets all requests but pinned ones (Ctrl+Shift+Delete)</source>
            <translation>清除除固定以外的所有请求（Ctrl+Shift+Delete）</translation>
        </message>
        <message>
            <source>Export</source>
            <translation>导出</translation>
        </message>
        <message>
            <source>%1 of %2 shown</source>
            <translation>显示 %1 / %2</translation>
        </message>
        <message numerus="yes">
            <source>%n new, resume ↓</source>
            <translation>
                <numerusform>%n 个新请求，恢复 ↓</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>%n new ↓</source>
            <translation>
                <numerusform>%n 个新请求 ↓</numerusform>
            </translation>
        </message>
        <message>
            <source>No request matches the filter.</source>
            <translation>没有请求符合筛选条件。</translation>
        </message>
        <message>
            <source>Clear filter</source>
            <translation>清除筛选</translation>
        </message>
        <message>
            <source>Capture is paused: requests are balanced, but not shown here.</source>
            <translation>捕获已暂停：请求仍会被均衡，但不在此显示。</translation>
        </message>
        <message>
            <source>Resume</source>
            <translation>恢复</translation>
        </message>
        <message>
            <source>Nothing captured yet. Each request that goes through the balancer appears here while it runs.</source>
            <translation>尚未捕获任何请求。经过均衡器的每个请求会在运行时显示在这里。</translation>
        </message>
        <message>
            <source>Send a test request</source>
            <translation>发送测试请求</translation>
        </message>
        <message>
            <source>Show only %1</source>
            <translation>只显示 %1</translation>
        </message>
        <message>
            <source>Hide %1</source>
            <translation>隐藏 %1</translation>
        </message>
        <message>
            <source>Copy "%1"</source>
            <translation>复制“%1”</translation>
        </message>
        <message numerus="yes">
            <source>%n requests copied as cURL; keys are left out.</source>
            <translation>
                <numerusform>%n 个请求已复制为 cURL；不含密钥。</numerusform>
            </translation>
        </message>
        <message>
            <source>Comment</source>
            <translation>备注</translation>
        </message>
        <message>
            <source>Comment on #%1; it is exported with the request:</source>
            <translation>#%1 的备注；会随请求一起导出：</translation>
        </message>
        <message>
            <source>Select two requests to compare them (Ctrl+click the second one).</source>
            <translation>请选择两个请求进行比较（Ctrl+单击第二个）。</translation>
        </message>
        <message>
            <source>The balancer does not run: there is nobody to send to.</source>
            <translation>均衡器未运行：没有可发送的对象。</translation>
        </message>
        <message>
            <source>There is nothing to export.</source>
            <translation>没有可导出的内容。</translation>
        </message>
        <message>
            <source>Export requests</source>
            <translation>导出请求</translation>
        </message>
        <message>
            <source>Filter</source>
            <translation>筛选</translation>
        </message>
        <message>
            <source>Find in bodies</source>
            <translation>在正文中查找</translation>
        </message>
        <message>
            <source>Go to table</source>
            <translation>转到表格</translation>
        </message>
        <message>
            <source>Go to detail</source>
            <translation>转到详情</translation>
        </message>
        <message>
            <source>Detail below or beside</source>
            <translation>详情在下方或旁边</translation>
        </message>
        <message>
            <source>Pin</source>
            <translation>固定</translation>
        </message>
        <message>
            <source>Comment…</source>
            <translation>备注…</translation>
        </message>
        <message>
            <source>Copy as cURL</source>
            <translation>复制为 cURL</translation>
        </message>
        <message>
            <source>Open in tester</source>
            <translation>在测试器中打开</translation>
        </message>
        <message>
            <source>Replay</source>
            <translation>重放</translation>
        </message>
        <message>
            <source>Compare two</source>
            <translation>比较两个</translation>
        </message>
        <message>
            <source>Explain</source>
            <translation>解释</translation>
        </message>
        <message>
            <source>HAR</source>
            <translation>HAR</translation>
        </message>
        <message>
            <source>JSON lines</source>
            <translation>JSON 行</translation>
        </message>
        <message>
            <source>Chrome trace (Perfetto)</source>
            <translation>Chrome 追踪（Perfetto）</translation>
        </message>
        <message>
            <source>OTLP JSON</source>
            <translation>OTLP JSON</translation>
        </message>
        <message>
            <source>CSV of the table</source>
            <translation>表格 CSV</translation>
        </message>
        <message>
            <source>Export shown as %1…</source>
            <translation>将显示的导出为 %1…</translation>
        </message>
        <message>
            <source>Export chosen as HAR…</source>
            <translation>将所选导出为 HAR…</translation>
        </message>
        <message>
            <source>Export chosen as HAR, with keys and cookies…</source>
            <translation>将所选导出为 HAR，含密钥和 Cookie…</translation>
        </message>
        <message>
            <source>Zoom in</source>
            <translation>放大</translation>
        </message>
        <message>
            <source>Zoom out</source>
            <translation>缩小</translation>
        </message>
        <message>
            <source>Fit waterfall</source>
            <translation>适应瀑布图</translation>
        </message>
        <message>
            <source>Its record is not here: it went elsewhere, or capture is paused.</source>
            <translation>此处没有它的记录：请求去了别处，或捕获已暂停。</translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::WaterfallDelegate</name>
        <message>
            <source>queue</source>
            <translation>排队</translation>
        </message>
        <message>
            <source>connect and send</source>
            <translation>连接与发送</translation>
        </message>
        <message>
            <source>prefill (compute, with KV transfer)</source>
            <translation>Prefill（计算，含 KV 传输）</translation>
        </message>
        <message>
            <source>KV transfer</source>
            <translation>KV 传输</translation>
        </message>
        <message>
            <source>decode has not begun</source>
            <translation>Decode 尚未开始</translation>
        </message>
        <message>
            <source>streaming</source>
            <translation>流式输出</translation>
        </message>
        <message>
            <source>at %1</source>
            <translation>位于 %1</translation>
        </message>
    </context>
</TS>
