<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
    <context>
        <name>TraceHtml</name>
        <message numerus="yes">
            <source>%1, %n events</source>
            <translation>
                <numerusform>%1, %n event</numerusform>
                <numerusform>%1, %n events</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::EventsView</name>
        <message numerus="yes">
            <source>The answer was not kept: only counts and times are known (%n events).</source>
            <translation>
                <numerusform>The answer was not kept: only counts and times are known (%n event).</numerusform>
                <numerusform>The answer was not kept: only counts and times are known (%n events).</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>Its events are shown when it has ended (%n so far).</source>
            <translation>
                <numerusform>Its events are shown when it has ended (%n so far).</numerusform>
                <numerusform>Its events are shown when it has ended (%n so far).</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::ExportJob</name>
        <message numerus="yes">
            <source>%n requests written to %1 (%2)</source>
            <translation>
                <numerusform>%n request written to %1 (%2)</numerusform>
                <numerusform>%n requests written to %1 (%2)</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::ImportDialog</name>
        <message numerus="yes">
            <source>Read as %1: %n prefill</source>
            <translation>
                <numerusform>Read as %1: %n prefill</numerusform>
                <numerusform>Read as %1: %n prefill</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>%n decode</source>
            <translation>
                <numerusform>%n decode</numerusform>
                <numerusform>%n decode</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::MainWindow</name>
        <message numerus="yes">
            <source>%n requests still run; the window closes when they have ended.</source>
            <translation>
                <numerusform>%n request still runs; the window closes when it has ended.</numerusform>
                <numerusform>%n requests still run; the window closes when they have ended.</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::MatrixModel</name>
        <message numerus="yes">
            <source>%n in flight</source>
            <translation>
                <numerusform>%n in flight</numerusform>
                <numerusform>%n in flight</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::PairsPage</name>
        <message numerus="yes">
            <source>%n changes not applied: %1</source>
            <translation>
                <numerusform>%n change not applied: %1</numerusform>
                <numerusform>%n changes not applied: %1</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>For %n servers:</source>
            <translation>
                <numerusform>For %n server:</numerusform>
                <numerusform>For %n servers:</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::RemoteSession</name>
        <message numerus="yes">
            <source>nothing has come from it for %n seconds</source>
            <translation>
                <numerusform>nothing has come from it for %n second</numerusform>
                <numerusform>nothing has come from it for %n seconds</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::RepeatPanel</name>
        <message numerus="yes">
            <source>%n requests failed; most often: %1</source>
            <translation>
                <numerusform>%n request failed; most often: %1</numerusform>
                <numerusform>%n requests failed; most often: %1</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::ReplayJob</name>
        <message numerus="yes">
            <source>%n requests were sent again.</source>
            <translation>
                <numerusform>%n request was sent again.</numerusform>
                <numerusform>%n requests were sent again.</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>%n requests were sent again, %1 of them failed: %2</source>
            <translation>
                <numerusform>%n request was sent again, %1 failed: %2</numerusform>
                <numerusform>%n requests were sent again, %1 of them failed: %2</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::ServerModel</name>
        <message numerus="yes">
            <source>%n in flight</source>
            <translation>
                <numerusform>%n in flight</numerusform>
                <numerusform>%n in flight</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>Edit %n servers</source>
            <translation>
                <numerusform>Edit %n server</numerusform>
                <numerusform>Edit %n servers</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>Move %n servers</source>
            <translation>
                <numerusform>Move %n server</numerusform>
                <numerusform>Move %n servers</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>Remove %n servers</source>
            <translation>
                <numerusform>Remove %n server</numerusform>
                <numerusform>Remove %n servers</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>Duplicate %n servers</source>
            <translation>
                <numerusform>Duplicate %n server</numerusform>
                <numerusform>Duplicate %n servers</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::TopBar</name>
        <message numerus="yes">
            <source>%n up</source>
            <translation>
                <numerusform>%n up</numerusform>
                <numerusform>%n up</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>%n other</source>
            <translation>
                <numerusform>%n other</numerusform>
                <numerusform>%n other</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>%n down</source>
            <translation>
                <numerusform>%n down</numerusform>
                <numerusform>%n down</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>pdlb::gui::TracesPage</name>
        <message numerus="yes">
            <source>%n new, resume ↓</source>
            <translation>
                <numerusform>%n new, resume ↓</numerusform>
                <numerusform>%n new, resume ↓</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>%n new ↓</source>
            <translation>
                <numerusform>%n new ↓</numerusform>
                <numerusform>%n new ↓</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>%n requests copied as cURL; keys are left out.</source>
            <translation>
                <numerusform>%n request copied as cURL; keys are left out.</numerusform>
                <numerusform>%n requests copied as cURL; keys are left out.</numerusform>
            </translation>
        </message>
    </context>
</TS>
