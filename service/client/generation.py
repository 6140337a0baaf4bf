"""The client without asyncio, made from the one with it: `python -m service.client.generation`.

Whatever waits is written once, in `service/client/aio`; the modules of the same names beside this
one are those with `async` and `await` taken away. `--check` writes nothing, and ends with 1 where
a module is not what it is made from. Source of the idea: unasync, as urllib3 and httpcore use it.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
BY_HAND = frozenset({"__init__.py", "waiting.py"})

_HEAD = "# Generated from service/client/aio/{name} by `make client`. Change that file.\n"
_RULES = (
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAwaitable\[(\w+)\]", r"\1"),
    (r"\bAsyncGenerator\[(.+?), None\]", r"Generator[\1, None, None]"),
    (r"\bAsync(?=[A-Z])", ""),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\baclosing\b", "closing"),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
    (r"\.a(close|iter_bytes|iter_lines|read)\(", r".\1("),
    (r"\bservice\.client\.aio\b", "service.client"),
)


def without_asyncio(text: str) -> str:
    """The text of a module without `async` and `await`, before it is formatted."""
    for pattern, replacement in _RULES:
        text = re.sub(pattern, replacement, text)
    return text


def modules() -> Iterator[tuple[Path, str]]:
    """Each module that is made, with what has to stand in it."""
    for source in sorted((HERE / "aio").glob("*.py")):
        if source.name not in BY_HAND:
            text = _HEAD.format(name=source.name) + without_asyncio(source.read_text())
            yield HERE / source.name, _formatted(text, HERE / source.name)


def main() -> None:
    """Write the modules, or check them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    is_check = parser.parse_args().check
    stale = [(path, text) for path, text in modules() if _text_of(path) != text]
    for path, text in stale:
        if is_check:
            sys.stderr.write(f"{path} is not what service/client/aio gives: make client\n")
        else:
            path.write_text(text)
    sys.exit(1 if is_check and stale else 0)


def _text_of(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _formatted(text: str, path: Path) -> str:
    """In the house format, with imports in order and without those that nothing uses."""
    place = ("--stdin-filename", str(path), "-")
    fixes = ("check", "--fix", "--unsafe-fixes", "--quiet", "--select", "I,F401,UP028")
    for command in (fixes, ("format", "--quiet")):
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "ruff", *command, *place],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        text = done.stdout
    return text


if __name__ == "__main__":
    main()
