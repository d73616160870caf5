#include "app/lapidary/inspect_text.h"

#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace lapidary::app {
namespace {

std::string megabytes(std::int64_t bytes) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(1) << static_cast<double>(bytes) / 1e6 << " MB";
    return text.str();
}

}  // namespace

void printInspection(const nlohmann::ordered_json& document) {
    std::cout << "kind       " << document["kind"].get<std::string>() << '\n';
    for (const auto& file : document["files"]) std::cout << "file       " << file.get<std::string>() << '\n';
    std::cout << "formats    " << document["formats"].dump() << "\nconfig     " << document["config"].dump(2) << '\n';
    for (const auto& [part, size] : document["parts"].items()) {
        std::cout << std::left << std::setw(11) << part << size["parameters"] << " parameters in " << size["tensors"]
                  << " tensors, " << megabytes(size["bytes"].get<std::int64_t>()) << '\n';
    }
    std::cout << "memory on " << document["forecast"]["device"].get<std::string>() << " for a context of "
              << document["forecast"]["context"] << " tokens:\n";
    for (const auto& [name, bytes] : document["forecast"]["bytes"].items()) {
        std::cout << "  " << std::left << std::setw(20) << name << megabytes(bytes.get<std::int64_t>()) << '\n';
    }
    if (document.contains("tensors")) {
        for (const auto& tensor : document["tensors"]) {
            std::cout << tensor["name"].get<std::string>() << "  " << tensor["format"].get<std::string>() << "  "
                      << tensor["shape"].dump() << '\n';
        }
    }
    for (const auto& warning : document["warnings"]) std::cout << "warning    " << warning.get<std::string>() << '\n';
}

}  // namespace lapidary::app
