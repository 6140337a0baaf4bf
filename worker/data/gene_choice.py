"""What of a gene table a training may read: the one place of the rule for held-out genes.

What was published on a gene may tell what is to be predicted of it: STRING's text mining reads
the very papers, and GO's evidence IGI is "inferred from genetic interaction". So both are off
wherever genes are held out, with whatever else the upload names in `off_when_held_out`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.genes import (
    CHANNELS_OFF_WHEN_HELD_OUT,
    EVIDENCE_OFF_WHEN_HELD_OUT,
    GenesUse,
    GenesUsed,
    NetworkUse,
    NetworkUsed,
    matches,
)
from worker.data.gene_table import Floats, GeneTable, Network
from worker.data.gene_table_store import StoredGenes, StoredNetwork

_LISTED = 10


@dataclass(frozen=True)
class StoredSource:
    """A stored network and where it comes from."""

    network_id: str
    sha256: str
    stored: StoredNetwork


@dataclass(frozen=True)
class ChosenGenes:
    """What a model is given, nothing more, and what the manifest says of it.

    `table` holds the features and channels that are used, and no others.
    """

    table: GeneTable
    used: GenesUsed


def choose_genes(
    use: GenesUse,
    genes: StoredGenes,
    networks: Mapping[str, StoredSource],
    *,
    table_sha256: str,
    are_genes_held_out: bool,
) -> ChosenGenes:
    """Take what `use` names, less what the rule for held-out genes takes away.

    Raises:
        InvalidArgumentError: it names what is not there, or nothing is left.
    """
    evidence_off = _evidence_off(use, genes, are_genes_held_out)
    names, names_off = _features(use, genes, are_genes_held_out)
    value_GF = _values(genes, names, evidence_off)
    _require_annotations(genes, names, value_GF, evidence_off)
    chosen = [_network(one, networks[one.name], are_genes_held_out) for one in use.networks]
    used = GenesUsed(
        gene_table_id=use.gene_table_id,
        table_sha256=table_sha256,
        are_genes_held_out=are_genes_held_out,
        features=list(names),
        features_off=list(names_off),
        evidence_off=list(evidence_off),
        networks=[told for _, told, _ in chosen],
    )
    notes = _notes(use, used, {told.name: off for _, told, off in chosen})
    table = GeneTable(
        loci=genes.loci,
        aliases=genes.alias_rows(),
        feature_names=names,
        feature_GF=value_GF,
        networks={network.name: network for network, *_ in chosen},
    )
    return ChosenGenes(table, used.model_copy(update={"notes": notes}))


def hashes_of(chosen: ChosenGenes | None) -> list[str]:
    """Hashes of the table and the networks that are used."""
    if chosen is None:
        return []
    return [chosen.used.table_sha256, *(one.network_sha256 for one in chosen.used.networks)]


def _features(
    use: GenesUse, genes: StoredGenes, are_genes_held_out: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the features used, and of those that the rule takes away."""
    if not use.use_features:
        return (), ()
    wanted = genes.feature_names
    if use.features is not None:
        wanted = tuple(name for name in wanted if matches(name, use.features))
        for index, pattern in enumerate(use.features):
            if not any(matches(name, [pattern]) for name in genes.feature_names):
                raise _wrong(f"genes.features[{index}]", pattern, "feature", genes.feature_names)
    off = genes.off_when_held_out if are_genes_held_out else ()
    left = tuple(name for name in wanted if not matches(name, off))
    if not left and (wanted or not use.networks):
        reason = "all of them are off where genes are held out" if wanted else "it has none"
        message = f"no feature of gene table {use.gene_table_id} can be used: {reason}"
        raise InvalidArgumentError(message, [Offender(field="genes.features", message=message)])
    return left, tuple(name for name in wanted if matches(name, off))


def _evidence_off(use: GenesUse, genes: StoredGenes, are_genes_held_out: bool) -> tuple[str, ...]:
    for index, code in enumerate(use.evidence_off):
        if code not in genes.evidence:
            raise _wrong(f"genes.evidence_off[{index}]", code, "evidence code", genes.evidence)
    off = set(use.evidence_off)
    if are_genes_held_out:
        off.update(EVIDENCE_OFF_WHEN_HELD_OUT)
    return tuple(code for code in genes.evidence if code in off)


