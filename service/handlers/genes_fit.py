"""Whether a training spec fits its gene table: features, evidence, networks and channels exist."""

from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.genes import GenesUse, GeneTableProfile, NetworkProfile, matches
from service.contract.repositories.gene_tables import get_ready_gene_table
from service.contract.repositories.networks import get_ready_networks
from service.handlers.matching import close_matches

_LISTED = 20


def require_genes(session: Session, project_id: str, use: GenesUse | None) -> None:
    """Check every name that the spec takes from its gene table.

    Raises:
        NotFoundError: this project has no such gene table.
        FailedPreconditionError: the gene table, or a network, is not READY.
        InvalidArgumentError: some names do not exist; all of them are listed, with what does.
    """
    if use is None:
        return
    table = get_ready_gene_table(session, project_id, use.gene_table_id)
    profile = GeneTableProfile.model_validate(table.profile)
    names = [network.name for network in use.networks]
    rows = get_ready_networks(session, project_id, table.id, names)
    offenders = [*_unknown_features(use, profile)]
    for index, (network, row) in enumerate(zip(use.networks, rows, strict=True)):
        known = [one.name for one in NetworkProfile.model_validate(row.profile).channels]
        field = f"genes.networks[{index}].channels"
        offenders += _unknown(network.channels or (), known, field, "channel")
    if offenders:
        detail = f"the spec does not fit gene table {table.id}: {offenders[0].message}"
        raise InvalidArgumentError(detail, offenders)


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
