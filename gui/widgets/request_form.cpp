// SPDX-License-Identifier: Apache-2.0
#include "widgets/request_form.h"

#include "client/curl_command.h"
#include "session/session.h"
#include "theme/theme.h"
#include "widgets/plain_edit.h"
#include "upstream/origin.h"
#include "widgets/message_cards.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QGridLayout>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLabel>
#include <QLineEdit>
#include <QNetworkAccessManager>
#include <QNetworkProxy>
#include <QNetworkReply>
#include <QPushButton>
#include <QStackedWidget>
#include <QStyle>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

/// SGLang's fake bootstrap host: an engine with it needs no partner (PD reference: FAKE_BOOTSTRAP_HOST).
const QString fakeBootstrapHost = u"2.2.2.2"_s;

void setState(QWidget *widget, bool isWrong)
{
    widget->setProperty("state", isWrong ? u"invalid"_s : QString());
    widget->style()->unpolish(widget);
    widget->style()->polish(widget);
}

} // namespace

RequestForm::RequestForm(QWidget *parent)
    : QWidget(parent), m_endpoint(new QComboBox(this)), m_target(new QComboBox(this)), m_url(new QLineEdit(this)), m_model(new QComboBox(this)),
      m_key(new QLineEdit(this)), m_input(new QStackedWidget(this)), m_messages(new MessageCards(this)), m_prompt(new PlainEdit(this)),
      m_maxTokens(new QLineEdit(u"256"_s, this)), m_temperature(new QLineEdit(this)), m_stream(new QCheckBox(tr("stream"), this)),
      m_usage(new QCheckBox(tr("usage"), this)), m_more(new QPushButton(tr("More parameters"), this)), m_moreBox(new QWidget(this)),
      m_topP(new QLineEdit(this)), m_seed(new QLineEdit(this)), m_samples(new QLineEdit(this)), m_stop(new QLineEdit(this)),
      m_extra(new PlainEdit(this)), m_extraProblem(new QLabel(this))
{
    for (const pd::Endpoint endpoint : {pd::Endpoint::ChatCompletions, pd::Endpoint::Completions, pd::Endpoint::Generate})
        m_endpoint->addItem(QString::fromUtf8(pd::endpointPath(endpoint)), int(endpoint));
    m_endpoint->setObjectName(u"endpointCombo"_s);
    m_target->setObjectName(u"targetCombo"_s);
    m_target->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_url->setObjectName(u"targetUrl"_s);
    m_url->setPlaceholderText(u"http://127.0.0.1:30000"_s);
    m_url->setAccessibleName(tr("URL to send to"));
    m_model->setEditable(true);
    m_model->setObjectName(u"modelCombo"_s);
    m_model->lineEdit()->setPlaceholderText(tr("left out"));
    m_model->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_key->setEchoMode(QLineEdit::Password);
    m_key->setPlaceholderText(tr("none, or the balancer's own"));
    auto *form = new QFormLayout;
    form->setContentsMargins(0, 0, 0, 0);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    form->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    form->addRow(tr("Endpoint"), m_endpoint);
    form->addRow(tr("Send to"), m_target);
    form->addRow(QString(), m_url);
    form->addRow(tr("Model"), m_model);
    form->addRow(tr("API key"), m_key);

    m_prompt->setObjectName(u"promptText"_s);
    m_prompt->setAccessibleName(tr("Prompt"));
    m_prompt->setTabChangesFocus(true);
    m_prompt->setMinimumHeight(fontMetrics().height() * 6);
    m_input->addWidget(m_messages);
    m_input->addWidget(m_prompt);
    m_messages->setMessages({{u"system"_s, {}}, {u"user"_s, tr("Explain prefill/decode disaggregation in three sentences.")}});
    m_prompt->setText(tr("Prefill/decode disaggregation means"));

    m_stream->setChecked(true);
    m_stream->setObjectName(u"streamCheck"_s);
    m_usage->setChecked(true);
    m_usage->setToolTip(tr("stream_options.include_usage: token counts at the stream's end, which ITL needs"));
    auto *grid = new QGridLayout;
    grid->setContentsMargins(0, 0, 0, 0);
    const auto parameter = [&](QGridLayout *where, int row, int column, const QString &name, QLineEdit *edit) {
        auto *label = new QLabel(name, this);
        label->setBuddy(edit);
        edit->setAccessibleName(name);
        where->addWidget(label, row, column * 2);
        where->addWidget(edit, row, column * 2 + 1);
    };
    parameter(grid, 0, 0, u"max_tokens"_s, m_maxTokens);
    parameter(grid, 0, 1, u"temperature"_s, m_temperature);
    grid->addWidget(m_stream, 1, 1);
    grid->addWidget(m_usage, 1, 3);
    m_more->setCheckable(true);
    m_more->setProperty("flat", true);
    auto *moreGrid = new QGridLayout(m_moreBox);
    moreGrid->setContentsMargins(0, 0, 0, 0);
    parameter(moreGrid, 0, 0, u"top_p"_s, m_topP);
    parameter(moreGrid, 0, 1, u"seed"_s, m_seed);
    parameter(moreGrid, 1, 0, u"n"_s, m_samples);
    parameter(moreGrid, 1, 1, u"stop"_s, m_stop);
    m_stop->setToolTip(tr("Words that end the text, with commas between them"));
    m_moreBox->hide();
    connect(m_more, &QPushButton::toggled, m_moreBox, &QWidget::setVisible);

    auto *extraLabel = new QLabel(tr("Extra JSON (merged last)"), this);
    extraLabel->setBuddy(m_extra);
    m_extra->setObjectName(u"extraJson"_s);
    m_extra->setAccessibleName(tr("Extra JSON"));
    m_extra->setFont(Theme::monospace(font()));
    m_extra->setTabChangesFocus(true);
    m_extra->setPlaceholderText(uR"({"chat_template_kwargs": {"enable_thinking": false}})"_s);
    m_extra->setMaximumHeight(fontMetrics().height() * 5);
    m_extraProblem->setProperty("tone", u"bad"_s);
    m_extraProblem->setWordWrap(true);
    m_extraProblem->hide();
    connect(m_extra, &QPlainTextEdit::textChanged, this, &RequestForm::checkExtra);

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 12, 16, 12);
    layout->addLayout(form);
    layout->addWidget(m_input);
    layout->addLayout(grid);
    layout->addWidget(m_more, 0, Qt::AlignLeft);
    layout->addWidget(m_moreBox);
    layout->addWidget(extraLabel);
    layout->addWidget(m_extra);
    layout->addWidget(m_extraProblem);
    layout->addStretch(1);

    connect(m_endpoint, &QComboBox::currentIndexChanged, this, &RequestForm::endpointChanged);
    connect(m_target, &QComboBox::currentIndexChanged, this, [this] {
        m_url->setVisible(target().kind == TesterTarget::Kind::Url);
        fetchModels();
    });
    connect(m_url, &QLineEdit::editingFinished, this, &RequestForm::fetchModels);
    fillTargets();
    endpointChanged();
}

