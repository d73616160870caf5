"""clang-tidy 16 over the sources of a build folder, those that changed since they last passed.

    tidy.py BUILD_FOLDER CACHE_FOLDER [--budget SECONDS] [FILE ...]

A file is looked at again when it, a header of ours that it includes, or .clang-tidy changed (the headers as Ninja recorded them).
With a budget no new file is begun after so many seconds, and the closing line says how many were left: newest change first,
so what is left is what was there before.  Tests are not looked at unless they are named.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def recorded_headers(build: pathlib.Path) -> dict[str, list[str]]:
    """Object file → headers of this repository that its compilation read."""
    listing = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True, check=True).stdout
    headers: dict[str, list[str]] = {}
    current: list[str] = []
    for line in listing.splitlines():
        if line and not line.startswith((" ", "ninja:")):
            current = headers.setdefault(line.split(": #deps")[0], [])
        elif line.strip():
            path = pathlib.Path(os.path.normpath(build / line.strip()))
            if path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / "build"):
                current.append(str(path))
    return headers


def key_of(source: str, headers: list[str]) -> str:
    digest = hashlib.sha256()
    for path in [ROOT / ".clang-tidy", source, *sorted(set(headers))]:
        digest.update(pathlib.Path(path).read_bytes())
    return digest.hexdigest()


def sources_of(build: pathlib.Path, wanted: list[str]) -> list[tuple[str, str]]:
    headers = recorded_headers(build)
    chosen = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = os.path.normpath(os.path.join(entry["directory"], entry["file"]))
        inside = os.path.relpath(source, ROOT)
        if inside.startswith("..") or (inside not in wanted if wanted else inside.startswith(("build/", "tests/"))):
            continue
        words = entry["command"].split()
        chosen[source] = key_of(source, headers.get(words[words.index("-o") + 1], []))
    newest_first = sorted(chosen, key=lambda source: -os.stat(source).st_mtime)
    return [(source, chosen[source]) for source in newest_first]


def check(build: pathlib.Path, source: str) -> tuple[str, bool, str]:
    command = ["clang-tidy-16", "-p", str(build), "--quiet", source]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return source, done.returncode == 0, done.stdout + ("" if done.returncode == 0 else done.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("cache", type=pathlib.Path)
    parser.add_argument("--budget", type=float, default=float("inf"))
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    build, started = options.build.resolve(), time.monotonic()
    options.cache.mkdir(parents=True, exist_ok=True)
    wanted = [os.path.relpath(os.path.abspath(name), ROOT) for name in options.files]
    sources = sources_of(build, wanted)
    if not sources:
        print("clang-tidy: no source of this build folder was named")
        return 1
    due = [(source, key) for source, key in sources if not (options.cache / key).exists()]
    keys, left, failed = dict(due), 0, 0

    def work(source: str):
        return check(build, source) if time.monotonic() - started < options.budget else None

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for outcome in pool.map(work, [source for source, _ in due]):
            if outcome is None:
                left += 1
                continue
            source, passed, output = outcome
            if passed:
                (options.cache / keys[source]).touch()
            else:
                failed += 1
                print(output)
    unchanged = len(sources) - len(due)
    print(f"clang-tidy: {len(due) - left} files looked at, {unchanged} unchanged since they passed, {left} left for want of time, "
          f"{failed} with findings ({time.monotonic() - started:.0f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
