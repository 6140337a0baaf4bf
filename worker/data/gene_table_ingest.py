"""From an uploaded gene table to its stored form and its profile."""

from pathlib import Path

import numpy as np

from service.contract.errors import BadTableError
from service.contract.genes import (
    FeatureProfile,
    GeneTableProfile,
    GeneTableSpec,
    WideFeatures,
    matches,
)
from worker.data.gene_features import GeneFeatures, feature_columns, read_features
from worker.data.gene_names import GeneNames, read_gene_names, require_each_locus_once
from worker.data.gene_table import Floats
from worker.data.gene_table_store import StoredGenes, write_genes
from worker.data.mapping import require_columns
from worker.data.whole_table import Watch, WholeTable, read_whole

_PROFILED_FEATURES = 1000
_LISTED_ALIASES = 100


def ingest_genes(source: Path, spec: GeneTableSpec, path: Path, watch: Watch) -> GeneTableProfile:
    """Read an uploaded gene table, write it to `path` and describe it.

    Raises:
        BadTableError: the file does not hold what the spec says, with the rows and columns.
        IngestStoppedError: `watch` says so.
    """

    def wanted(columns: list[str]) -> list[str]:
        named = [spec.locus_column, *spec.alias_columns, *feature_columns(spec, columns)]
        require_columns(named, columns)
        return named

    table = read_whole(source, spec.format, wanted, watch, part="var")
    names = read_gene_names(table, spec)
    if isinstance(spec.features, WideFeatures):
        require_each_locus_once(table, names, spec.locus_column)
    watch.check()
    features = read_features(table, names, spec)
    _require_off_known(spec, features)
    stored = StoredGenes(
        loci=names.loci,
        aliases_G=names.aliases_G,
        feature_names=features.names,
        value_GF=features.value_GF,
        mask_GF=features.mask_GF,
        evidence=features.evidence,
        off_when_held_out=spec.off_when_held_out,
    )
    watch.check()
    write_genes(path, stored)
    watch.progress(1.0)
    return _profile(table, names, features, spec)


def _require_off_known(spec: GeneTableSpec, features: GeneFeatures) -> None:
    for pattern in spec.off_when_held_out:
        if not any(matches(name, [pattern]) for name in features.names):
            raise BadTableError(f"off_when_held_out names {pattern!r}, and no feature is called so")


def _profile(
    table: WholeTable, names: GeneNames, features: GeneFeatures, spec: GeneTableSpec
) -> GeneTableProfile:
    if features.mask_GF is not None:
        value_GF = (features.mask_GF[:, :_PROFILED_FEATURES] != 0).astype(np.float64)
    else:
        value_GF = features.value_GF
    described = [
        _describe(name, value_GF[:, place])
        for place, name in enumerate(features.names[:_PROFILED_FEATURES])
    ]
    return GeneTableProfile(
        row_count=len(table),
        locus_count=len(names.loci),
        alias_count=len({alias for aliases in names.aliases_G for alias in aliases}),
        ambiguous_alias_count=len(names.ambiguous),
        ambiguous_aliases=dict(list(names.ambiguous.items())[:_LISTED_ALIASES]),
        shadowed_alias_count=names.shadowed_count,
        feature_count=len(features.names),
        feature_names=list(features.names),
        features=described,
        left_out_columns=list(features.left_out_columns),
        rare_feature_count=features.rare_count,
        evidence_counts=features.evidence_counts,
        off_when_held_out=list(spec.off_when_held_out),
    )


def _describe(name: str, value_G: Floats) -> FeatureProfile:
    known_G = value_G[~np.isnan(value_G)]
    missing_share = 1 - len(known_G) / len(value_G)
    if not len(known_G):
        return FeatureProfile(name=name, missing_share=missing_share, min=None, mean=None, max=None)
    return FeatureProfile(
        name=name,
        missing_share=missing_share,
        min=float(known_G.min()),
        mean=float(known_G.mean()),
        max=float(known_G.max()),
    )
