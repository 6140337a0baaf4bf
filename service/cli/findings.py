"""What `cellgebra doctor` says of one thing."""

from typing import NamedTuple


class Finding(NamedTuple):
    """One thing looked at; `advice` says what to do where it is not well."""

    what: str
    found: str
    advice: str | None = None
