#!/usr/bin/env bash
# Checks the layout of the sources, the scripts, and (with a build folder) the sources by clang-tidy.
#
#   installer/lint.sh [--fix] [--tidy BUILD_FOLDER [--budget SECONDS]]
#
# --fix   lay out the C++ sources in place instead of checking them
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

fix=no build="" budget=()
while [ $# -gt 0 ]; do
    case "$1" in
        --fix) fix=yes ;;
        --tidy) build="${2:?--tidy needs a build folder}" && shift ;;
        --budget) budget=(--budget "${2:?--budget needs seconds}") && shift ;;
        -h | --help) sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
        *) fail "unknown option '$1'; --fix, --tidy and --budget are known" ;;
    esac
    shift
done
cd "$root"
for tool in clang-format-16 shellcheck; do
    command -v "$tool" >/dev/null || fail "$tool is missing: bash installer/setup.sh --with lint"
done

beginStep
mapfile -t sources < <(git ls-files '*.cpp' '*.h' '*.cu' '*.cuh')
if [ "$fix" = yes ]; then
    clang-format-16 -i "${sources[@]}"
else
    clang-format-16 --dry-run -Werror "${sources[@]}" || fail "the layout differs; bash installer/lint.sh --fix mends it"
fi
endStep "clang-format" "${#sources[@]} files"
beginStep
mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
shellcheck -x "${scripts[@]}" || fail "shellcheck has complaints, above"
endStep "shellcheck" "${#scripts[@]} files"
if [ -n "$build" ]; then python3 installer/tidy.py "$build" "$cache/tidy" "${budget[@]}"; fi
