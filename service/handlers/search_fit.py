"""Whether a search fits its model: every name it uses, in the model's own spelling."""

import re
from collections.abc import Collection, Mapping, Sequence

from service.contract.designs import parse_genotype
from service.contract.errors import InvalidArgumentError, Offender, UnknownEditsError
from service.contract.manifests import ModelManifest
from service.contract.order_sheets import OrderSheetSpec
from service.contract.panels import PanelKind, PanelSpec
from service.contract.search import AllowedEdits, Pool, SearchSpec
from service.handlers.matching import close_matches
from service.handlers.resolution import resolve

_MATCHED = 20  # a match among thousands of names takes a millisecond
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
    found = {
        "background": names.background(spec.background),
        "pool": names.pool(spec.pool),
        "panel": None if spec.panel is None else names.panel(spec.panel),
        "order_sheet": None if spec.order_sheet is None else names.sheet(spec.order_sheet),
    }
    names.require_none("the search")
    return spec.model_copy(update=found)


def pool_in_names_of(manifest: ModelManifest, pool: Pool, field: str) -> Pool:
    """A pool with every edit and locus in the names of the model; errors name it `field`.

    Raises:
        UnknownEditsError: there are edits that the model has not; all offenders are listed.
        InvalidArgumentError: loci or genotypes are wrong; all offenders are listed.
    """
    names = _Names(manifest)
    found = names.pool(pool)
    names.require_none("the pool", within=field.removesuffix("pool"))
    return found


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

    def background(self, text: str) -> str:
        """The parent strain in the names of the model."""
        before = len(self._wrong)
        (genotype,) = self._strains("background", (text,))
        for i, offender in enumerate(self._wrong[before:], start=before):
            self._wrong[i] = offender.model_copy(update={"field": "background"})
        return genotype

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
                "forbidden_pairs": self._pairs(pool.forbidden_pairs),
            }
        )

    def panel(self, panel: PanelSpec) -> PanelSpec:
        """The panel in the names of the model."""
        costs = tuple(
            cost.model_copy(update={"locus": self._locus(f"panel.costs[{i}].locus", cost.locus)})
            for i, cost in enumerate(panel.costs)
        )
        owned = (
            tuple(self._locus(f"panel.owned[{i}]", name) for i, name in enumerate(panel.owned))
            if panel.kind is PanelKind.LOCI
            else self._strains("panel.owned", panel.owned)
        )
        return panel.model_copy(update={"costs": costs, "owned": owned})

    def sheet(self, sheet: OrderSheetSpec) -> OrderSheetSpec:
        """The order sheet in the names of the model; a strain of `stock` may hold other edits."""
        genotypes = self._strains("order_sheet.measured", [one.genotype for one in sheet.measured])
        measured = tuple(
            one.model_copy(update={"genotype": genotype})
            for one, genotype in zip(sheet.measured, genotypes, strict=True)
        )
        return sheet.model_copy(
            update={
                "controls": self._strains("order_sheet.controls", sheet.controls),
                "measured": measured,
                "stock": self._strains("order_sheet.stock", sheet.stock, may_be_unknown=True),
            }
        )

    def _pairs(self, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        before = len(self._wrong)
        flat = self._each("pool.forbidden_pairs", [name for pair in pairs for name in pair])
        for i, offender in enumerate(self._wrong[before:], start=before):
            number = int(str(offender.field).partition("[")[2].rstrip("]"))
            field = f"pool.forbidden_pairs[{number // 2}][{number % 2}]"
            self._wrong[i] = offender.model_copy(update={"field": field})
        return tuple(zip(flat[::2], flat[1::2], strict=True))

    def _strains(
        self, field: str, texts: Sequence[str], *, may_be_unknown: bool = False
    ) -> tuple[str, ...]:
        """Genotypes in the names of the model; those that hold other edits are put down."""
        try:
            return tuple(resolve(self._edits, texts, self._names).genotypes)
        except UnknownEditsError as error:
            if may_be_unknown:
                return tuple(self._strain(text) for text in texts)
            self._put_down(field, list(range(len(texts))), error)
        except InvalidArgumentError as error:
            self._put_down(field, list(range(len(texts))), error)
        return tuple(texts)

    def _strain(self, text: str) -> str:
        try:
            return resolve(self._edits, [text], self._names).genotypes[0]
        except UnknownEditsError:
            return parse_genotype(text).genotype

    def require_none(self, noun: str, *, within: str = "") -> None:
        """Raise what was put down; fields stand `within` others."""
        if not self._wrong:
            return
        self._wrong = [
            one.model_copy(update={"field": f"{within}{one.field}"}) for one in self._wrong
        ]
        count = len(self._wrong)
        detail = f"{noun} does not fit the model: {self._wrong[0].message}"
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
            self._put_down(field, places, error)
            return texts
        for i, genotype in zip(places, found, strict=True):
            count = parse_genotype(genotype).order
            if count != 1:
                message = f"{names[i]!r} holds {count} edits: name one edit each"
                self._wrong.append(Offender(field=f"{field}[{i}]", value=names[i], message=message))
        return found

    def _put_down(self, field: str, places: Sequence[int], error: InvalidArgumentError) -> None:
        self._has_unknown_edits |= isinstance(error, UnknownEditsError)
        for offender in error.offenders:
            place = _INDEX.fullmatch(str(offender.field))
            number = "?" if place is None else places[int(place[1])]
            self._wrong.append(offender.model_copy(update={"field": f"{field}[{number}]"}))

    def _note(self, place: str, value: str, message: str, known: Collection[str]) -> None:
        self._wrong.append(
            Offender(
                field=place,
                value=value,
                message=message,
                suggestions=close_matches(value, known) if len(self._wrong) < _MATCHED else [],
            )
        )
