#include "gui/widgets/theme.h"

#include <algorithm>
#include <cmath>

namespace lapidary::gui {

Theme Theme::lightTheme() {
    Theme theme;
    theme.window = QColor(0xf7f8fa);
    theme.base = QColor(0xffffff);
    theme.panel = QColor(0xe9edf3);
    theme.text = QColor(0x1b1f24);
    theme.mutedText = QColor(0x515a64);
    theme.border = QColor(0xcbd2da);
    theme.outline = QColor(0x6b7480);
    theme.accent = QColor(0x0b5cad);
    theme.accentText = QColor(0xffffff);
    theme.link = QColor(0x0a51a8);
    theme.errorText = QColor(0x9c101d);
    theme.errorGround = QColor(0xfdeaea);
    theme.noticeText = QColor(0x6b4200);
    theme.noticeGround = QColor(0xfff3d6);
    theme.codeGround = QColor(0xeef1f5);
    theme.codeKeyword = QColor(0x82187a);
    theme.codeString = QColor(0x0a6038);
    theme.codeComment = QColor(0x56606b);
    theme.codeNumber = QColor(0x8f4400);
    theme.tints = {QColor(0xfff1b8), QColor(0xffd6a5), QColor(0xffc4c4)};
    return theme;
}

Theme Theme::darkTheme() {
    Theme theme;
    theme.dark = true;
    theme.window = QColor(0x1c1e22);
    theme.base = QColor(0x16181b);
    theme.panel = QColor(0x292d34);
    theme.text = QColor(0xe6e8eb);
    theme.mutedText = QColor(0xa9b1bb);
    theme.border = QColor(0x434952);
    theme.outline = QColor(0x7d8691);
    theme.accent = QColor(0x7ab0ff);
    theme.accentText = QColor(0x0b1a2e);
    theme.link = QColor(0x8fbcff);
    theme.errorText = QColor(0xffb8b8);
    theme.errorGround = QColor(0x40201f);
    theme.noticeText = QColor(0xffd994);
    theme.noticeGround = QColor(0x3b3119);
    theme.codeGround = QColor(0x131518);
    theme.codeKeyword = QColor(0xd9a9ff);
    theme.codeString = QColor(0x93d4a3);
    theme.codeComment = QColor(0x9aa4af);
    theme.codeNumber = QColor(0xffba75);
    theme.tints = {QColor(0x47400f), QColor(0x5c3b12), QColor(0x66222e)};
    return theme;
}

Theme Theme::of(ThemeChoice choice, const QPalette& system) {
    const bool systemIsDark = system.color(QPalette::WindowText).lightness() > system.color(QPalette::Window).lightness();
    const bool wantsDark = choice == ThemeChoice::Dark || (choice == ThemeChoice::System && systemIsDark);
    return wantsDark ? darkTheme() : lightTheme();
}

QPalette Theme::palette() const {
    QPalette palette;
    const auto set = [&palette](QPalette::ColorRole role, const QColor& color) { palette.setColor(role, color); };
    set(QPalette::Window, window);
    set(QPalette::WindowText, text);
    set(QPalette::Base, base);
    set(QPalette::AlternateBase, panel);
    set(QPalette::Text, text);
    set(QPalette::PlaceholderText, mutedText);
    set(QPalette::Button, panel);
    set(QPalette::ButtonText, text);
    set(QPalette::BrightText, errorText);
    set(QPalette::Highlight, accent);
    set(QPalette::HighlightedText, accentText);
    set(QPalette::Link, link);
    set(QPalette::LinkVisited, link);
    set(QPalette::ToolTipBase, panel);
    set(QPalette::ToolTipText, text);
    // Bevels of the style: towards the light and away from it.
    set(QPalette::Light, dark ? border.lighter(125) : base);
    set(QPalette::Midlight, dark ? border : panel);
    set(QPalette::Mid, outline);  // OutlinedStyle's
    set(QPalette::Dark, dark ? window.darker(140) : border.darker(125));
    set(QPalette::Shadow, dark ? QColor(Qt::black) : border.darker(160));
    // What cannot be used now is muted, but can be read.
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, mutedText);
    palette.setColor(QPalette::Disabled, QPalette::Highlight, border);
    palette.setColor(QPalette::Disabled, QPalette::HighlightedText, text);
    return palette;
}

std::vector<Theme::TextPair> Theme::textPairs() const {
    std::vector<TextPair> pairs{
        {QStringLiteral("accentText on accent"), accentText, accent},
        {QStringLiteral("errorText on errorGround"), errorText, errorGround},
        {QStringLiteral("noticeText on noticeGround"), noticeText, noticeGround},
    };
    const std::array<std::pair<const char*, QColor>, 4> grounds{
        {{"window", window}, {"base", base}, {"panel", panel}, {"codeGround", codeGround}}};
    const std::array<std::pair<const char*, QColor>, 4> texts{
        {{"text", text}, {"mutedText", mutedText}, {"link", link}, {"errorText", errorText}}};
    for (const auto& [groundName, ground] : grounds) {
        for (const auto& [textName, color] : texts)
            pairs.push_back(
                {QStringLiteral("%1 on %2").arg(QLatin1String(textName), QLatin1String(groundName)), color, ground});
    }
    const std::array<std::pair<const char*, QColor>, 4> code{
        {{"codeKeyword", codeKeyword}, {"codeString", codeString}, {"codeComment", codeComment}, {"codeNumber", codeNumber}}};
    for (const auto& [name, color] : code) pairs.push_back({QLatin1String(name), color, codeGround});
    for (const QColor& tint : tints) {
        pairs.push_back({QStringLiteral("text on a tint"), text, tint});
        pairs.push_back({QStringLiteral("link on a tint"), link, tint});
    }
    return pairs;
}

namespace {

// Relative luminance of an sRGB colour (WCAG 2.2).
double luminance(const QColor& color) {
    const auto linear = [](double part) { return part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4); };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

}  // namespace

double contrastRatio(const QColor& one, const QColor& other) {
    const auto [darker, lighter] =
        std::minmax({luminance(one), luminance(other)});  // values: the other minmax() refers to its arguments
    return (lighter + 0.05) / (darker + 0.05);
}

}  // namespace lapidary::gui
