"""Whether a search fits its model: every name it uses, in the model's own spelling."""

import re
from collections.abc import Iterable, Mapping, Sequence

from service.contract.designs import parse_genotype
from service.contract.errors import InvalidArgumentError, Offender, UnknownEditsError
from service.contract.manifests import ModelManifest
from service.contract.search import AllowedEdits, Pool, SearchSpec
from service.handlers.matching import close_matches
from service.handlers.resolution import resolve

_INDEX = re.compile(r"genotypes\[(\d+)\]")


def in_names_of(manifest: ModelManifest, spec: SearchSpec) -> SearchSpec:
    """The spec with every edit and locus in the names of the model.

    Raises:
        UnknownEditsError: there are edits that the model has not; all offenders are listed.
        InvalidArgumentError: labels, loci or genotypes are wrong; all offenders are listed.
    """
    names = _Names(manifest)
    names.labels("objectives", [objective.label for objective in spec.objectives])
    names.labels("feasibility", [demand.label for demand in spec.feasibility])
    pool = names.pool(spec.pool)
    names.require_none()
    return spec.model_copy(update={"pool": pool})


class _Names:
    """Names of a model; those that it has not are put down."""

    def __init__(self, manifest: ModelManifest) -> None:
        self._labels = [label.name for label in manifest.labels]
        self._edits = frozenset(manifest.edits)
        self._loci = frozenset(manifest.loci)
        self._names: Mapping[str, Sequence[str]] = manifest.genes.names if manifest.genes else {}
        self._wrong: list[Offender] = []
        self._has_unknown_edits = False

    def labels(self, field: str, names: Sequence[str]) -> None:
        """Note labels that do not exist."""
        for index, name in enumerate(names):
            if name not in self._labels:
                place = f"{field}[{index}].label"
                message = f"the model has no label {name!r}; it has: {', '.join(self._labels)}"
                self._note(place, name, message, self._labels)

    def pool(self, pool: Pool) -> Pool:
        """The pool in the names of the model, as far as it has them."""
        return pool.model_copy(
            update={
                "edits": None
                if pool.edits is None
                else self._each("pool.edits", pool.edits, has_loci=False),
                "loci": None
                if pool.loci is None
                else tuple(self._locus(f"pool.loci[{i}]", n) for i, n in enumerate(pool.loci)),
                "allowed": tuple(self._rule(i, rule) for i, rule in enumerate(pool.allowed)),
                "must_include": self._each("pool.must_include", pool.must_include, has_loci=False),
                "must_avoid": self._each("pool.must_avoid", pool.must_avoid),
                "forbidden_pairs": tuple(
                    self._each(f"pool.forbidden_pairs[{i}]", pair)
                    for i, pair in enumerate(pool.forbidden_pairs)
                ),
            }
        )

    def require_none(self) -> None:
        """Raise what was put down."""
        if not self._wrong:
            return
        count = len(self._wrong)
        detail = f"the search does not fit the model: {self._wrong[0].message}"
        if count > 1:
            detail += f" (and {count - 1} more)"
        kind = UnknownEditsError if self._has_unknown_edits else InvalidArgumentError
        raise kind(detail, self._wrong)

    def _rule(self, index: int, rule: AllowedEdits) -> AllowedEdits:
        if rule.locus is None:
            return rule
        locus = self._locus(f"pool.allowed[{index}].locus", rule.locus)
        return rule.model_copy(update={"locus": locus})

    def _each(self, field: str, names: Sequence[str], *, has_loci: bool = True) -> tuple[str, ...]:
        is_locus = [has_loci and ":" not in name for name in names]
        places = [i for i, locus in enumerate(is_locus) if not locus]
        found = dict(zip(places, self._edit_texts(field, names, places), strict=True))
        return tuple(
            self._locus(f"{field}[{i}]", name) if is_locus[i] else found[i]
            for i, name in enumerate(names)
        )

    def _locus(self, place: str, name: str) -> str:
        meant = [name] if name in self._loci else list(self._names.get(name, ()))
        if len(meant) == 1 and meant[0] in self._loci:
            return meant[0]
        if len(meant) > 1:
            message = f"{name} is a name of {', '.join(meant)}: say which"
            self._wrong.append(
                Offender(field=place, value=name, message=message, suggestions=meant)
            )
        else:
            self._note(place, name, f"the model has no locus {name!r}", self._loci)
        return name

    def _edit_texts(self, field: str, names: Sequence[str], places: Sequence[int]) -> list[str]:
        """Edits at some places of a list in the names of the model."""
        texts = [names[i] for i in places]
        try:
            found = resolve(self._edits, texts, self._names).genotypes
        except InvalidArgumentError as error:
            self._has_unknown_edits |= isinstance(error, UnknownEditsError)
            for offender in error.offenders:
                place = _INDEX.fullmatch(str(offender.field))
                number = "?" if place is None else places[int(place[1])]
                self._wrong.append(offender.model_copy(update={"field": f"{field}[{number}]"}))
            return texts
        for i, genotype in zip(places, found, strict=True):
            count = parse_genotype(genotype).order
            if count != 1:
                message = f"{names[i]!r} holds {count} edits: name one edit each"
                self._wrong.append(Offender(field=f"{field}[{i}]", value=names[i], message=message))
        return found

    def _note(self, place: str, value: str, message: str, known: Iterable[str]) -> None:
        self._wrong.append(
            Offender(
                field=place,
                value=value,
                message=message,
                suggestions=close_matches(value, sorted(known)),
            )
        )
