"""A screen of its own (Xvfb) with a window manager, a session bus, the window on it, and a person's hands: what is on the screen is found by the names that
a screen reader hears (AT-SPI), and pressed with the pointer and the keys (xdotool).  Nothing is asked of the program itself."""

import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402


class Missing(AssertionError):
    """What a person looked for is not there."""


class Translations:
    """What the window says in its language for a sentence of the sources."""

    def __init__(self, file: pathlib.Path | None):
        self.texts: dict[str, str] = {}
        for message in ElementTree.parse(file).iter("message") if file else ():
            source, translation = message.findtext("source"), message.find("translation")
            if source and translation is not None and translation.text:
                self.texts.setdefault(plain(source), plain(translation.text))

    def __call__(self, source: str) -> str:
        return self.texts.get(source, source)


def plain(text: str) -> str:
    """As it is read out: without the marks of keyboard letters."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&")


class Desk:
    def __init__(self, program: pathlib.Path, folder: pathlib.Path, size: str = "1280x800", scale: int = 1, language: str = "en",
                 translations: pathlib.Path | None = None):
        for tool in ("Xvfb", "openbox", "xdotool", "convert", "dbus-daemon"):
            if not shutil.which(tool):
                raise SystemExit(f"the walkthrough needs {tool}: run 'bash installer/setup.sh --with test'")
        self.program, self.folder, self.language, self.scale = program, folder, language, scale
        self.tr = Translations(translations)
        self.shots = folder / "screenshots"
        self.shots.mkdir(parents=True, exist_ok=True)
        self.starts = 0
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        # Larger than the window, which has a frame.
        width, height = (int(part) * scale for part in size.split("x"))
        self.screen = self._start_screen(width + 80, height + 80)
        self.environment = dict(os.environ, DISPLAY=self.display, XDG_RUNTIME_DIR=str(runtime), QT_QPA_PLATFORM="xcb",
                                QT_LINUX_ACCESSIBILITY_ALWAYS_ON="1", QT_SCALE_FACTOR=str(scale), LANG="C.UTF-8",
                                LAPIDARY_HOME=str(folder / "home"), NO_AT_BRIDGE="0")
        self.bus = self._start_bus()
        os.environ.update({key: self.environment[key] for key in ("DISPLAY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")})
        Atspi.init()
        self.window: subprocess.Popen | None = None
        # It must be there first: a window that it finds on the screen loses the keys that are pressed meanwhile.
        ready = folder / "window-manager-is-ready"
        self.manager = subprocess.Popen(["openbox", "--sm-disable", "--startup", f"touch {shlex.quote(str(ready))}"],
                                        env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait(ready.exists, "the window manager", 60)

    def _start_screen(self, width: int, height: int) -> subprocess.Popen:
        reader, writer = os.pipe()  # Xvfb picks a free display and writes its number here
        screen = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset",
                                   "-fbdir", str(self.folder)],
                                  pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as number:
            self.display = ":" + number.readline().strip()
        return screen

    def _start_bus(self) -> subprocess.Popen:
        bus = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address=1"], stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.DEVNULL, env=self.environment)
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
        return bus

    # ---- The program ----
    def start(self, *arguments: str) -> None:
        self.starts += 1
        self.timings_file = self.folder / f"timings-{self.starts}.json"
        self.log = open(self.folder / "window.log", "a")
        self.window = subprocess.Popen([self.program, "--language", self.language, "--timings", self.timings_file, *arguments],
                                       env=self.environment, stdout=self.log, stderr=self.log)
        self.wait(lambda: self._application() is not None, "the window on the screen", 20)

    def engine(self) -> int:
        """The process id of the window's engine."""
        found = subprocess.run(["pgrep", "-P", str(self.window.pid), "-f", " engine"], capture_output=True, text=True).stdout.split()
        if not found:
            raise Missing("the window has no engine")
        return int(found[0])

    def kill_window(self) -> None:
        self.window.send_signal(signal.SIGKILL)
        self.window.wait()

    def wait_end(self, seconds: float) -> None:
        try:
            self.window.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Missing(f"the window did not close within {seconds:.0f} s") from None
        self.window = None

    def close(self) -> None:
        for process in (self.window, self.manager, self.bus, self.screen):
            if process and process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()

    # ---- Eyes ----
    def _application(self):
        desktop = Atspi.get_desktop(0)
        for index in range(desktop.get_child_count()):
            child = desktop.get_child_at_index(index)
            if child and self.window and child.get_process_id() == self.window.pid:
                return child
        return None

    def showing(self, role: str | None = None):
        """All that is on the screen now, parents first."""
        waiting = [self._application()]
        while waiting:
            item = waiting.pop(0)
            try:
                if item is None or item.get_state_set().contains(Atspi.StateType.DEFUNCT):
                    continue
                visible = item.get_state_set().contains(Atspi.StateType.SHOWING) or item.get_role_name() == "application"
                if not visible:
                    continue
                if role is None or item.get_role_name() == role:
                    yield item
                waiting += [item.get_child_at_index(i) for i in range(item.get_child_count())]
            except gi.repository.GLib.Error:
                continue  # gone while it was looked at

    def look_for(self, name: str, role: str | None = None, exact: bool = True):
        wanted = self.tr(name)
        for item in self.showing(role):
            try:
                text = item.get_name() or ""
            except gi.repository.GLib.Error:
                continue
            if text == wanted or (not exact and wanted in text):
                return item
        return None

    def find(self, name: str, role: str | None = None, exact: bool = True, seconds: float = 30):
        return self.wait(lambda: self.look_for(name, role, exact), f"{role or 'something'} named '{self.tr(name)}'", seconds)

    def wait(self, found, what: str, seconds: float = 30):
        end = time.monotonic() + seconds
        while True:
            if self.window is not None and self.window.poll() is not None:
                raise Missing(f"the window ended ({self.window.returncode}) while {what} was awaited")
            result = found()
            if result:
                return result
            if time.monotonic() > end:
                self.shot("missing")
                raise Missing(f"{what} did not come within {seconds:.0f} s; on the screen: {self.read_all()}")
            time.sleep(0.05)

    def text_of(self, item) -> str:
        try:
            text = item.get_text_iface()
            return Atspi.Text.get_text(text, 0, Atspi.Text.get_character_count(text)) if text else ""
        except gi.repository.GLib.Error:
            return ""

    def read_all(self) -> list[str]:
        words = []
        for item in self.showing():
            try:
                words += [part for part in (item.get_name(), self.text_of(item)) if part]
            except gi.repository.GLib.Error:
                continue
        return words

    def reads(self, text: str) -> bool:
        return any(text in part for part in self.read_all())

    def enabled(self, item) -> bool:
        return item.get_state_set().contains(Atspi.StateType.SENSITIVE)

    def place(self, item) -> tuple[int, int, int, int]:
        box = Atspi.Component.get_extents(item.get_component_iface(), Atspi.CoordType.SCREEN)
        # Qt tells its own pixels, of which the screen has `scale` for each.
        return box.x * self.scale, box.y * self.scale, box.width * self.scale, box.height * self.scale

    def resting_place(self, item) -> tuple[int, int, int, int]:
        """Where it is once it moves no more: a new window is put into its frame, a layout settles."""
        before, end = self.place(item), time.monotonic() + 3
        while time.monotonic() < end:
            time.sleep(0.1)
            now = self.place(item)
            if now == before and now[2] > 0:
                break
            before = now
        return before

    def shot(self, name: str) -> pathlib.Path:
        time.sleep(0.25)  # what was asked for last is painted
        file = self.shots / f"{name}.png"
        frame = next(self.showing("frame"), None)
        x, y, width, height = self.place(frame) if frame else (0, 0, 0, 0)
        area = ["-crop", f"{width}x{height}+{x}+{y}", "+repage"] if width > 0 else []
        # From the screen's memory: a program that asked the server for it would hold everything up, the window as well.
        subprocess.run(["convert", f"xwd:{self.folder}/Xvfb_screen0", *area, str(file)], check=True)
        return file

    # ---- Hands ----
    def hand(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=self.environment, check=True)

    def point(self, x: float, y: float) -> None:
        self.hand("mousemove", str(int(x)), str(int(y)))

    def click_item(self, item, button: int = 1) -> None:
        x, y, width, height = self.resting_place(item)
        self.point(x + width / 2, y + height / 2)
        self.hand("click", str(button))

    def click(self, name: str, role: str | None = None, exact: bool = True, seconds: float = 30):
        item = self.find(name, role, exact, seconds)
        self.wait(lambda: self.enabled(item), f"'{self.tr(name)}' to be pressed", seconds)
        self.click_item(item)
        return item

    def menu(self, *names: str) -> None:
        self.click(names[0], "menu item")
        for name in names[1:]:
            # A window that was about to get the focus swallows the click that opens its menu; a person clicks again.
            try:
                self.find(name, "menu item", seconds=2)
            except Missing:
                self.keys("Escape")
                self.click(names[0], "menu item")
            self.click(name, "menu item")

    def type(self, text: str) -> None:
        self.hand("type", "--delay", "8", text)

    def keys(self, *combinations: str) -> None:
        self.hand("key", "--clearmodifiers", *combinations)
