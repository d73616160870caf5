#include "app/lapidary/verb_group.h"

#include <CLI/CLI.hpp>

namespace lapidary::app {

void VerbGroup::add(std::string name, std::string summary, std::unique_ptr<Verb> verb) {
    m_entries.push_back({std::move(name), std::move(summary), std::move(verb), nullptr});
}

void VerbGroup::addOptions(CLI::App& command) {
    command.require_subcommand(1);
    for (Entry& entry : m_entries) {
        entry.command = command.add_subcommand(entry.name, entry.summary);
        entry.command->fallthrough();  // --json and its kind belong to the outer verb
        entry.verb->addOptions(*entry.command);
    }
}

Result<void> VerbGroup::run(const Invocation& invocation) {
    for (const Entry& entry : m_entries) {
        if (entry.command != nullptr && entry.command->parsed()) return entry.verb->run(invocation);
    }
    return Error{ErrorCode::Usage, "say which: the list is in --help", ""};
}

}  // namespace lapidary::app
