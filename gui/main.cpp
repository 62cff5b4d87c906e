// SPDX-License-Identifier: Apache-2.0
#include "cli/config_flags.h"
#include "cli/signals.h"
#include "mainwindow.h"
#include "models/log_model.h"
#include "single_instance.h"
#include "theme/theme.h"
#include "util/process_limits.h"
#include "widgets/attach_dialog.h"

#include <QApplication>
#include <QFileInfo>
#include <QLibraryInfo>
#include <QStandardPaths>
#include <QStyleFactory>
#include <QTranslator>

#include <cstdio>

using namespace Qt::StringLiterals;
using namespace pdlb;

namespace {

struct Arguments {
    std::string attach;
    bool start = false;
    bool single = false;
    std::string language;
    std::string settings;
};

/// The language of --language, of the settings, or of the system.
void installTranslators(QApplication &app, const QString &chosen)
{
    const QLocale locale = chosen.isEmpty() ? QLocale() : QLocale(chosen);
    QLocale::setDefault(locale);
    auto *qt = new QTranslator(&app);
    if (qt->load(locale, u"qtbase"_s, u"_"_s, QLibraryInfo::path(QLibraryInfo::TranslationsPath)))
        QCoreApplication::installTranslator(qt);
    auto *own = new QTranslator(&app);
    if (own->load(locale, u"pdlb"_s, u"_"_s, u":/i18n"_s))
        QCoreApplication::installTranslator(own);
}

} // namespace

int main(int argc, char **argv)
{
    cli::prepareSignals();
    CLI::App parser("pdlb-gui: balances, traces and tests requests over prefill and decode engines");
    parser.set_version_flag("--version", "pdlb-gui " PDLB_VERSION);
    Arguments arguments;
    cli::ConfigFlags flags;
    flags.addTo(parser);
    parser.add_option("--attach", arguments.attach, "Show a pdlb that runs elsewhere, by its admin API (key: --admin-key-file)")->type_name("URL");
    parser.add_flag("--start", arguments.start, "Start the balancer at once");
    parser.add_flag("--single-instance", arguments.single, "Raise the window that is there already instead of opening another one");
    parser.add_option("--language", arguments.language, "en or zh_CN instead of the system's")->type_name("CODE");
    parser.add_option("--settings", arguments.settings, "Keep the window's settings in this file")->type_name("FILE");
    try {
        parser.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        return parser.exit(error) == 0 ? 0 : 2; // also where there is no display
    }
    QApplication app(argc, argv);
    QCoreApplication::setApplicationName(u"pdlb-gui"_s);
    QCoreApplication::setApplicationVersion(QStringLiteral(PDLB_VERSION));
    QGuiApplication::setDesktopFileName(u"io.github.pdlb.Pdlb"_s);
    QApplication::setStyle(QStyleFactory::create(u"Fusion"_s)); // one look everywhere; the colours are ours
    gui::LogMailbox::instance().install();
    raiseDescriptorLimit();

    gui::MainWindow::Options options;
    options.settingsFile = QString::fromStdString(arguments.settings);
    options.historyFile = QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) + u"/history.json"_s;
    options.start = arguments.start;
    if (!arguments.attach.empty()) {
        options.attach = gui::AttachDialog::urlOf(QString::fromStdString(arguments.attach));
        if (options.attach.isEmpty()) {
            std::fprintf(stderr, "pdlb-gui: --attach \"%s\": expected http(s)://HOST:PORT\n", arguments.attach.c_str());
            return 2;
        }
    }
    // Flags and file first; without either the file of the last time.
    const QString own = QStandardPaths::writableLocation(QStandardPaths::AppConfigLocation) + u"/pdlb.json"_s;
    options.configFile = flags.file();
    if (auto config = flags.config(CheckConfig::Form)) {
        options.config = std::move(*config);
        if (!options.config.adminKeys.isEmpty())
            options.adminKey = options.config.adminKeys.first();
    } else {
        options.problem = config.error().message;
        options.configFile.clear(); // what cannot be read is not written over
    }
    if (options.config.prefill.isEmpty() && options.config.decode.isEmpty() && flags.file().isEmpty() && options.problem.isEmpty()) {
        options.configFile = own;
        if (QFileInfo::exists(own)) {
            if (auto loaded = loadConfigFile(own, CheckConfig::Form)) {
                options.config = std::move(loaded->config);
            } else {
                options.problem = problemSummary(own, loaded.error());
                options.configFile.clear();
            }
        }
    }

    gui::SingleInstance instance;
    if (arguments.single && instance.isOtherThere())
        return 0;
    const QString settingsLanguage = gui::settingsValue(options.settingsFile, u"language"_s);
    installTranslators(app, arguments.language.empty() ? settingsLanguage : QString::fromStdString(arguments.language));
    gui::MainWindow window(options);
    QObject::connect(&instance, &gui::SingleInstance::raiseWanted, &window, [&window] {
        window.show();
        window.raise();
        window.activateWindow();
    });
    if (arguments.single)
        instance.listen();
    // As by the close button; whoever asks twice means it.
    cli::TerminationSignals termination;
    bool isAskedTwice = false;
    QObject::connect(&termination, &cli::TerminationSignals::requested, &window, [&] {
        if (std::exchange(isAskedTwice, true))
            QApplication::quit();
        else
            window.close();
    });
    window.show();
    return QApplication::exec();
}
