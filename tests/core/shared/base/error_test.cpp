#include "core/shared/base/error.h"

#include <gtest/gtest.h>

#include <string>

#include "core/shared/base/result.h"

namespace lapidary {
namespace {

TEST(Error, ContextGrowsFromTheInsideOut) {
    const Error inner{ErrorCode::InvalidData, "expected 3, found 4", ""};
    EXPECT_EQ(inner.toString(), "expected 3, found 4");
    const Error outer = inner.within("header").within("model.safetensors");
    EXPECT_EQ(outer.toString(), "model.safetensors: header: expected 3, found 4");
    EXPECT_EQ(outer.code, ErrorCode::InvalidData);
}

// The numbers that scripts rely on (README, "Exit codes").
TEST(Error, ExitCodes) {
    EXPECT_EQ(exitCode(ErrorCode::Io), 1);
    EXPECT_EQ(exitCode(ErrorCode::Network), 1);
    EXPECT_EQ(exitCode(ErrorCode::Internal), 1);
    EXPECT_EQ(exitCode(ErrorCode::Usage), 2);
    for (const ErrorCode code : {ErrorCode::InvalidFile, ErrorCode::InvalidData, ErrorCode::NotFound, ErrorCode::Unsupported}) {
        EXPECT_EQ(exitCode(code), 3) << errorCodeName(code);
    }
    EXPECT_EQ(exitCode(ErrorCode::OutOfMemory), 4);
    EXPECT_EQ(exitCode(ErrorCode::Cancelled), 5);
    EXPECT_EQ(exitCode(ErrorCode::ChildDied), 6);
    EXPECT_EQ(exitCode(ErrorCode::Different), 7);
}

Result<int> half(int value) {
    if (value % 2 != 0) return Error{ErrorCode::InvalidData, "odd", ""};
    return value / 2;
}

Result<int> quarter(int value) {
    ASSIGN_OR_RETURN(const int once, half(value));
    ASSIGN_OR_RETURN(const int twice, half(once));
    return twice;
}

Result<void> checkEven(int value) {
    RETURN_IF_ERROR(half(value));
    return {};
}

TEST(Result, MacrosPassValuesOnAndErrorsOut) {
    EXPECT_EQ(*quarter(12), 3);
    EXPECT_EQ(quarter(6).error().message, "odd");
    EXPECT_TRUE(checkEven(2));
    EXPECT_FALSE(checkEven(3));
}

}  // namespace
}  // namespace lapidary
