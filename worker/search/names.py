"""Names of a search, read against a model's vocabulary; whatever is wrong is collected."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from service.contract.designs import Edit, parse_edit
from service.contract.errors import InvalidArgumentError, InvalidDesignError, Offender

# Close matches are sought among thousands of names, at some hundredths of a second a name.
_SUGGESTED = 20
_SHOWN = 200


class Problems:
    """What is wrong with a search, to be told all at once."""

    def __init__(self) -> None:
        self.offenders: list[Offender] = []

    def add(self, field: str, message: str, value: object = None, near: Sequence[str] = ()) -> None:
        """One thing that is wrong; `near` are the names that may have been meant."""
        text = None if value is None else str(value)
        few = len(self.offenders) < _SUGGESTED
        self.offenders.append(
            Offender(
                field=field,
                message=message,
                value=None if text is None else text[:_SHOWN],
                suggestions=get_close_matches(text, near, n=3) if text and few else [],
            )
        )

    def tell(self) -> None:
        """Raise them, if there are any.

        Raises:
            InvalidArgumentError: with all of them.
        """
        if not self.offenders:
            return
        first = self.offenders[0]
        more = f" (and {len(self.offenders) - 1} more)" if len(self.offenders) > 1 else ""
        raise InvalidArgumentError(f"{first.field}: {first.message}{more}", self.offenders)


class Vocabulary:
    """The edits of a model, by name."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)
        self.edits = tuple(parse_edit(key) for key in keys)
        self.place = {key: place for place, key in enumerate(keys, start=1)}
        self.loci = frozenset(edit.locus for edit in self.edits)

    def edit(self, text: str, field: str, problems: Problems) -> Edit | None:
        """The edit that a text names."""
        try:
            edit = parse_edit(text)
        except (InvalidDesignError, ValueError) as error:
            detail = error.detail if isinstance(error, InvalidDesignError) else "no edit"
            problems.add(field, detail, text, self.keys)
            return None
        if edit.key not in self.place:
            problems.add(field, f"the model has no edit {edit.key[:_SHOWN]}", edit.key, self.keys)
            return None
        return edit

    def is_locus(self, text: str, field: str, problems: Problems) -> bool:
        """Whether the model has edits of a locus."""
        if text not in self.loci:
            message = f"the model has no locus {text[:_SHOWN]}"
            problems.add(field, message, text, sorted(self.loci))
            return False
        return True

    def named(self, text: str, field: str, problems: Problems) -> str | Edit | None:
        """The locus (as a text) or the edit that a text names."""
        if text in self.loci:
            return text
        if ":" in text:
            return self.edit(text, field, problems)
        return text if self.is_locus(text, field, problems) else None


def covers(name: str | Edit, edit: Edit) -> bool:
    """Whether a name of a locus, or of an edit (without a level: at every level), means an edit."""
    if isinstance(name, str):
        return edit.locus == name
    return edit.key == name.key and name.level in {None, edit.level}


class Places:
    """Finds the edits of a list that a name covers, without a search through all."""

    def __init__(self, edits: Iterable[Edit]) -> None:
        self._by_name: dict[tuple[str, str], list[tuple[int, Edit]]] = {}
        for place, edit in enumerate(edits):
            self._by_name.setdefault(("locus", edit.locus), []).append((place, edit))
            self._by_name.setdefault(("key", edit.key), []).append((place, edit))

    def of(self, name: str | Edit) -> list[int]:
        """Places that a name covers, ascending."""
        key = ("locus", name) if isinstance(name, str) else ("key", name.key)
        return [place for place, edit in self._by_name.get(key, []) if covers(name, edit)]
