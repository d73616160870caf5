// Result<T>: a value or an Error, shaped like C++23's std::expected (here tl::expected), never to be ignored.
#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "core/shared/base/error.h"

namespace lapidary {

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
    using Base = tl::expected<T, Error>;
    using Base::Base;
    Result(Error error) : Base(tl::unexpect, std::move(error)) {}  // NOLINT(google-explicit-constructor): `return Error{…};`
    Result(T value) : Base(std::move(value)) {}  // NOLINT(google-explicit-constructor)
};

template <>
class [[nodiscard]] Result<void> : public tl::expected<void, Error> {
public:
    using Base = tl::expected<void, Error>;
    Result() = default;
    Result(Error error) : Base(tl::unexpect, std::move(error)) {}  // NOLINT(google-explicit-constructor)
};

}  // namespace lapidary

#define LAPIDARY_CONCAT_INNER(a, b) a##b
#define LAPIDARY_CONCAT(a, b) LAPIDARY_CONCAT_INNER(a, b)

// ASSIGN_OR_RETURN(const auto file, MappedFile::open(path));   — the value, or the error to the caller.
#define ASSIGN_OR_RETURN(declaration, expression) \
    ASSIGN_OR_RETURN_IMPL(LAPIDARY_CONCAT(resultOf_, __LINE__), declaration, expression)
#define ASSIGN_OR_RETURN_IMPL(temporary, declaration, expression) \
    auto temporary = (expression);                                \
    if (!temporary) return std::move(temporary).error();          \
    declaration = std::move(*temporary)

#define RETURN_IF_ERROR(expression) RETURN_IF_ERROR_IMPL(LAPIDARY_CONCAT(resultOf_, __LINE__), expression)
#define RETURN_IF_ERROR_IMPL(temporary, expression) \
    if (auto temporary = (expression); !temporary) return std::move(temporary).error()
