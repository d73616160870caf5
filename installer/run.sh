#!/usr/bin/env bash
# Sets up, builds, and shows Lapidary at work: the demo model answers questions about pictures, with pan & scan and without, and the
# real Gemma 3 270M goes on with a text at live speed.  Where a display is, the window opens with the demo model and a picture.
#
#   installer/run.sh [--cpu|--cuda] [--window|--headless]
#
# --window     build the window where no display is, too
# --headless   neither build nor open it, and install no Qt
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

device=auto window=no
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then window=open; fi
while [ $# -gt 0 ]; do
    case "$1" in
        --cpu | --cuda) device="${1#--}" ;;
        --window) [ "$window" = open ] || window=build ;;
        --headless) window=no ;;
        -h | --help) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
        *) fail "unknown option '$1'; --cpu, --cuda, --window and --headless are known" ;;
    esac
    shift
done
device=$(chooseDevice "$device")
preset=headless groups=build
if [ "$window" != no ]; then preset=release groups=build,gui; fi
[ "$device" = cuda ] && preset="$preset-cuda"

bash "$root/installer/setup.sh" "--$device" --with "$groups"
echo "Building"
configureAndBuild "$preset" "$root/build/$preset/build.log"
lapidary="$root/build/$preset/bin/lapidary"
pictures="$root/resources/demo/pictures/images"

show() {
    printf '\n$ lapidary'
    printf ' %q' "$@"
    printf '\n'
    "$lapidary" "$@"
}

# answer PICTURE QUESTION [OPTION…]: what the demo model says, on one line.
answer() {
    "$lapidary" generate --quiet --model demo --device "$device" --max-new-tokens 12 --image "$pictures/$1" --prompt "$2" "${@:3}" |
        tr '\n' ' '
}

# A line of a table: question, truth, answer (with crops where the picture is long); and squeezed into one view.
ask() { printf '  %-53s %-12s %s\n' "$2" "$3" "$(answer "$1" "$2")"; }
compare() { printf '  %-53s %-12s %-12s %s\n' "$2" "$3" "$(answer "$1" "$2")" "$(answer "$1" "$2" --no-pan-and-scan)"; }

cat <<TEXT

The demo model: 4.3 million parameters, taught by this repository's own programs, and these pictures it has never seen.

  resources/demo/pictures/images/test-25-000004.png     the truth    it says
TEXT
ask test-25-000004.png "what colour is the circle?" "red"
ask test-25-000004.png "how many stars are there?" "3"
ask test-25-000004.png "which is larger, the yellow star or the purple star?" "purple star"
ask test-25-000004.png "what does the sign say?" "711"
cat <<TEXT

A strip is longer.  The model sees squares of 112 x 112 pixels, and squeezed into one the strip's letters are three pixels wide.  Pan &
scan adds crops in which they can be read:

  resources/demo/pictures/images/test-25-000005.png     the truth    with crops   squeezed
TEXT
compare test-25-000005.png "what colour is the ring?" "green"
compare test-25-000005.png "where is the ring?" "left"
compare test-25-000005.png "how many stars are there?" "2"
compare test-25-000005.png "what does the sign say?" "DYT"
printf '\nWhat it saw, as pictures to look at:\n'
show processor --model demo "$pictures/test-25-000005.png" --output "$root/build/$preset/demo-views"

printf '\nAnd the real Gemma 3 270M, which goes on with a text:\n'
show generate --model "$realModel" --raw --max-new-tokens 96 --temperature 0 --repetition-penalty 1.2 --device "$device" \
    --prompt "The old lighthouse keeper climbed the stairs, looked out over the sea, and"
printf '\nThe program is %s; try: %s chat --model demo\n' "$lapidary" "$lapidary"
if [ "$window" != no ]; then
    desktop="$root/build/$preset/bin/lapidary-desktop"
    printf 'The window: %s --model demo\n' "$desktop"
    if [ "$window" = open ]; then exec "$desktop" --model demo "$pictures/test-25-000005.png"; fi
fi
