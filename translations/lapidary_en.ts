<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>lapidary::gui::ChatBar</name>
    <message numerus="yes">
        <source>%n question(s) waiting</source>
        <translation>
            <numerusform>%n question waiting</numerusform>
            <numerusform>%n questions waiting</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ChatPage</name>
    <message numerus="yes">
        <source>%n message(s) were deleted.</source>
        <translation>
            <numerusform>%n message was deleted.</numerusform>
            <numerusform>%n messages were deleted.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ComposerModel</name>
    <message numerus="yes">
        <source>%n picture(s) of this message cannot be read. Remove them, or try them again.</source>
        <translation>
            <numerusform>%n picture of this message cannot be read. Remove it, or try it again.</numerusform>
            <numerusform>%n pictures of this message cannot be read. Remove them, or try them again.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ComposerPictures</name>
    <message numerus="yes">
        <source>%Ln token(s)</source>
        <translation>
            <numerusform>%Ln token</numerusform>
            <numerusform>%Ln tokens</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>lapidary::gui::ConversationPanel</name>
    <message numerus="yes">
        <source> token(s)</source>
        <translation>
            <numerusform> token</numerusform>
            <numerusform> tokens</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>lapidary::gui::EngineNotices</name>
    <message numerus="yes">
        <source>The engine gave no sign of life for %n second(s) and was ended.</source>
        <translation>
            <numerusform>The engine gave no sign of life for %n second and was ended.</numerusform>
            <numerusform>The engine gave no sign of life for %n seconds and was ended.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>lapidary::gui::JsonFields</name>
    <message numerus="yes">
        <source>This text is longer than %n character(s).</source>
        <translation>
            <numerusform>This text is longer than %n character.</numerusform>
            <numerusform>This text is longer than %n characters.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>lapidary::gui::LoadDialog</name>
    <message numerus="yes">
        <source> token(s)</source>
        <translation>
            <numerusform> token</numerusform>
            <numerusform> tokens</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>lapidary::gui::MainWindow</name>
    <message numerus="yes">
        <source>The engine has %n remark(s) about this model.</source>
        <translation>
            <numerusform>The engine has %n remark about this model.</numerusform>
            <numerusform>The engine has %n remarks about this model.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>lapidary::gui::MessageTexts</name>
    <message numerus="yes">
        <source>%Ln token(s)</source>
        <translation>
            <numerusform>%Ln token</numerusform>
            <numerusform>%Ln tokens</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>lapidary::gui::PanAndScanGeometry</name>
    <message numerus="yes">
        <source>A picture of %1 by %2 pixels with %n crop(s).</source>
        <translation>
            <numerusform>A picture of %1 by %2 pixels with %n crop.</numerusform>
            <numerusform>A picture of %1 by %2 pixels with %n crops.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>lapidary::gui::PreviewViewModel</name>
    <message numerus="yes">
        <source>This picture: %n view(s), %1 tokens.</source>
        <translation>
            <numerusform>This picture: %n view, %1 tokens.</numerusform>
            <numerusform>This picture: %n views, %1 tokens.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>lapidary::gui::PreviewViews</name>
    <message numerus="yes">
        <source>%Ln token(s)</source>
        <translation>
            <numerusform>%Ln token</numerusform>
            <numerusform>%Ln tokens</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>lapidary::gui::SeenDialog</name>
    <message numerus="yes">
        <source>%n view(s) went into the model, as they are here, with %1 tokens in all.</source>
        <translation>
            <numerusform>%n view went into the model, as it is here, with %1 tokens in all.</numerusform>
            <numerusform>%n views went into the model, as they are here, with %1 tokens in all.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln token(s)</source>
        <translation>
            <numerusform>%Ln token</numerusform>
            <numerusform>%Ln tokens</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Of %n view(s) in the prompt, the features of %1 were reused from before.</source>
        <translation>
            <numerusform>Of %n view in the prompt, the features of %1 were reused from before.</numerusform>
            <numerusform>Of %n views in the prompt, the features of %1 were reused from before.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Looking at %n view(s) took %1 ms.</source>
        <translation>
            <numerusform>Looking at %n view took %1 ms.</numerusform>
            <numerusform>Looking at %n views took %1 ms.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln token(s), features reused</source>
        <translation>
            <numerusform>%Ln token, features reused</numerusform>
            <numerusform>%Ln tokens, features reused</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln token(s), %1 ms</source>
        <translation>
            <numerusform>%Ln token, %1 ms</numerusform>
            <numerusform>%Ln tokens, %1 ms</numerusform>
        </translation>
    </message>
</context>
</TS>
