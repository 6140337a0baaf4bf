"""Whether a training spec fits its gene table: what it names exists, its model has its genes."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy.orm import Session

from service.contract.candidates import AutoSpec, ModelSpec
from service.contract.errors import InvalidArgumentError, Offender
from service.contract.gene_filters import GeneFilter
from service.contract.genes import (
    GenesUse,
    GeneTableProfile,
    NetworkProfile,
    matches,
)
from service.contract.models import GENE_KINDS
from service.contract.records import GeneTableRecord, NetworkRecord
from service.contract.repositories.networks import get_ready_networks
from service.contract.repositories.uploads import get_ready
from service.contract.training import TrainingSpec
from service.handlers.matching import close_matches

_LISTED = 20


def require_genes(
    session: Session, project_id: str, spec: TrainingSpec, kinds: Sequence[str] | None = None
) -> None:
    """Check what the spec takes from its gene table, and that a model of genes is given any.

    `kinds` are the models to be trained, each of them; None: that of the spec.

    Raises:
        NotFoundError: this project has no such gene table.
        FailedPreconditionError: the gene table, or a network, is not READY.
        InvalidArgumentError: some names do not exist, and all of them are listed, with what does;
            or a model is made of what is known of genes, and is not given it.
    """
    use = spec.genes
    profile = None if use is None else _require_names(session, project_id, use)
    offenders = [*_unmade(_alternatives(spec.model, kinds), use, profile)]
    if offenders:
        raise InvalidArgumentError(offenders[0].message, offenders)


def _require_names(session: Session, project_id: str, use: GenesUse) -> GeneTableProfile:
    """The profile of a gene table that has all that is used of it."""
    table = get_ready(session, GeneTableRecord, project_id, use.gene_table_id, lock=True)
    profile = GeneTableProfile.model_validate(table.profile)
    rows = get_ready_networks(session, project_id, table.id, [n.name for n in use.networks])
    offenders = [*_unknown_names(use, profile, rows)]
    if offenders:
        detail = f"the spec does not fit gene table {table.id}: {offenders[0].message}"
        raise InvalidArgumentError(detail, offenders)
    return profile


def require_filter(session: Session, project_id: str, wanted: GeneFilter, field: str) -> None:
    """Check that a gene table has the features that a filter, which stands in `field`, asks about.

    Raises:
        NotFoundError: this project has no such gene table.
        FailedPreconditionError: the gene table is not READY.
        InvalidArgumentError: it has no such features; all of them are listed, with what it has.
    """
    table = get_ready(session, GeneTableRecord, project_id, wanted.gene_table_id)
    known = GeneTableProfile.model_validate(table.profile).feature_names
    offenders = [
        _offender(f"{field}.where[{index}].feature", "feature", one.feature, known)
        for index, one in enumerate(wanted.where)
        if one.feature not in known
    ]
    if offenders:
        detail = f"the pool does not fit gene table {table.id}: {offenders[0].message}"
        raise InvalidArgumentError(detail, offenders)


def _alternatives(model: ModelSpec, kinds: Sequence[str] | None) -> list[Sequence[str]]:
    """Kinds of which one at least has to be possible, for each model to be trained."""
    if kinds is not None:
        return [(kind,) for kind in kinds]
    if not isinstance(model, AutoSpec):
        return [(model.kind,)]
    return [] if model.candidates is None else [model.candidates]


def _unmade(
    alternatives: Iterable[Sequence[str]], use: GenesUse | None, profile: GeneTableProfile | None
) -> Iterator[Offender]:
    for kinds in alternatives:
        missing = [_missing(kind, use, profile) for kind in kinds]
        offenders = [offender for offender in missing if offender is not None]
        if len(offenders) == len(kinds):
            yield from offenders


def _missing(kind: str, use: GenesUse | None, profile: GeneTableProfile | None) -> Offender | None:
    """What a model is made of and not given, and how to give it; None where it has it."""
    if kind not in GENE_KINDS:
        return None
    if use is None or profile is None:
        network = ", and in genes.networks a network of it" if kind == "gene_graph" else ""
        message = (
            f"{kind} is made of what is known of genes: name a gene table in genes.gene_table_id"
            f"{network} (POST /v1/gene-tables takes one), or choose another model"
        )
        return Offender(field="genes", value=kind, message=message)
    has_features = use.use_features and profile.feature_count > 0
    if kind == "gene_graph" and not use.networks:
        message = "gene_graph passes messages over gene networks: name one in genes.networks"
        return Offender(field="genes.networks", value=kind, message=message)
    if has_features or (kind != "feature_ridge" and use.networks):
        return None
    given = "genes.use_features is false" if not use.use_features else "the gene table has none"
    other = "" if kind == "feature_ridge" else ", or name a network in genes.networks"
    message = f"{kind} is made of features of genes, and {given}: use a gene table that has some"
    return Offender(field="genes", value=kind, message=f"{message}{other}")


def _unknown_names(
    use: GenesUse, profile: GeneTableProfile, rows: Sequence[NetworkRecord]
) -> Iterator[Offender]:
    yield from _unknown_features(use, profile)
    for index, (network, row) in enumerate(zip(use.networks, rows, strict=True)):
        known = [one.name for one in NetworkProfile.model_validate(row.profile).channels]
        field = f"genes.networks[{index}].channels"
        yield from _unknown(network.channels or (), known, field, "channel")


def _unknown_features(use: GenesUse, profile: GeneTableProfile) -> Iterator[Offender]:
    for index, pattern in enumerate(use.features or ()):
        if not any(matches(name, [pattern]) for name in profile.feature_names):
            field = f"genes.features[{index}]"
            yield _offender(field, "feature", pattern, profile.feature_names)
    yield from _unknown(
        use.evidence_off, list(profile.evidence_counts), "genes.evidence_off", "evidence code"
    )


def _unknown(
    wanted: Sequence[str], known: Sequence[str], field: str, noun: str
) -> Iterator[Offender]:
    for index, name in enumerate(wanted):
        if name not in known:
            yield _offender(f"{field}[{index}]", noun, name, known)


def _offender(field: str, noun: str, value: str, known: Sequence[str]) -> Offender:
    listed = ", ".join(known[:_LISTED]) or "none"
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return Offender(
        field=field,
        value=value,
        message=f"there is no {noun} {value!r}; there are: {listed}{more}",
        suggestions=close_matches(value, known),
    )
