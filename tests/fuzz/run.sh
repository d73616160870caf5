#!/usr/bin/env bash
# Builds every libFuzzer target (preset fuzz, clang 16) and runs each for some seconds on its corpus.
#
#   tests/fuzz/run.sh [SECONDS] [NAME ...]
#
# What a target finds is left in build/fuzz/findings/<name>/; put it into tests/fuzz/corpus/<name>/ with the mend.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../installer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../installer/common.sh"

seconds="${1:-60}"
[ $# -gt 0 ] && shift
names=("$@")
if [ ${#names[@]} = 0 ]; then
    mapfile -t names < <(sed -n 's/^lapidary_fuzz(\([a-z_]*\) .*/\1/p' "$root/tests/fuzz/CMakeLists.txt")
fi
cd "$root"
cmake --preset fuzz -DLAPIDARY_TORCH_DIR="$LAPIDARY_TORCH_DIR" >/dev/null
cmake --build --preset fuzz --parallel "$(buildJobs)" --target "${names[@]/#/fuzz_}"
failed=0
for name in "${names[@]}"; do
    findings="$root/build/fuzz/findings/$name" grown="$root/build/fuzz/grown/$name"
    mkdir -p "$findings" "$grown"
    log="$root/build/fuzz/$name.log"
    if "build/fuzz/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$findings/" \
        "$grown" "tests/fuzz/corpus/$name" >"$log" 2>&1 </dev/null; then
        printf '%-14s %s\n' "$name" "$(tail -n 1 "$log")"
    else
        failed=1
        printf '%-14s FOUND SOMETHING: %s\n' "$name" "$findings"
        grep -E 'ERROR|SUMMARY|runtime error' "$log" | head -n 5
    fi
done
exit $failed