void RequestForm::setSession(Session *session)
{
    if (m_session)
        m_session->disconnect(this);
    m_session = session;
    if (session) {
        connect(session, &Session::configChanged, this, &RequestForm::fillTargets);
        connect(session, &Session::stateChanged, this, [this] {
            if (m_session->state() == Session::State::Running)
                fetchModels();
        });
    }
    fillTargets();
    fetchModels();
}

void RequestForm::fillTargets()
{
    const TesterTarget before = target();
    const QSignalBlocker blocker(m_target);
    m_target->clear();
    const auto add = [this](const QString &text, TesterTarget::Kind kind, const QString &name) {
        m_target->addItem(text, int(kind));
        m_target->setItemData(m_target->count() - 1, name, Qt::UserRole + 1);
    };
    add(tr("balancer (policy picks)"), TesterTarget::Kind::Balancer, {});
    if (m_session) {
        const Config &config = m_session->config();
        int pairs = 0;
        for (const ServerConfig &prefill : config.prefill) {
            for (const ServerConfig &decode : config.decode) {
                if (++pairs <= 256)
                    add(tr("pair %1 → %2").arg(prefill.name, decode.name), TesterTarget::Kind::Pair, prefill.name + u'/' + decode.name);
            }
        }
        for (const ServerConfig &server : config.prefill)
            add(tr("prefill %1 alone").arg(server.name), TesterTarget::Kind::Prefill, server.name);
        for (const ServerConfig &server : config.decode)
            add(tr("decode %1 alone").arg(server.name), TesterTarget::Kind::Decode, server.name);
    }
    add(tr("another URL"), TesterTarget::Kind::Url, {});
    for (int i = 0; i < m_target->count(); ++i) {
        if (m_target->itemData(i).toInt() == int(before.kind) && (before.kind == TesterTarget::Kind::Url || m_target->itemData(i, Qt::UserRole + 1) == before.name))
            m_target->setCurrentIndex(i);
    }
    m_url->setVisible(target().kind == TesterTarget::Kind::Url);
}

