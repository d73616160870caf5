#!/usr/bin/env python3
"""Breaks one rule at a time and asks whether its test notices.

    tests/mutations/run.py [--only REGEX] [--list] [--from LIST] [--ref COMMIT] [--scratch FOLDER] [--table FILE]

list.txt holds one block a mutation.  --list only reads: it says which blocks the sources have left behind.  Else the sources are copied to a scratch folder with a build folder of their own, so the working
tree is never touched.  First every named test must pass on the unbroken copy; then, mutation by mutation, one line is replaced, the
mutation's targets are built, and the named tests must fail.  The exit code is 0 only when every mutation was caught.
"""
import argparse
import dataclasses
import io
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FIELDS = ("file", "find", "replace", "target", "test")


@dataclasses.dataclass
class Mutation:
    name: str
    file: str = ""
    find: str = ""
    replace: str = ""
    target: str = ""
    test: str = ""


def read_list(path: pathlib.Path) -> list[Mutation]:
    mutations: list[Mutation] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            mutations.append(Mutation(line.strip().strip("[]")))
            continue
        field, _, value = line.partition(" ")
        if field not in FIELDS or not mutations:
            sys.exit(f"{path}:{number}: expected [name] or one of {', '.join(FIELDS)}, found '{line}'")
        setattr(mutations[-1], field, value.strip())
    for mutation in mutations:
        missing = [field for field in FIELDS if field != "replace" and not getattr(mutation, field)]
        if missing:
            sys.exit(f"{path}: [{mutation.name}] lacks {', '.join(missing)}")
    names = [mutation.name for mutation in mutations]
    if len(set(names)) != len(names):
        sys.exit(f"{path}: a name appears twice")
    return mutations


def known_tests() -> tuple[set[str], set[str]]:
    """Suite.Name of every test in the sources, and the targets that build them."""
    tests: set[str] = set()
    targets: set[str] = set()
    for path in (ROOT / "tests").rglob("*.cpp"):
        found = re.findall(r"^(?:TEST|TEST_F|TEST_P|TYPED_TEST)\(\s*(\w+),\s*(\w+)", path.read_text(), re.MULTILINE)
        tests.update(f"{suite}.{name}" for suite, name in found)
    for path in (ROOT / "tests").rglob("CMakeLists.txt"):
        targets.update("test_" + name for name in re.findall(r"lapidary_test\(\s*(\w+)", path.read_text()))
    return tests, targets


def rotten(mutation: Mutation, tests: set[str], targets: set[str]) -> str:
    """What the block names that is no longer so; empty where all of it is."""
    path = ROOT / mutation.file
    if not path.is_file():
        return f"no file {mutation.file}"
    count = path.read_text().count(mutation.find)
    if count != 1:
        return f"'{mutation.find}' is found {count} times in {mutation.file}"
    if mutation.replace == mutation.find:
        return "the replacement changes nothing"
    if not any(re.search(mutation.test, test) for test in tests):
        return f"no test {mutation.test}"
    unknown = [target for target in mutation.target.split() if target not in targets]
    return f"no target {unknown[0]}" if unknown else ""


def working_tree() -> dict[str, bytes]:
    """What git would track of the files as they are now."""
    listing = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True,
                             text=True, check=True).stdout
    return {name: (ROOT / name).read_bytes() for name in listing.split("\0") if name and (ROOT / name).is_file()}


def committed(ref: str) -> dict[str, bytes]:
    archive = subprocess.run(["git", "archive", ref], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar.getmembers() if entry.isfile()}


def lay_out(files: dict[str, bytes], target: pathlib.Path) -> None:
    """Only what differs is written, so that a second run rebuilds little; files that are gone are removed."""
    for present in [path for path in target.rglob("*") if path.is_file()]:
        inside = str(present.relative_to(target))
        if not inside.startswith("build/") and inside not in files:
            present.unlink()
    for name, content in files.items():
        copy = target / name
        if not copy.exists() or copy.read_bytes() != content:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)


