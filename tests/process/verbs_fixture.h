// Tiny checkpoints, pictures and files for tests of the verbs.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/process/child_process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace lapidary::test {

class Verbs : public ::testing::Test {
protected:
    [[nodiscard]] std::string vision() const { return model("vision", buildTinyVisionModel, ChatTemplate::Present); }
    [[nodiscard]] std::string text() const { return model("text", buildTinyTextModel, ChatTemplate::Present); }
    [[nodiscard]] std::string base() const { return model("base", buildTinyTextModel, ChatTemplate::Absent); }
    [[nodiscard]] std::string picture(int variant = 0) const {
        const auto path = m_folder.path() / ("picture" + std::to_string(variant) + ".png");
        writePicture(path, variant);
        return path;
    }
    [[nodiscard]] std::string file(const std::string& name, const std::string& bytes) const {
        return m_folder.write(name, bytes);
    }
    [[nodiscard]] std::string path(const std::string& name) const { return m_folder.path() / name; }

private:
    template <class Build>
    [[nodiscard]] std::string model(const char* name, Build build, ChatTemplate chatTemplate) const {
        const auto folder = m_folder.path() / name;
        if (!std::filesystem::exists(folder)) build(folder, chatTemplate);
        return folder;
    }

    TempDir m_folder;
};

}  // namespace lapidary::test
