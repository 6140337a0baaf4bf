"""The program that reads and writes tables: questions on its standard input, replies on its output.

Bodies come from anywhere, and the code that unpacks them is large and in C++: it runs here, with a
bound on memory, so that no body can take the front end with it. Ends with its input.
"""

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from service.contract.errors import BrokenTableError, CellgebraError
from service.contract.score_tables import MAX_READING_BYTES, TableForm
from service.tables.frames import pack_frame, read_frame
from service.tables.reading import read_designs
from service.tables.writing import write_scores

_STATM = Path("/proc/self/statm")


def main() -> None:
    """Answer questions until there are no more."""
    # What a library prints must not get between replies.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        while (frame := read_frame(sys.stdin.buffer)) is not None:
            _reply(out, *frame)


def _reply(out: BinaryIO, question: dict[str, Any], body: bytes) -> None:
    try:
        content = _answer(question, body)
        out.write(pack_frame({}, content))
    except CellgebraError as error:
        out.write(pack_frame({"error": error.as_problem()}))
    out.flush()


def _answer(question: dict[str, Any], body: bytes) -> bytes:
    form = TableForm(question["form"])
    if question["do"] == "write":
        return write_scores(body, form)
    try:
        with _bounded_memory():
            found = read_designs(body, form, question["column"])
    except MemoryError:
        raise BrokenTableError(
            f"the body unpacks to more than {MAX_READING_BYTES // 2**20} MiB: send fewer or "
            "shorter values"
        ) from None
    return orjson.dumps(found._asdict())


@contextmanager
def _bounded_memory() -> Iterator[None]:
    """Let this process take so much more, where the system can tell how much it has (Linux)."""
    if not _STATM.exists():
        yield
        return
    mapped_bytes = int(_STATM.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = mapped_bytes + MAX_READING_BYTES
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


if __name__ == "__main__":
    main()
