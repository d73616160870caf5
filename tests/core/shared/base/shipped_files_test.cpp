#include "core/shared/base/shipped_files.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace lapidary {
namespace {

TEST(ShippedFiles, LieBesideTheFolderOfTheProgram) {
    const test::TempDir prefix;
    (void)prefix.write("share/lapidary/demo/config.json", "{}");
    const auto found = shippedFolder("demo", prefix.path() / "bin" / "lapidary");
    ASSERT_TRUE(found) << found.error().toString();
    EXPECT_EQ(*found, prefix.path() / "share" / "lapidary" / "demo");
}

TEST(ShippedFiles, AMissingFolderIsNamed) {
    const test::TempDir prefix;
    (void)prefix.write("share/lapidary/demo", "a file, no folder");
    const auto missing = shippedFolder("demo", prefix.path() / "bin" / "lapidary");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
    EXPECT_NE(missing.error().message.find((prefix.path() / "share/lapidary/demo").string()), std::string::npos)
        << missing.error().message;
    EXPECT_FALSE(shippedFolder("demo")) << "nothing is shipped with a test";
}

}  // namespace
}  // namespace lapidary
