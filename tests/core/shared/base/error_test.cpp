#include "core/shared/base/error.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "core/shared/base/result.h"

namespace lapidary {
namespace {

Result<std::unique_ptr<int>> makeOrFail(bool fail) {
    if (fail) return Error{ErrorCode::InvalidData, "no number", ""};
    return std::make_unique<int>(7);
}

Result<int> passOn(bool fail) {
    ASSIGN_OR_RETURN(const auto value, makeOrFail(fail));
    return *value + 1;
}

Result<void> passOnNothing(bool fail) {
    RETURN_IF_ERROR(makeOrFail(fail));
    return {};
}

TEST(Error, PlacesAreNamedFromTheOutside) {
    const Error error{ErrorCode::InvalidFile, "too short", ""};
    EXPECT_EQ(error.toString(), "too short");
    EXPECT_EQ(error.within("header").within("a.safetensors").toString(), "a.safetensors: header: too short");
    EXPECT_EQ(error.within("header").code, ErrorCode::InvalidFile);
}

TEST(Error, ExitCodesAreTheDocumentedOnes) {
    EXPECT_EQ(exitCode(ErrorCode::Usage), 2);
    for (const ErrorCode code : {ErrorCode::InvalidFile, ErrorCode::InvalidData, ErrorCode::NotFound, ErrorCode::Unsupported}) {
        EXPECT_EQ(exitCode(code), 3);
    }
    EXPECT_EQ(exitCode(ErrorCode::OutOfMemory), 4);
    EXPECT_EQ(exitCode(ErrorCode::Cancelled), 5);
    EXPECT_EQ(exitCode(ErrorCode::ChildDied), 6);
    EXPECT_EQ(exitCode(ErrorCode::Different), 7);
    for (const ErrorCode code : {ErrorCode::Io, ErrorCode::Network, ErrorCode::Internal}) EXPECT_EQ(exitCode(code), 1);
}

TEST(Error, EveryCodeHasANameOfItsOwn) {
    std::set<std::string> names;
    for (int code = 0; code <= static_cast<int>(ErrorCode::Internal); ++code) {
        names.insert(errorCodeName(static_cast<ErrorCode>(code)));
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorCode::Internal) + 1);
    EXPECT_TRUE(names.contains("invalid_file"));
}

TEST(Result, ValuesAreMovedOutAndErrorsPassedOn) {
    EXPECT_EQ(passOn(false).value(), 8);
    ASSERT_FALSE(passOn(true));
    EXPECT_EQ(passOn(true).error().message, "no number");
    EXPECT_TRUE(passOnNothing(false));
    EXPECT_EQ(passOnNothing(true).error().code, ErrorCode::InvalidData);
}

}  // namespace
}  // namespace lapidary
