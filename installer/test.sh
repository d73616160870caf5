#!/usr/bin/env bash
# Sets up, builds with warnings as errors, and runs all tests but those labelled slow, peer and gpu (presets of their own).
#
#   installer/test.sh [--cpu|--cuda] [--asan]
#
# --asan   the same tests once more under the address and undefined-behaviour sanitizers
# --cuda   with the GPU plug-in, and the tests labelled gpu where a GPU is
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

device=auto presets=()
while [ $# -gt 0 ]; do
    case "$1" in
        --cpu | --cuda) device="${1#--}" ;;
        --asan) presets+=(asan) ;;
        -h | --help) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
        *) fail "unknown option '$1'; --cpu, --cuda and --asan are known" ;;
    esac
    shift
done
device=$(chooseDevice "$device")
if [ "$device" = cuda ]; then presets=(cuda "${presets[@]}"); else presets=(dev "${presets[@]}"); fi

# runTests TEST_PRESET BUILD_PRESET: ctest's closing lines and what failed are shown, the rest goes to the log.
runTests() {
    local log="$root/build/$2/ctest-$1.log" status=0 count
    beginStep
    (cd "$root" && ctest --preset "$1" --output-junit "$root/build/$2/ctest-$1.xml") </dev/null 2>&1 | tee "$log" |
        { grep -vE '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test +#.* Passed +[0-9.]+ sec$)' || true; } || status=$?
    count=$(sed -n 's/.*tests failed out of \([0-9]*\)$/\1/p' "$log" | tail -n 1)
    [ "$status" = 0 ] || fail "tests of preset $1 failed; the log is in $log"
    [ "${count:-0}" -gt 0 ] || fail "preset $1 ran no test"
    endStep "tests" "preset $1: $count run"
}

started=$SECONDS
bash "$root/installer/setup.sh" "--$device" --with gui,test
setupDone=$SECONDS
phases="set-up $((setupDone - started)) s"
for preset in "${presets[@]}"; do
    before=$SECONDS
    echo "Building ($preset)"
    configureAndBuild "$preset" "$root/build/$preset/build.log"
    built=$SECONDS
    echo "Testing ($preset)"
    runTests "$preset" "$preset"
    phases="$phases, build $preset $((built - before)) s, tests $preset $((SECONDS - built)) s"
done
if [ "$device" = cuda ]; then
    if hasGpu; then runTests gpu cuda; else echo "  tests labelled gpu: NOT RUN (no GPU here)"; fi
fi
echo "Time: $phases, together $((SECONDS - started)) s"
