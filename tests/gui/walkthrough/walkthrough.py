#!/usr/bin/env python3
"""The window as a person uses it, under Xvfb, with the real engine and the demo model; or, with --text-model, with a model that reads
text alone and writes at length.

    walkthrough.py PROGRAM FOLDER --drag-source F --pictures FOLDER [--language tr --translations F.ts] [--theme dark] [--scale 2]
    walkthrough.py PROGRAM FOLDER --text-model F.gguf

PROGRAM is bin/lapidary-desktop, beside its engine.  FOLDER is made anew and gets screenshots/, the window's log and timings.json: the time
to the first paint and the longest stall of the event loop.  Ends with an error when a step fails or a stall lasts a second or more, not
counting the time in which other programs had the processors."""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from desk import Desk, Missing

LONGEST_STALL_MS = 1000
THEMES = {"system": "As the system has it", "light": "Light", "dark": "Dark"}


def cached(name: str) -> pathlib.Path:
    """A model that the set-up fetched, where installer/setup.sh keeps it."""
    own, xdg = os.environ.get("LAPIDARY_CACHE"), os.environ.get("XDG_CACHE_HOME")
    folder = pathlib.Path(own) if own else (pathlib.Path(xdg) if xdg else pathlib.Path.home() / ".cache") / "lapidary"
    return folder / "models" / name


class Walk:
    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.desk = Desk(options.program, options.folder, scale=options.scale, language=options.language,
                         translations=options.translations)
        self.step_number = 0

    def done(self, name: str) -> None:
        """A picture of what a person sees after this step."""
        self.step_number += 1
        self.desk.shot(f"{self.step_number:02}-{name}")
        print(f"  {self.step_number:02} {name}", flush=True)

    def first_start(self) -> None:
        self.desk.start()
        self.desk.find("Try the demo model", "push button")
        if self.options.theme != "system":
            self.desk.menu("View", THEMES[self.options.theme])
        self.done("first-start")

    def opened(self, model: str) -> None:
        text = self.desk.tr("%1 on %2").replace("%1", model).replace("%2", "cpu")
        self.desk.wait(lambda: self.desk.reads(text), f"'{text}'", 60)

    def open_demo(self) -> None:
        self.desk.click("Try the demo model", "push button")
        self.desk.find("Message", "text")
        self.opened(self.desk.tr("Demo model"))
        self.done("model-open")

    def drop_picture(self, name: str) -> None:
        """A drag by the pointer from another program's window."""
        desk, scale = self.desk, self.options.scale
        target = desk.find("Message", "text")
        x, y, width, height = desk.place(target)
        source = subprocess.Popen([self.options.drag_source, self.options.pictures / name, "600", "120"], env=desk.environment)
        time.sleep(1)
        desk.point(610 * scale, 126 * scale)
        desk.hand("mousedown", "1")
        for step in range(1, 11):  # as a hand moves: the target is told on its way
            desk.point(610 * scale + (x + width / 2 - 610 * scale) * step / 10, 126 * scale + (y + height / 2 - 126 * scale) * step / 10)
            time.sleep(0.05)
        time.sleep(0.3)
        desk.hand("mouseup", "1")
        desk.find(name, "list item", exact=False)
        source.terminate()
        source.wait()

    def see_crops(self) -> None:
        views = self.desk.find("The views that go into the model", "list")
        self.desk.wait(lambda: views.get_child_count() > 1, "the whole picture and its crops", 20)
        self.done("what-the-model-sees")

    def ask(self, question: str) -> None:
        self.desk.click("Message", "text")
        self.desk.type(question)
        self.desk.keys("ctrl+Return")

    def answered(self, seconds: float = 60) -> None:
        stop = self.desk.find("Stop", "push button")
        time.sleep(0.3)
        self.desk.wait(lambda: not self.desk.enabled(stop), "the end of the answer", seconds)

    def branch(self, index: int, count: int) -> str:
        return self.desk.tr("%1 of %2").replace("%1", str(index)).replace("%2", str(count))

    def edit(self, old: str, new: str) -> None:
        """The first message in other words: a branch."""
        desk = self.desk
        desk.click("Edit this message in a new branch", "push button")
        desk.find("Cancel the change", "push button")
        desk.click("Message", "text")
        desk.keys("ctrl+End")
        desk.keys(*["BackSpace"] * len(old))
        desk.type(new)
        self.done("changing-a-message")
        desk.keys("ctrl+Return")
        self.answered()
        desk.wait(lambda: desk.reads(self.branch(2, 2)) and desk.reads(new), "the second branch")
        self.done("second-branch")

    def back_to_first_branch(self, words: str) -> None:
        desk = self.desk
        item = desk.wait(lambda: next((button for button in desk.showing("push button")
                                       if desk.tr("Show the version before") in (button.get_name(), button.get_description())), None),
                         "the arrow to the version before")
        desk.click_item(item)
        desk.wait(lambda: desk.reads(self.branch(1, 2)) and desk.reads(words), "the first branch")
        self.done("first-branch-again")

    def search(self, word: str, title: str) -> None:
        desk = self.desk
        found = desk.find("Conversations", "list")
        desk.click("Search in all conversations", "text")
        desk.type("nowhere to be found")
        desk.wait(lambda: desk.reads(desk.tr("Nothing found.")), "a search without a result")
        desk.keys("ctrl+a")
        desk.type(word)
        desk.wait(lambda: any(title in (found.get_child_at_index(i).get_name() or "") for i in range(found.get_child_count())),
                  f"'{title}' among what was found")
        self.done("search")
        desk.keys("ctrl+a", "BackSpace")

    def engine_dies(self, question: str) -> None:
        """In the middle of an answer; one click, and it goes on."""
        desk = self.desk
        engine = desk.engine()
        os.kill(engine, signal.SIGSTOP)  # holds the answer, which is short, so that the end comes in its middle
        self.ask(question)
        desk.wait(lambda: desk.reads(desk.tr("Answering…")), "the answer under way")
        os.kill(engine, signal.SIGKILL)
        self.goes_on(engine, self.desk.tr("Demo model"), question)
        self.answered()
        self.done("gone-on")

    def goes_on(self, dead: int, model: str, typed: str) -> None:
        desk = self.desk
        desk.find("Start again and go on", "push button")
        self.done("engine-died")
        if not desk.reads(typed):
            raise Missing(f"'{typed}' was lost")
        desk.click("Start again and go on", "push button")
        desk.wait(lambda: not desk.look_for("Start again and go on", "push button"), "the notice to go")
        self.opened(model)
        if desk.engine() == dead:
            raise Missing("no new engine was started")

    def window_dies(self, *words: str) -> None:
        """Killed, and started again: everything is there."""
        desk = self.desk
        desk.kill_window()
        desk.start()
        desk.menu("Go", "Chat")
        title = desk.find(words[0], "list item", exact=False)
        desk.click_item(title)
        for word in words:
            desk.wait(lambda: desk.reads(word), f"'{word}' after the kill")
        self.done("everything-is-there")

    def leave(self) -> dict[str, float]:
        desk = self.desk
        desk.keys("ctrl+q")
        desk.wait_end(10)
        return json.loads(desk.timings_file.read_text())


    def continue_text(self, model: pathlib.Path) -> None:
        """A base model that reads no pictures: told, and shown; it writes at length, is stopped, and loses its engine in mid-stream."""
        desk, name = self.desk, model.name
        desk.start("--model", str(model))
        self.opened(name)
        desk.find("This is a base model", exact=False)
        if desk.enabled(desk.find("Add picture…", "push button")):
            raise Missing("the controls of pictures to be switched off")
        self.done("base-model")
        self.ask("The old clockmaker opened the door and")
        desk.wait(lambda: self.answer_length(1) > 40, "some words", 60)
        self.done("streaming")
        desk.keys("Escape")
        desk.wait(lambda: desk.reads(desk.tr("This answer was stopped.")), "the stop")
        self.done("stopped")
        self.ask("In the harbour a ship")
        desk.wait(lambda: self.answer_length(2) > 40, "some words of the second answer", 60)
        engine = desk.engine()
        os.kill(engine, signal.SIGKILL)
        self.goes_on(engine, name, "In the harbour a ship")
        desk.wait(lambda: self.answer_length(2) > 40, "the answer goes on", 60)
        desk.keys("Escape")
        self.done("gone-on")

    def answer_length(self, answer: int) -> int:
        """Of the given answer on the screen, counted from 1."""
        name = self.desk.tr("Text of the answer")
        answers = [self.desk.text_of(item) for item in self.desk.showing() if item.get_name() == name]
        return len(answers[answer - 1]) if len(answers) >= answer else 0


