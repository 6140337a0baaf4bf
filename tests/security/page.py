"""The table of attacks in docs/security.md, between its two marks."""

import re
from collections.abc import Mapping
from pathlib import Path

_HEAD = "| attack | tries | what the service did |\n|:--|--:|:--|\n"
_MARKED = re.compile(r"(<!-- attacks -->\n).*(<!-- end of attacks -->)", re.DOTALL)


def write_table(path: Path, tries: Mapping[tuple[str, str], int]) -> None:
    """Put one row an attack between the marks."""
    rows = "".join(
        f"| {attack} | {count:,} | {result} |\n"
        for (attack, result), count in sorted(tries.items())
    )
    text = path.read_text()
    path.write_text(_MARKED.sub(lambda found: found[1] + _HEAD + rows + found[2], text))
