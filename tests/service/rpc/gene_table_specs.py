"""Hypothesis strategies of gene tables and networks: their columns, and what ingest finds."""

from hypothesis import strategies as st

from service.contract.datasets import DatasetState
from service.contract.genes import (
    CategoryColumn,
    ChannelProfile,
    FeatureProfile,
    GeneTableProfile,
    GeneTableSpec,
    LongFeatures,
    NetworkProfile,
    NetworkSpec,
    WideFeatures,
)
from service.contract.resources import GeneTable, Network
from tests.service.rpc.dataset_specs import formats, maybe_names, maybe_numbers
from tests.service.rpc.score_specs import counts, names, numbers, texts
from tests.service.rpc.specs import problems, some, times


def named(prefix):
    """Names of one part of a spec, which differ from those of the others."""
    return names.map(f"{prefix} ".__add__)


separators = st.none() | st.text(st.characters(codec="ascii"), min_size=1, max_size=5)
some_counts = st.integers(1, 1_000_000_000)
categories = st.builds(
    lambda column, given: CategoryColumn(column=column, **given),
    named("category"),
    st.fixed_dictionaries(
        {},
        optional={
            "separator": separators,
            "min_locus_count": some_counts,
            "missing": st.lists(texts, max_size=2),
        },
    ),
)
wide = st.builds(
    lambda given: WideFeatures(**given),
    st.fixed_dictionaries(
        {},
        optional={
            "columns": st.none() | st.lists(named("feature"), max_size=2, unique=True),
            "categories": st.lists(categories, max_size=2, unique_by=lambda one: one.column),
        },
    ),
)
long = st.builds(
    LongFeatures,
    feature_column=named("feature"),
    evidence_column=st.none() | named("evidence"),
    min_locus_count=some_counts,
)
gene_table_specs = some(
    GeneTableSpec,
    format=formats,
    locus_column=named("locus"),
    alias_columns=st.lists(named("alias"), max_size=2, unique=True),
    alias_separator=separators,
    on_ambiguous_aliases=st.sampled_from(["fail", "keep"]),
    features=wide | long,
    off_when_held_out=st.lists(names, max_size=2),
)
network_specs = some(
    NetworkSpec,
    format=formats,
    source_column=named("source"),
    target_column=named("target"),
    channel_columns=st.none() | st.lists(named("channel"), max_size=2, unique=True),
    score_unit=st.floats(1e-6, 1e6),
    name_prefix=texts,
    on_self_edges=st.sampled_from(["fail", "skip"]),
    off_when_held_out=st.lists(names, max_size=2),
)
feature_profiles = st.builds(
    FeatureProfile,
    name=names,
    missing_share=st.floats(0, 1),
    **dict.fromkeys(("min", "mean", "max"), maybe_numbers),
)
gene_table_profiles = st.builds(
    GeneTableProfile,
    **dict.fromkeys(
        ("row_count", "locus_count", "alias_count", "ambiguous_alias_count", "feature_count"),
        counts,
    ),
    ambiguous_aliases=st.dictionaries(texts, st.lists(names, max_size=2), max_size=2),
    shadowed_alias_count=counts,
    feature_names=st.lists(names, min_size=1, max_size=2),
    features=st.lists(feature_profiles, min_size=1, max_size=2),
    left_out_columns=st.lists(names, max_size=2),
    rare_feature_count=counts,
    evidence_counts=st.dictionaries(texts, counts, max_size=2),
    off_when_held_out=st.lists(names, max_size=2),
)
channel_profiles = st.builds(
    ChannelProfile, name=names, edge_count=counts, min=numbers, max=numbers
)
network_profiles = st.builds(
    NetworkProfile,
    **dict.fromkeys(
        (
            *("row_count", "edge_count", "matched_name_count", "renamed_count"),
            *("unmatched_name_count", "unmatched_row_count", "duplicate_count"),
            *("self_edge_count", "isolated_locus_count"),
        ),
        counts,
    ),
    channels=st.lists(channel_profiles, min_size=1, max_size=2),
    unmatched_names=st.lists(names, max_size=2),
    off_when_held_out=st.lists(names, max_size=2),
)
uploaded = {
    "id": names,
    "name": names,
    "state": st.sampled_from(DatasetState),
    "create_time": times,
    "size_bytes": counts,
    "source_sha256": names,
    "table_sha256": maybe_names,
    "error": st.none() | problems,
}
gene_tables = st.builds(
    GeneTable, **uploaded, spec=gene_table_specs, profile=st.none() | gene_table_profiles
)
networks = st.builds(
    Network,
    **uploaded,
    gene_table_id=names,
    spec=network_specs,
    profile=st.none() | network_profiles,
)