def walk(options: argparse.Namespace) -> dict[str, float]:
    story = Walk(options)
    try:
        if options.text_model:
            story.continue_text(options.text_model)
            return story.leave()
        story.first_start()
        story.open_demo()
        story.drop_picture("test-25-000005.png")
        story.see_crops()
        story.ask("what does the sign say?")
        story.answered()
        story.done("answered")
        story.edit("what does the sign say?", "how many stars are in the picture?")
        story.back_to_first_branch("what does the sign say?")
        story.search("sign", "what does the sign say?")
        story.engine_dies("is there a blue star?")
        figures = story.leave()
        story.desk.start()
        story.window_dies("what does the sign say?", "is there a blue star?")
        again = story.leave()
        return {key: max(figures[key], again[key]) for key in figures}
    finally:
        story.desk.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--drag-source", type=pathlib.Path)
    parser.add_argument("--pictures", type=pathlib.Path)
    parser.add_argument("--text-model", type=pathlib.Path, help="F.gguf, or its name among the models of the set-up")
    parser.add_argument("--language", default="en")
    parser.add_argument("--translations", type=pathlib.Path)
    parser.add_argument("--theme", choices=list(THEMES), default="light")
    parser.add_argument("--scale", type=int, default=1)
    options = parser.parse_args()
    if options.text_model and options.text_model.parent == pathlib.Path("."):
        options.text_model = cached(options.text_model.name)
    for name in ("program", "folder", "drag_source", "pictures", "text_model"):
        if getattr(options, name):
            setattr(options, name, getattr(options, name).resolve())
    if not options.text_model and not (options.drag_source and options.pictures):
        parser.error("--drag-source and --pictures are needed, or --text-model")
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    try:
        figures = walk(options)
    except Missing as problem:
        print(f"FAILED: {problem}\nScreenshots: {options.folder}/screenshots", file=sys.stderr)
        return 1
    (options.folder / "timings.json").write_text(json.dumps(figures) + "\n")
    print(f"first paint {figures['first_paint_ms']:.0f} ms, longest stall {figures['longest_stall_ms']:.0f} ms, "
          f"without the time of other programs {figures['longest_own_stall_ms']:.0f} ms")
    if figures["longest_own_stall_ms"] >= LONGEST_STALL_MS:
        print(f"FAILED: the event loop stood still for {LONGEST_STALL_MS} ms or more", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
