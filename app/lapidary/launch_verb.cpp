// `lapidary launch`: the ranks of another verb, with torchrun's options and variables.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "app/lapidary/verb.h"
#include "core/engine/distributed/launcher.h"

namespace lapidary::app {
namespace {

class LaunchVerb : public Verb {
public:
    void addOptions(CLI::App& command) override {
        command.add_option("--nproc-per-node", m_request.ranksHere, "ranks on this machine (default 1)")->type_name("N");
        command.add_option("--nnodes", m_request.nodes, "machines (default 1)")->type_name("N");
        command.add_option("--node-rank", m_request.nodeRank, "which of them this one is, from 0")->type_name("N");
        command.add_option("--master-addr", m_request.masterAddress, "where the others reach rank 0 (default: this machine)")
            ->type_name("HOST");
        command.add_option("--master-port", m_request.masterPort, "its port (default: a free one)")->type_name("PORT");
        command.add_option("verb", m_request.words, "behind --: the verb and its options")->type_name("VERB ...");
    }

    // Its ranks may; they do not see the terminal.
    [[nodiscard]] bool outlivesTerminal() const override {
        return !m_request.words.empty() && m_request.words.front() == "finetune";
    }

    Result<void> run(const Invocation& invocation) override {
        std::signal(SIGPIPE, SIG_IGN);  // a reader of the ranks' lines that went away must not end the ranks
        if (m_request.words.empty() || m_request.words.front().starts_with("-")) {
            return Error{ErrorCode::Usage, "say which verb: lapidary launch --nproc-per-node 2 -- finetune --recipe 270m", ""};
        }
        if (m_request.words.front() == "launch") return Error{ErrorCode::Usage, "launch does not launch itself", ""};
        m_request.executable = std::filesystem::read_symlink("/proc/self/exe");
        const bool single = m_request.ranksHere == 1 && m_request.nodes == 1;
        return distributed::launchRanks(
            m_request,
            [&](int rank, const std::string& line) {
                std::cerr << (single ? "" : "[rank " + std::to_string(rank) + "] ") + line + "\n" << std::flush;
            },
            invocation.stop);
    }

private:
    distributed::LaunchRequest m_request;
};

}  // namespace

std::unique_ptr<Verb> makeLaunchVerb() { return std::make_unique<LaunchVerb>(); }

}  // namespace lapidary::app
