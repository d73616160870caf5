#include "app/desktop/display_check.h"

#include <QByteArray>
#include <QtGlobal>
#include <algorithm>
#include <cstdio>
#include <string_view>

bool hasDisplay([[maybe_unused]] int argc, [[maybe_unused]] char** argv) {
#if defined(Q_OS_UNIX) && !defined(Q_OS_MACOS)
    const bool chosen = std::any_of(argv, argv + argc, [](const char* word) { return std::string_view(word) == "-platform"; });
    if (chosen || !qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) return true;
    return !qEnvironmentVariableIsEmpty("DISPLAY") || !qEnvironmentVariableIsEmpty("WAYLAND_DISPLAY");
#else
    return true;
#endif
}

void tellOfNoDisplay() {
    std::fputs(
        "lapidary-desktop: error: there is no display here: neither WAYLAND_DISPLAY nor DISPLAY is set. Start it on a "
        "desktop or through `ssh -X`, or use the command line, which needs none: lapidary chat --model demo\n",
        stderr);
}
