#!/usr/bin/env bash
# Sets up, builds, and shows Lapidary at work: the real Gemma 3 270M goes on with a text at live speed, and a picture of ours
# becomes what the model sees.
#
#   installer/run.sh [--cpu|--cuda]
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

device=auto
while [ $# -gt 0 ]; do
    case "$1" in
        --cpu | --cuda) device="${1#--}" ;;
        -h | --help) sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
        *) fail "unknown option '$1'; --cpu and --cuda are known" ;;
    esac
    shift
done
device=$(chooseDevice "$device")
preset=release
[ "$device" = cuda ] && preset=release-cuda

bash "$root/installer/setup.sh" "--$device"
echo "Building"
configureAndBuild "$preset" "$root/build/$preset/build.log"
lapidary="$root/build/$preset/bin/lapidary"

show() {
    printf '\n$ lapidary'
    printf ' %q' "$@"
    printf '\n'
    "$lapidary" "$@"
}

show generate --model "$realModel" --raw --max-new-tokens 96 --temperature 0 --repetition-penalty 1.2 --device "$device" \
    --prompt "The old lighthouse keeper climbed the stairs, looked out over the sea, and"
show processor "$root/resources/demo/scene.jpg" --pan-and-scan --output "$root/build/$preset/demo-views"
printf '\nThe program is %s; try: %s chat --model %s\n' "$lapidary" "$lapidary" "$realModel"