class Bench:
    """The scratch copy and its build folder."""

    def __init__(self, scratch: pathlib.Path, files: dict[str, bytes]):
        # The folder and the flags of preset dev, so that ccache serves both.
        self.source, self.build = scratch, scratch / "build" / "dev"
        self.source.mkdir(parents=True, exist_ok=True)
        lay_out(files, self.source)
        self.environment = dict(os.environ, CCACHE_BASEDIR=str(self.source), CCACHE_NOHASHDIR="1")
        self.run("cmake", "--preset", "dev", must=True)

    def run(self, *command: str, must: bool = False) -> subprocess.CompletedProcess:
        done = subprocess.run(command, cwd=self.source, env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if must and done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
        return done

    def compile(self, targets: list[str]) -> subprocess.CompletedProcess:
        return self.run("ninja", "-k", "0", "-C", str(self.build), *targets)

    def tests(self) -> list[str]:
        """Names of all tests of the targets that are built."""
        return re.findall(r"^\s+Test\s+#\d+: (\S+)", self.run("ctest", "--test-dir", str(self.build), "-N").stdout, re.MULTILINE)

    def test(self, regex: str) -> tuple[int, list[str]]:
        """How many tests ran and the names of those that failed."""
        done = self.run("ctest", "--test-dir", str(self.build), "-R", regex, "--timeout", "300", "--output-on-failure", "-j", "2")
        ran = re.search(r"tests failed out of (\d+)", done.stdout)
        failed = re.findall(r"^\s+\d+ - (\S+).*\(", done.stdout, re.MULTILINE)
        if done.returncode != 0 and ran and not failed:
            sys.exit(f"ctest failed and named no test:\n{done.stdout[-2000:]}")
        return int(ran.group(1)) if ran else 0, failed


def unbroken(bench: Bench, mutations: list[Mutation]) -> dict[str, str]:
    """Test name → "passes" or "fails" on the copy as it is, of all tests that the blocks name.  What does not build has no tests."""
    bench.compile(sorted({target for m in mutations for target in m.target.split()}))
    named = [name for name in bench.tests() if any(re.search(m.test, name) for m in mutations)]
    failed = bench.test("|".join(m.test for m in mutations))[1] if named else []
    return {name: "fails" if name in failed else "passes" for name in named}


def verdict(bench: Bench, mutation: Mutation, base: dict[str, str]) -> tuple[str, str]:
    path = bench.source / mutation.file
    if not path.is_file():
        return "STALE", f"no file {mutation.file}"
    mine = [name for name in base if re.search(mutation.test, name)]
    if not mine:
        return "NO TEST", mutation.test
    if failing := [name for name in mine if base[name] == "fails"]:
        return "BASE FAILS", failing[0]
    text = path.read_text()
    if text.count(mutation.find) != 1:
        return "STALE", f"the line is found {text.count(mutation.find)} times in {mutation.file}"
    try:
        path.write_text(text.replace(mutation.find, mutation.replace))
        built = bench.compile(mutation.target.split())
        if built.returncode != 0:
            error = re.search(r"error: .*", built.stdout)
            return "DOES NOT BUILD", error.group(0)[:120] if error else built.stdout[-200:]
        failed = bench.test(mutation.test)[1]
        return ("caught", failed[0] + (f" and {len(failed) - 1} more" if len(failed) > 1 else "")) if failed else ("SURVIVED", mutation.test)
    finally:
        path.write_text(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="mutations whose name matches")
    parser.add_argument("--list", action="store_true", help="only say which lines, tests and targets are still there in the working tree")
    parser.add_argument("--from", dest="source", type=pathlib.Path, default=pathlib.Path(__file__).parent / "list.txt", help="another list")
    parser.add_argument("--scratch", type=pathlib.Path, default=pathlib.Path("/tmp/lapidary-mutations"))
    parser.add_argument("--ref", help="break this commit instead of the working tree")
    parser.add_argument("--table", type=pathlib.Path, help="also write the table here")
    options = parser.parse_args()
    mutations = [m for m in read_list(options.source) if re.search(options.only, m.name)]
    if options.list:
        known = known_tests()
        stale = 0
        for mutation in mutations:
            why = rotten(mutation, *known)
            stale += why != ""
            print(f"STALE {mutation.name}: {why}" if why else f"ok    {mutation.name}")
        print(f"{len(mutations)} mutations, {stale} stale")
        return 1 if stale or not mutations else 0

    bench = Bench(options.scratch, committed(options.ref) if options.ref else working_tree())
    started = time.monotonic()
    base = unbroken(bench, mutations)
    print(f"unbroken copy built and tested in {time.monotonic() - started:.0f} s: {len(base)} tests", flush=True)
    rows, caught = [], 0
    for mutation in mutations:
        started = time.monotonic()
        outcome, detail = verdict(bench, mutation, base)
        caught += outcome == "caught"
        rows.append(f"| {len(rows) + 1} | {mutation.name} | {mutation.file} | {outcome} | {detail.replace('|', '/')} |")
        print(f"{outcome:14} {mutation.name}: {detail} ({time.monotonic() - started:.0f} s)", flush=True)
    table = "\n".join(["| # | rule broken | file | outcome | first test that failed |", "| --- | --- | --- | --- | --- |", *rows])
    if options.table:
        options.table.write_text(table + "\n")
    print(f"\n{table}\n\n{caught} of {len(mutations)} mutations caught")
    return 0 if caught == len(mutations) and mutations else 1


if __name__ == "__main__":
    sys.exit(main())
