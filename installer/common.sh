# Shared by the scripts of this folder: places, the choice between CPU and CUDA, and one way to report a step.
# shellcheck shell=bash

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)" || exit
readonly root
readonly cache="${LAPIDARY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lapidary}"
# shellcheck disable=SC2034  # used by run.sh
readonly realModel="$cache/models/gemma-3-270m-q4_k_m.gguf"

export LC_ALL=C.UTF-8
# Tests and CMake find the libraries and the real model by these.
export LAPIDARY_CACHE="$cache"
export LAPIDARY_TORCH_DIR="$cache/deps"
# Compiled files are shared between clones, wherever they lie.
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1

fail() {
    printf '\nlapidary: %s\n' "$1" >&2
    exit 1
}

stepStarted=$SECONDS
beginStep() { stepStarted=$SECONDS; }
# endStep "name" "what happened, sizes": one line with the seconds since beginStep.
endStep() { printf '  %-18s %s  (%d s)\n' "$1" "$2" "$((SECONDS - stepStarted))"; }

hasGpu() { [ -e /dev/nvidia0 ] || { command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; }; }

# chooseDevice auto|cpu|cuda: the device to build for.
chooseDevice() {
    if [ "$1" != auto ]; then
        echo "$1"
    elif hasGpu && [ -x /usr/local/cuda/bin/nvcc ]; then
        echo cuda
    else
        echo cpu
    fi
}

# Jobs for compiling: a file with LibTorch's headers takes up to 1.3 GB.
buildJobs() {
    local cores memoryGb
    cores=$(nproc)
    memoryGb=$(awk '/MemAvailable/ {print int($2 / 1500000)}' /proc/meminfo)
    [ "$memoryGb" -lt 1 ] && memoryGb=1
    echo $((cores < memoryGb ? cores : memoryGb))
}

# configureAndBuild PRESET LOG [CMAKE ARGUMENTS]: everything to LOG, shown when it fails; a warning is a failure.
configureAndBuild() {
    local preset="$1" log="$2"
    shift 2
    mkdir -p "$(dirname "$log")"
    beginStep
    (cd "$root" && cmake --preset "$preset" -DLAPIDARY_TORCH_DIR="$LAPIDARY_TORCH_DIR" "$@") >"$log" 2>&1 </dev/null || {
        tail -n 30 "$log" >&2
        fail "cmake --preset $preset failed; the log is above and in $log"
    }
    endStep "configure" "preset $preset"
    beginStep
    local jobs
    jobs=$(buildJobs)
    (cd "$root" && cmake --build --preset "$preset" --parallel "$jobs") >>"$log" 2>&1 </dev/null || {
        grep -E -A 12 'error:|FAILED:|undefined reference' "$log" | head -n 60 >&2
        tail -n 15 "$log" >&2
        fail "the build of preset $preset failed; the log is in $log"
    }
    if grep -E 'warning:|CMake( Deprecation| Developer)? Warning' "$log" >&2; then fail "the build of preset $preset gave the warnings above"; fi
    endStep "build" "$(grep -cE '^\[[0-9]+/[0-9]+\]' "$log" || true) steps with $jobs jobs"
}
