#!/usr/bin/env python3
"""How long the window takes to appear: the median of ten starts under Xvfb, each with an engine of its own.

    first_paint.py PROGRAM FOLDER [--starts 10]

By hand: a figure, not a test.  The first start, which fills the caches of the disk, is not counted."""

import argparse
import json
import pathlib
import shutil
import statistics

from desk import Desk


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--starts", type=int, default=10)
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    desk = Desk(options.program.resolve(), options.folder.resolve())
    times = []
    try:
        for start in range(options.starts + 1):
            desk.start()
            desk.find("Try the demo model", "push button")
            desk.keys("ctrl+q")
            desk.wait_end(10)
            figures = json.loads(desk.timings_file.read_text())
            if start > 0:
                times.append(figures["first_paint_ms"])
    finally:
        desk.close()
    print(f"first paint: median {statistics.median(times):.0f} ms of {len(times)} starts ({min(times):.0f} to {max(times):.0f})")


if __name__ == "__main__":
    main()