TesterTarget RequestForm::target() const
{
    if (m_target->currentIndex() < 0)
        return {};
    const auto kind = TesterTarget::Kind(m_target->currentData().toInt());
    return {kind, kind == TesterTarget::Kind::Url ? m_url->text().trimmed() : m_target->currentData(Qt::UserRole + 1).toString()};
}

Result<QString> RequestForm::urlOf(const TesterTarget &target) const
{
    const auto serverUrl = [this](const QList<ServerConfig> &servers, const QString &name) -> Result<QString> {
        for (const ServerConfig &server : servers) {
            if (server.name == name)
                return server.url;
        }
        return failure(tr("there is no server %1 any more").arg(name));
    };
    switch (target.kind) {
    case TesterTarget::Kind::Balancer:
    case TesterTarget::Kind::Pair:
        if (!m_session || m_session->url().isEmpty())
            return failure(tr("the balancer does not run; start it, or send to another URL"));
        return m_session->url().toString();
    case TesterTarget::Kind::Prefill: return serverUrl(m_session ? m_session->config().prefill : QList<ServerConfig>(), target.name);
    case TesterTarget::Kind::Decode: return serverUrl(m_session ? m_session->config().decode : QList<ServerConfig>(), target.name);
    case TesterTarget::Kind::Url:
        if (const auto origin = upstream::parseOrigin(target.name); !origin)
            return failure(target.name.isEmpty() ? tr("there is no URL to send to") : origin.error().message);
        return target.name.contains("://"_L1) ? target.name : u"http://"_s + target.name;
    }
    return failure(QString());
}

