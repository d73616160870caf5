#include "core/data/files/yaml_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/shared/base/json.h"

namespace lapidary::files {
namespace {

std::string read(std::string_view text) {
    const auto value = parseYaml(text, "f.yaml");
    return value ? value->dump() : value.error().toString();
}

TEST(YamlText, SectionsAndScalars) {
    EXPECT_EQ(read("# a comment\n"
                   "train:\n  train_iters: 50   # short\n  name: it's\n"
                   "optimizer: {lr: 1e-4, min_lr: 1.5, on: True, off: false}\n"
                   "peft: ~\nempty:\nword: null\nlist:\n  - a b\n  - '1'\n  - \"x\\ty\"\n  - [1, 2]\n"
                   "text: |\n  two\n  lines\n"),
              R"({"empty":null,"list":["a b","1","x\ty",[1,2]],"optimizer":{"lr":0.0001,"min_lr":1.5,"off":false,"on":true},)"
              R"("peft":null,"text":"two\nlines\n","train":{"name":"it's","train_iters":50},"word":null})");
    EXPECT_EQ(read(""), "{}");
    EXPECT_EQ(read("# nothing\n"), "{}");
    EXPECT_EQ(read("---\na: 1\n"), R"({"a":1})");
    EXPECT_EQ(read("'1': 2\n"), R"({"1":2})");
    EXPECT_EQ(read("word"), "\"word\"");
}

TEST(Fault61, YamlBombsAreRefusedBeforeTheyGrow) {
    std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
    for (char c = 'b'; c < 'k'; ++c) {
        const std::string before(1, static_cast<char>(c - 1));
        bomb += std::string(1, c) + ": &" + c + " [*" + before + ",*" + before + ",*" + before + ",*" + before + "]\n";
    }
    EXPECT_EQ(read(bomb), "f.yaml: anchors (&name) are not accepted at line 1, column 4");
    EXPECT_EQ(read("a: &b 1\n"), "f.yaml: anchors (&name) are not accepted at line 1, column 4");
    EXPECT_EQ(read("a: &b {c: 1}\n"), "f.yaml: anchors (&name) are not accepted at line 1, column 4");
    EXPECT_EQ(read("a: &b\n"), "f.yaml: anchors (&name) are not accepted at line 1, column 4");
    EXPECT_EQ(read("a: *b\n").substr(0, 23), "f.yaml: not valid YAML ");
    EXPECT_EQ(read(std::string(100, '[') + std::string(100, ']')), "f.yaml: nested deeper than 64 levels at line 1, column 65");
    EXPECT_FALSE(parseYaml(std::string(100'000, '['), "f.yaml"));
    EXPECT_FALSE(parseYaml(std::string(100'000, '{'), "f.yaml"));
    std::string wide = "a: [";
    for (int i = 0; i < 100'001; ++i) wide += "1,";
    EXPECT_EQ(read(wide + "1]").substr(0, 40), "f.yaml: more than 100000 values at line ");
    EXPECT_EQ(read(std::string((1 << 20) + 1, ' ')), "f.yaml: at most 1048576 bytes of YAML are accepted");
}

TEST(Fault61, YamlIsRefusedWithLineAndColumn) {
    EXPECT_EQ(read("a: 1\nb: 1e309\n"), "f.yaml: 'b': expected a number that a double holds, found 1e309 at line 2, column 4");
    EXPECT_EQ(read("a:\n  b: .nan\n"), "f.yaml: 'a.b': expected a finite number, found .nan at line 2, column 6");
    EXPECT_EQ(read("a: 1\na: 2\n"), "f.yaml: the key 'a' appears twice at line 2, column 1");
    EXPECT_EQ(read("1: 2\n"), "f.yaml: expected a text as key, found the number 1 at line 1, column 1");
    EXPECT_EQ(read("? [a]\n: 2\n"), "f.yaml: expected a text as key, found a list of 0 at line 1, column 3");
    EXPECT_EQ(read("a: !!python/object/apply:os.system [ls]\n"), "f.yaml: tags (!name) are not accepted at line 1, column 4");
    EXPECT_EQ(read("a: !env HOME\n"), "f.yaml: tags (!name) are not accepted at line 1, column 4");
    EXPECT_EQ(read("a: {b\n").substr(0, 31), "f.yaml: not valid YAML at line ");
    EXPECT_EQ(read("a: 1\n b: 2\n").substr(0, 31), "f.yaml: not valid YAML at line ");
    EXPECT_EQ(read("a: 1\n---\nb: 2\n"), "f.yaml: expected one document, found another after it");
    EXPECT_EQ(read(std::string_view("a: 1\0b", 6)), "f.yaml: expected text, found a NUL byte");
    EXPECT_EQ(read("a: \xFF\n"), "f.yaml: the text is not UTF-8");
}

}  // namespace
}  // namespace lapidary::files
