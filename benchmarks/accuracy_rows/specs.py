"""What is evaluated: the nulls, and the chosen models, whose files git has to know."""

import hashlib
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from benchmarks.accuracy_rows.rows import ROWS, SEEDS, Row

SPECS = Path(__file__).parents[1] / "specs"
OTHERS = "others"  # a folder beside the chosen ones

Role = Literal["null", "chosen", "other"]

_GIVEN_BY_ROW = ("dataset_id", "labels", "split", "seed", "device")


class UncommittedSpecError(Exception):
    """A chosen spec is not in git as it lies here, so that nothing shows it came first."""


class BadSpecError(Exception):
    """A file of a chosen model does not say what it has to."""


class ChosenFile(BaseModel):
    """The form of a file in `benchmarks/specs`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: Annotated[tuple[str, ...], Field(min_length=1)]
    selection: Annotated[str, Field(min_length=1)]
    training: dict[str, Any]
    transform: str | None = None
    seeds: tuple[int, ...] = SEEDS


@dataclass(frozen=True)
class Candidate:
    """Something to evaluate: a name, fields of a training spec, and the file they are from.

    `role`: a null, the chosen model of a row, or another one that is measured beside it.
    """

    name: str
    training: Mapping[str, Any]
    transform: str | None = None
    file: Path | None = None
    selection: str = ""
    role: Role = "null"
    seeds: tuple[int, ...] = SEEDS

    @property
    def is_null(self) -> bool:
        """Whether it is a reference, not a choice."""
        return self.role == "null"

    @property
    def sha256(self) -> str:
        """Of the file, or of the null's fields."""
        if self.file is not None:
            return hashlib.sha256(self.file.read_bytes()).hexdigest()
        return hashlib.sha256(json.dumps(dict(self.training), sort_keys=True).encode()).hexdigest()


def _null(name: str, **model: object) -> Candidate:
    """One member, fitted on all of the training part."""
    return Candidate(name, {"model": {"kind": name, **model}, "ensemble_size": 1})


# The strongest come first: a run that ends early has compared with those.
_ALWAYS = (
    _null("low_rank"), _null("profile_knn"), _null("additive"), _null("pair_mean"),
    _null("gp", sizes=False),  # the ordinary one
    _null("train_mean"), _null("edit_frequency"), _null("nearest_design"), _null("forest"),
)  # fmt: skip
# Designs of one size leave it the additive model.
_OF_SIZES = (_null("saturating"),)
_OF_RATIOS = (
    _null("multiplicative"),
    _null("pairwise"),
    Candidate("pairwise_min", {"model": {"kind": "pairwise", "rule": "min"}, "ensemble_size": 1}),
)
# What a service's model does not give: see `references`.
_OF_UNSEEN = tuple(Candidate(name, {"reference": name}) for name in ("feature_ridge", "constant"))
# What is known of genes without the other screen: as chosen for the row that has none.
_WITHOUT_PROFILES = Candidate(
    "gene_kernel",
    {
        "model": {"kind": "gene_kernel", "reach": 0.98, "feature_weight": 0.0},
        "genes": {
            "gene_table_id": "yeast",
            "use_features": False,
            "networks": [
                {"name": "string_physical", "channels": ["experiments"], "min_score": 0.4}
            ],
        },
        "ensemble_size": 1,
    },
)
# Zeros of growth have no logarithm: they count as a hundredth of the wild type's.
_OF_GROWTH = (_null("multiplicative", floor=0.01), *_OF_RATIOS[1:])


def nulls(row: Row) -> tuple[Candidate, ...]:
    """What a model has to beat; an interaction label has no ratios."""
    if row.has_unseen_genes:
        own = (_WITHOUT_PROFILES,) if row.name == "costanzo_profiles" else ()
        return (*own, *_OF_UNSEEN)
    if row.data == "fba_ecoli_core":
        return (*_ALWAYS, *_OF_GROWTH)
    return (*_ALWAYS, *_OF_SIZES, *_OF_RATIOS) if row.data == "isoprenol" else _ALWAYS


def _files(folder: Path, role: Role) -> list[tuple[str, Candidate]]:
    """What the files of a folder name for each row, in the order of the files."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            read = ChosenFile.model_validate_json(path.read_text())
        except ValueError as error:
            raise BadSpecError(f"{path.name}: {error}") from error
        given = [name for name in _GIVEN_BY_ROW if name in read.training]
        if given:
            raise BadSpecError(f"{path.name}: the row gives {', '.join(given)}; leave it out")
        for row in read.rows:
            if row not in ROWS:
                raise BadSpecError(f"{path.name}: no row {row}; rows are {', '.join(ROWS)}")
        candidate = Candidate(
            f"{role}_{path.stem}",
            read.training,
            read.transform,
            path,
            read.selection,
            role,
            read.seeds,
        )
        found += [(row, candidate) for row in read.rows]
    return found


def chosen(folder: Path = SPECS) -> dict[str, Candidate]:
    """The chosen model of each row that has one.

    Raises:
        BadSpecError: a file is malformed, names no row of the table, or one that another has.
    """
    found: dict[str, Candidate] = {}
    for row, candidate in _files(folder, "chosen"):
        if row in found:
            name = "" if candidate.file is None else candidate.file.name
            raise BadSpecError(f"{name}: row {row} has {found[row].file} already")
        found[row] = candidate
    return found


def others(folder: Path = SPECS) -> dict[str, list[Candidate]]:
    """Models that are measured beside the chosen one of a row, and are no nulls.

    Raises:
        BadSpecError: a file is malformed, or names no row of the table.
    """
    found: dict[str, list[Candidate]] = {}
    for row, candidate in _files(folder / OTHERS, "other"):
        found.setdefault(row, []).append(candidate)
    return found


def git(*arguments: str, folder: Path) -> str:
    """What git answers; empty where it fails."""
    done = subprocess.run(  # noqa: S603  # fixed command, no shell
        ["git", "-C", str(folder), *arguments],  # noqa: S607
        check=False,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def require_committed(candidate: Candidate) -> None:
    """The spec of a model that is no null has to be in HEAD, byte by byte, before its evaluation.

    Raises:
        UncommittedSpecError: it is not.
    """
    if candidate.file is None:
        return
    folder, name = candidate.file.parent, candidate.file.name
    committed = git("rev-parse", f"HEAD:./{name}", folder=folder)
    if not committed or committed != git("hash-object", name, folder=folder):
        raise UncommittedSpecError(
            f"{name} is not in HEAD as it lies here: commit the choice before its test part is "
            "looked at"
        )