Result<TesterRequest> RequestForm::request() const
{
    TesterRequest request;
    request.target = target();
    client::RequestSpec &spec = request.spec;
    spec.endpoint = pd::Endpoint(m_endpoint->currentData().toInt());
    spec.model = m_model->currentText().trimmed();
    spec.messages = m_messages->messages();
    spec.prompt = m_prompt->toPlainText();
    spec.stream = m_stream->isChecked();
    spec.includeUsage = m_usage->isChecked();
    spec.headers = m_headers;
    QString wrong;
    const auto number = [&wrong](QLineEdit *edit, double least, double most, bool whole) -> std::optional<double> {
        const QString text = edit->text().trimmed();
        bool good = true;
        const double value = text.isEmpty() ? 0 : QLocale::c().toDouble(text, &good);
        const bool isRight = text.isEmpty() || (good && value >= least && value <= most && (!whole || value == double(qint64(value))));
        setState(edit, !isRight);
        if (!isRight && wrong.isEmpty())
            wrong = RequestForm::tr("%1: \"%2\" is not a number from %3 to %4").arg(edit->accessibleName(), text.left(40)).arg(least).arg(most);
        return isRight && !text.isEmpty() ? std::optional(value) : std::nullopt;
    };
    if (const auto value = number(m_maxTokens, 1, 1e9, true))
        spec.maxTokens = int(*value);
    spec.temperature = number(m_temperature, 0, 100, false);
    spec.topP = number(m_topP, 0, 1, false);
    if (const auto value = number(m_seed, -9e15, 9e15, true))
        spec.seed = qint64(*value);
    if (const auto value = number(m_samples, 1, 128, true))
        spec.samples = int(*value);
    const QStringList stops = m_stop->text().split(u',', Qt::SkipEmptyParts);
    for (const QString &stop : stops)
        spec.stop += stop;
    if (!wrong.isEmpty())
        return failure(wrong);
    if (const QString extra = m_extra->toPlainText().trimmed(); !extra.isEmpty()) {
        QJsonParseError error;
        const QJsonDocument document = QJsonDocument::fromJson(extra.toUtf8(), &error);
        if (!document.isObject())
            return failure(tr("Extra JSON: %1").arg(error.error == QJsonParseError::NoError ? tr("expected an object") : error.errorString()));
        spec.extra = document.object();
    }
    if (request.target.kind == TesterTarget::Kind::Pair)
        spec.pair = request.target.name.toUtf8();
    if (request.target.kind == TesterTarget::Kind::Prefill || request.target.kind == TesterTarget::Kind::Decode) {
        if (!spec.extra.contains("bootstrap_host"_L1)) {
            spec.extra.insert(u"bootstrap_host"_s, fakeBootstrapHost);
            spec.extra.insert(u"bootstrap_room"_s, 0);
        }
    }
    spec.apiKey = m_key->text().toUtf8();
    const bool toBalancer = request.target.kind == TesterTarget::Kind::Balancer || request.target.kind == TesterTarget::Kind::Pair;
    if (spec.apiKey.isEmpty() && m_session && toBalancer && !m_session->config().apiKeys.isEmpty())
        spec.apiKey = m_session->config().apiKeys.first();
    if (!http::isFieldValue(spec.apiKey))
        return failure(tr("The API key holds characters that no header may hold."));
    if (const auto url = urlOf(request.target); !url)
        return tl::unexpected(url.error());
    return request;
}

void RequestForm::setRequest(const TesterRequest &request)
{
    const client::RequestSpec &spec = request.spec;
    m_endpoint->setCurrentIndex(m_endpoint->findData(int(spec.endpoint)));
    if (request.target.kind == TesterTarget::Kind::Url)
        m_url->setText(request.target.name);
    for (int i = 0; i < m_target->count(); ++i) {
        if (m_target->itemData(i).toInt() == int(request.target.kind)
            && (request.target.kind == TesterTarget::Kind::Url || m_target->itemData(i, Qt::UserRole + 1) == request.target.name))
            m_target->setCurrentIndex(i);
    }
    m_model->setCurrentText(spec.model);
    if (!spec.messages.isEmpty())
        m_messages->setMessages(spec.messages);
    else if (spec.endpoint == pd::Endpoint::ChatCompletions)
        m_messages->setMessages({});
    m_prompt->setText(spec.prompt);
    const auto text = [](const auto &value) { return value ? QString::number(*value) : QString(); };
    m_maxTokens->setText(text(spec.maxTokens));
    m_temperature->setText(text(spec.temperature));
    m_topP->setText(text(spec.topP));
    m_seed->setText(text(spec.seed));
    m_samples->setText(text(spec.samples));
    m_stop->setText(spec.stop.join(u','));
    m_stream->setChecked(spec.stream);
    m_usage->setChecked(spec.includeUsage);
    m_headers = spec.headers;
    if (!spec.apiKey.isEmpty())
        m_key->setText(QString::fromUtf8(spec.apiKey));
    QJsonObject extra = spec.extra;
    if (extra["bootstrap_host"_L1] == fakeBootstrapHost) { // ours, see request()
        extra.remove("bootstrap_host"_L1);
        extra.remove("bootstrap_room"_L1);
    }
    m_extra->setText(extra.isEmpty() ? QString() : QString::fromUtf8(QJsonDocument(extra).toJson(QJsonDocument::Indented)).trimmed());
    if (spec.topP || spec.seed || spec.samples || !spec.stop.isEmpty())
        m_more->setChecked(true);
}

