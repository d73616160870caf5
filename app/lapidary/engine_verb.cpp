// `lapidary engine`: JSON lines on standard input and output, for the window.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <iostream>

#include "app/lapidary/verb.h"
#include "core/engine/session/engine_loop.h"
#include "core/shared/base/file.h"
#include "core/shared/base/runtime_folder.h"

namespace lapidary::app {
namespace {

class EngineVerb : public Verb {
public:
    void addOptions(CLI::App& /*command*/) override {}

    Result<void> run(const Invocation& invocation) override {
        std::signal(SIGPIPE, SIG_IGN);  // a client that went away is seen by write()
        // From here on descriptor 1 is standard error, so that a library's print cannot corrupt the stream of events.
        std::cout.flush();
        const int events = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        if (events < 0 || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
            return systemError("cannot take over", "standard output", errno);
        ASSIGN_OR_RETURN(const RuntimeFolder folder, RuntimeFolder::create());
        session::EngineOptions options;
        options.outputFd = events;
        options.version = versionNumber();
        options.runtimeFolder = folder.path();
        auto result = session::runEngine(options, invocation.stop);
        ::close(events);
        return result;
    }
};

}  // namespace

std::unique_ptr<Verb> makeEngineVerb() { return std::make_unique<EngineVerb>(); }

}  // namespace lapidary::app
