"""Headless Chromium, driven by its own protocol: pages, clicks of the mouse, screenshots, and what goes wrong."""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    *("--disable-extensions", "--mute-audio", "--no-default-browser-check"),
)
PATIENCE_SECONDS = 60.0


class BrowserError(Exception):
    """The browser, or the page in it, does not do what was asked."""


class Chromium:
    """A browser of its own, with an empty profile; ends with its block.

    Args:
        path: of the program.
        size: of its window, in pixels.
    """

    def __init__(self, path: str, size: tuple[int, int] = (1400, 1000)) -> None:
        self._held = ExitStack()
        profile = self._held.enter_context(TemporaryDirectory(ignore_cleanup_errors=True))
        ours_in, theirs_out = os.pipe()
        theirs_in, self._out = os.pipe()
        self._in, self._rest, self._last = ours_in, b"", 0
        words = [path, *FLAGS, f"--window-size={size[0]},{size[1]}", f"--user-data-dir={profile}"]
        script = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'  # where Chromium looks for its orders
        self._process = subprocess.Popen(
            ["bash", "-c", script, *words, "--remote-debugging-pipe", "about:blank"],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for fd in (theirs_in, theirs_out):
            os.close(fd)
        self.listeners: list[Callable[[dict[str, Any]], None]] = []

    def __enter__(self) -> Chromium:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.call("Browser.close")
            self._process.wait(10)
        except (BrowserError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        for fd in (self._in, self._out):
            os.close(fd)
        self._held.close()

    def page(self, url: str, *, offline: bool = False) -> Page:
        """Open a page and wait until it is there.

        Args:
            url: its address.
            offline: whether the network is taken away from it first.
        """
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, session, url, offline)

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Have something done; what comes of it."""
        self._last += 1
        number, message = self._last, {"id": self._last, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + PATIENCE_SECONDS
        while (said := self.heard(until)) is not None:
            if said.get("id") == number:
                if "error" in said:
                    raise BrowserError(f"{method}: {said['error']['message']}")
                return dict(said["result"])
        raise BrowserError(f"{method}: no answer")

    def heard(self, until: float) -> dict[str, Any] | None:
        """The next message; None where there is none by then. Listeners are told of events."""
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            portion = os.read(self._in, 1 << 16) if ready else b""
            if not portion:
                return None
            self._rest += portion
        text, _, self._rest = self._rest.partition(b"\0")
        said: dict[str, Any] = json.loads(text)
        if "method" in said:
            for tell in self.listeners:
                tell(said)
        return said


class Page:
    """A page in the browser.

    Attributes:
        errors: what its scripts did wrong.
        asked: addresses that it asked for.
    """

    def __init__(self, browser: Chromium, session: str, url: str, offline: bool) -> None:
        self._browser, self._session = browser, session
        self.errors: list[str] = []
        self.asked: list[str] = []
        browser.listeners.append(self._listen)
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        if offline:
            still = {"latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
            self.call("Network.emulateNetworkConditions", offline=True, **still)
        self.go(url)

    def go(self, url: str) -> None:
        """Open another address here."""
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def _listen(self, said: dict[str, Any]) -> None:
        if said.get("sessionId") != self._session:
            return
        told = said["params"]
        if said["method"] == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.errors.append(str(details.get("exception", {}).get("description") or details["text"]))
        elif said["method"] == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.errors.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
        elif said["method"] == "Network.requestWillBeSent":
            self.asked.append(told["request"]["url"])

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Have something done to this page."""
        return self._browser.call(method, self._session, **parameters)

    def value(self, script: str) -> Any:
        """What an expression of JavaScript comes to."""
        said = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in said:
            details = said["exceptionDetails"]
            raise BrowserError(str(details.get("exception", {}).get("description") or details["text"]))
        return said["result"].get("value")

    def wait(self, script: str, seconds: float = PATIENCE_SECONDS) -> Any:
        """Wait until an expression is true; its value."""
        until, problem = time.monotonic() + seconds, ""
        while time.monotonic() < until:
            try:
                if value := self.value(script):
                    return value
            except BrowserError as error:  # while the page is being loaded
                problem = str(error)
            self._browser.heard(time.monotonic() + 0.05)
        raise BrowserError(f"not within {seconds:.0f} s: {script} {problem}")

    def click(self, found: str) -> None:
        """Click with the mouse in the middle of an element.

        Args:
            found: an expression that gives it, or a selector of CSS.
        """
        element = f"({found})" if "(" in found else f"document.querySelector({json.dumps(found)})"
        self.wait(element + " !== undefined && " + element + " !== null")
        self.value(f"void ({element}).scrollIntoView({{block: 'center', inline: 'center'}})")
        middle = f"(b => [b.x + b.width / 2, b.y + b.height / 2])({element}.getBoundingClientRect())"
        x, y = self.value(middle)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.call("Input.insertText", text=text)

    def press(self, key: str, code: int) -> None:
        """Press a key, such as Enter (13) or Escape (27)."""
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def screenshot(self, path: Path) -> None:
        """Save what is to be seen as a PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