void RequestForm::setPair(const QByteArray &pair)
{
    for (int i = 0; i < m_target->count(); ++i) {
        if (m_target->itemData(i).toInt() == int(TesterTarget::Kind::Pair) && m_target->itemData(i, Qt::UserRole + 1).toString() == QString::fromUtf8(pair))
            m_target->setCurrentIndex(i);
    }
}

QString RequestForm::pasteCurl(const QString &command)
{
    const auto curl = client::parseCurl(command);
    if (!curl)
        return curl.error().message;
    TesterRequest request{.spec = curl->spec};
    const bool isBalancer = m_session && QUrl(curl->url) == m_session->url();
    request.target = isBalancer ? TesterTarget{curl->spec.pair.isEmpty() ? TesterTarget::Kind::Balancer : TesterTarget::Kind::Pair, QString::fromUtf8(curl->spec.pair)}
                                : TesterTarget{TesterTarget::Kind::Url, curl->url};
    setRequest(request);
    return {};
}

void RequestForm::endpointChanged()
{
    const bool isChat = m_endpoint->currentData().toInt() == int(pd::Endpoint::ChatCompletions);
    m_input->setCurrentWidget(isChat ? static_cast<QWidget *>(m_messages) : m_prompt);
    // The hidden page must not keep the height that it would need.
    m_messages->setSizePolicy(QSizePolicy::Preferred, isChat ? QSizePolicy::Preferred : QSizePolicy::Ignored);
    m_prompt->setSizePolicy(QSizePolicy::Expanding, isChat ? QSizePolicy::Ignored : QSizePolicy::Preferred);
    m_usage->setEnabled(m_endpoint->currentData().toInt() != int(pd::Endpoint::Generate));
}

void RequestForm::checkExtra()
{
    const QString text = m_extra->toPlainText().trimmed();
    QJsonParseError error;
    const bool good = text.isEmpty() || QJsonDocument::fromJson(text.toUtf8(), &error).isObject();
    setState(m_extra, !good);
    m_extraProblem->setVisible(!good);
    if (!good)
        m_extraProblem->setText(error.error == QJsonParseError::NoError ? tr("Expected an object: {…}") : tr("%1 at character %2").arg(error.errorString()).arg(error.offset + 1));
}

void RequestForm::fetchModels()
{
    const auto url = urlOf(target());
    if (!url)
        return;
    auto *manager = new QNetworkAccessManager(this); // one for each question; gone with its answer
    manager->setProxy(QNetworkProxy::NoProxy);
    QNetworkRequest request(QUrl(*url + u"/v1/models"_s));
    request.setTransferTimeout(3000);
    const QString key = m_key->text().isEmpty() && m_session && !m_session->config().apiKeys.isEmpty() ? QString::fromUtf8(m_session->config().apiKeys.first()) : m_key->text();
    if (!key.isEmpty())
        request.setRawHeader("Authorization", "Bearer " + key.toUtf8());
    QNetworkReply *reply = manager->get(request);
    connect(reply, &QNetworkReply::finished, this, [this, reply, manager] {
        manager->deleteLater();
        const QByteArray body = reply->read(1024 * 1024);
        const QJsonArray models = QJsonDocument::fromJson(body)["data"_L1].toArray();
        QStringList names;
        for (const QJsonValue &model : models) {
            if (const QString name = model["id"_L1].toString().left(200); !name.isEmpty() && names.size() < 200)
                names += name;
        }
        if (names.isEmpty())
            return;
        const QString before = m_model->currentText();
        m_model->clear();
        m_model->addItems(names);
        m_model->setCurrentText(before.isEmpty() ? names.first() : before);
    });
}

} // namespace pdlb::gui