def _values(genes: StoredGenes, names: Sequence[str], evidence_off: Sequence[str]) -> Floats:
    places = [genes.feature_names.index(name) for name in names]
    if genes.mask_GF is None:
        return np.empty((len(genes.loci), 0)) if not names else genes.value_GF[:, places]  # type: ignore[index]
    counted = sum(1 << i for i, code in enumerate(genes.evidence) if code not in evidence_off)
    values: Floats = ((genes.mask_GF[:, places] & np.uint64(counted)) != 0).astype(np.float64)
    return values


def _require_annotations(
    genes: StoredGenes, names: Sequence[str], value_GF: Floats, evidence_off: Sequence[str]
) -> None:
    if genes.mask_GF is None or not names or value_GF.any():
        return
    message = (
        f"no annotation of the features is left: all of them are by the evidence "
        f"{', '.join(evidence_off)}, which does not count here"
    )
    raise InvalidArgumentError(message, [Offender(field="genes.evidence_off", message=message)])


def _network(
    use: NetworkUse, source: StoredSource, are_genes_held_out: bool
) -> tuple[Network, NetworkUsed, Sequence[str]]:
    """The channels that are used and the edges that they support; what the rule takes away."""
    network = source.stored.network
    for index, channel in enumerate(use.channels or ()):
        if channel not in network.channels:
            raise _wrong(f"channels[{index}]", channel, f"channel ({use.name})", network.channels)
    wanted = network.channels if use.channels is None else use.channels
    off: Sequence[str] = ()
    if are_genes_held_out:
        rule = (*CHANNELS_OFF_WHEN_HELD_OUT, *source.stored.off_when_held_out)
        off = [name for name in wanted if matches(name, rule) or matches(name.lower(), rule)]
    left = tuple(name for name in wanted if name not in off)
    if not left:
        message = (
            f"no channel of network {use.name} can be used: {', '.join(off)} know what was "
            "published and are off where genes are held out"
        )
        raise InvalidArgumentError(message, [Offender(field="genes.networks", message=message)])
    places = [network.channels.index(name) for name in left]
    score_MC = network.score_MC[:, places]
    best_M = score_MC.max(axis=1, initial=0.0)
    kept_M = (best_M > 0) & (best_M >= use.min_score)
    told = NetworkUsed(
        name=use.name,
        network_id=source.network_id,
        network_sha256=source.sha256,
        channels=list(left),
        channels_off=[name for name in network.channels if name not in left],
        min_score=use.min_score,
        edge_count=int(kept_M.sum()),
    )
    if not told.edge_count:
        message = f"no edge of network {use.name} reaches min_score {use.min_score:g}"
        raise InvalidArgumentError(message, [Offender(field="genes.networks", message=message)])
    return Network(use.name, left, network.edge_2M[:, kept_M], score_MC[kept_M]), told, off


def _notes(use: GenesUse, used: GenesUsed, channels_off: Mapping[str, Sequence[str]]) -> list[str]:
    """What the rule took away; what was left out as asked stands in the spec."""
    evidence = [code for code in used.evidence_off if code not in use.evidence_off]
    parts = [f"features {_listed(used.features_off)}"] if used.features_off else []
    parts += [f"evidence {_listed(evidence)}"] if evidence else []
    parts += [
        f"channels {_listed(off)} of network {name}" for name, off in channels_off.items() if off
    ]
    if not parts:
        return []
    return [
        f"Genes are held out, and what was published on them may tell what is predicted: not used "
        f"are {'; '.join(parts)}."
    ]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _wrong(field: str, value: str, noun: str, known: Sequence[str]) -> InvalidArgumentError:
    message = f"the gene table has no {noun} {value!r}; it has: {_listed(known) or 'none'}"
    return InvalidArgumentError(message, [Offender(field=field, value=value, message=message)])
