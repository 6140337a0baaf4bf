"""A headless Chromium, spoken to over its DevTools protocol."""

import json
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
from websockets.sync.client import connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
START_SECONDS = 60.0
ANSWER_SECONDS = 60.0


def program():
    """Path of the browser.

    Raises:
        FileNotFoundError: there is none: a machine without one must not pass these tests.
    """
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        raise FileNotFoundError(f"no browser; one of {', '.join(NAMES)} is needed")
    return found


class Tab:
    """One open page: what it asked the network for, and what it complained about."""

    def __init__(self, socket):
        self._socket, self._number = socket, 0
        self.events = []
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        """Send a command and await its answer; events that come in between are kept."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=ANSWER_SECONDS))
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def open(self, url):
        """Load a page to its end."""
        self.call("Page.navigate", url=url)
        while not self.told("Page.loadEventFired"):
            self.events.append(json.loads(self._socket.recv(timeout=ANSWER_SECONDS)))
        time.sleep(0.3)
        self.call("Page.getLayoutMetrics")  # its answer comes after what was still to come

    def told(self, method):
        return [event["params"] for event in self.events if event["method"] == method]

    def evaluate(self, expression):
        """Value of an expression in the page."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")


@contextmanager
def opened_browser(folder: Path):
    """A browser with an empty profile; gives a function that opens a tab."""
    command = [program(), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    command += ["--disable-dev-shm-usage", "--disable-background-networking", "--mute-audio"]
    command += [f"--user-data-dir={folder}", "--remote-debugging-port=0", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{_port(process, folder / 'DevToolsActivePort')}"
    finally:
        process.terminate()
        process.wait(30)


def _port(process, file):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, "the browser ended at once"
        if file.exists() and file.read_text().strip():
            return int(file.read_text().split()[0])
        time.sleep(0.05)
    raise TimeoutError("the browser did not start")


@contextmanager
def opened_tab(browser_url):
    """A new tab."""
    answer = httpx.put(f"{browser_url}/json/new?about:blank", timeout=ANSWER_SECONDS)
    with connect(answer.json()["webSocketDebuggerUrl"], max_size=2**26) as socket:
        yield Tab(socket)
