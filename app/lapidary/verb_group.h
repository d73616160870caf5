// A verb that is made of verbs: `lapidary dataset check`, `lapidary dataset make raven`.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/lapidary/verb.h"

namespace lapidary::app {

class VerbGroup : public Verb {
public:
    void add(std::string name, std::string summary, std::unique_ptr<Verb> verb);

    void addOptions(CLI::App& command) override;
    Result<void> run(const Invocation& invocation) override;

private:
    struct Entry {
        std::string name;
        std::string summary;
        std::unique_ptr<Verb> verb;
        CLI::App* command = nullptr;
    };
    std::vector<Entry> m_entries;
};

}  // namespace lapidary::app
