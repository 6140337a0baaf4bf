"""Hypothesis strategies of data sets: what their columns mean, and what ingest finds."""

from hypothesis import strategies as st

from service.contract.datasets import (
    CovariateColumn,
    DatasetProfile,
    DatasetSpec,
    DatasetState,
    EditColumn,
    EditColumns,
    GeneColumns,
    GenotypeColumn,
    KindValue,
    LabelColumn,
    LabelKind,
    LabelProfile,
    Preset,
    SkippedRow,
)
from service.contract.designs import EditKind
from service.contract.resources import Dataset
from tests.service.rpc.score_specs import counts, names, numbers, texts
from tests.service.rpc.specs import problems, some, times

kinds = st.sampled_from(EditKind)
words = st.from_regex(r"[A-Za-z0-9]{1,8}", fullmatch=True)
maybe_names = st.none() | names
maybe_numbers = st.none() | numbers
formats = st.sampled_from(["auto", "tsv", "csv", "parquet"])

edit_columns = st.builds(
    lambda locus_column, kind, given: EditColumn(locus_column=locus_column, **kind, **given),
    names,
    st.fixed_dictionaries({"kind": kinds}) | st.fixed_dictionaries({"kind_column": names}),
    st.fixed_dictionaries(
        {},
        optional={
            "kinds": st.dictionaries(
                texts, st.builds(KindValue, kind=kinds, variant=st.none() | words), max_size=2
            ),
            "variant_column": maybe_names,
            "level_column": maybe_names,
            "ignore": st.lists(texts, max_size=2),
        },
    ),
)
gene_columns = st.builds(
    lambda found, kind, given: GeneColumns(kind=kind, **found, **given),
    st.fixed_dictionaries({"columns": st.lists(names, min_size=1, max_size=2)})
    | st.fixed_dictionaries({"prefix": texts}),
    kinds,
    st.fixed_dictionaries(
        {},
        optional={"coding": st.sampled_from(["presence", "level"]), "reference_level": numbers},
    ),
)
design_columns = st.one_of(
    some(GenotypeColumn, column=names),
    st.builds(
        GenotypeColumn,
        column=names,
        separator=st.text(st.characters(codec="ascii"), min_size=1, max_size=3),
        kind=kinds,
    ),
    st.builds(EditColumns, columns=st.lists(edit_columns, min_size=1, max_size=2)),
    gene_columns,
)


def label(kind, measure, **given):
    """A label; an interaction has a measure, and no other has."""
    return LabelColumn(
        kind=kind, measure=measure if kind is LabelKind.INTERACTION else None, **given
    )


labels = st.builds(
    label,
    name=names,
    column=maybe_names,
    kind=st.sampled_from(LabelKind),
    measure=st.sampled_from(["epsilon", "tau", "s_score"]),
    scale=st.sampled_from(["linear", "log"]),
    unit=names,
    detection_limit=maybe_numbers,
    sd_column=maybe_names,
)
covariates = st.builds(
    CovariateColumn,
    name=names.map("of ".__add__),
    column=maybe_names,
    role=st.sampled_from(["condition", "batch"]),
    known_at=st.sampled_from(["design", "after_build"]),
)
columns = st.fixed_dictionaries(
    {},
    optional={
        "format": formats,
        "covariates": st.lists(covariates, max_size=2, unique_by=lambda one: one.name),
        **dict.fromkeys(
            ("background_column", "group_column", "build_column", "replicate_column"), maybe_names
        ),
        "control_column": maybe_names,
        "on_bad_rows": st.sampled_from(["fail", "skip"]),
    },
)
dataset_specs = st.builds(
    lambda meant, given: DatasetSpec(**meant, **given),
    st.fixed_dictionaries({"preset": st.sampled_from(Preset)})
    | st.fixed_dictionaries(
        {
            "design": design_columns,
            "labels": st.lists(labels, min_size=1, max_size=2, unique_by=lambda one: one.name),
        }
    ),
    columns,
)

label_profiles = st.builds(
    LabelProfile,
    name=names,
    kind=st.sampled_from(LabelKind),
    scale=st.sampled_from(["linear", "log"]),
    unit=names,
    count=counts,
    missing_share=st.floats(0, 1),
    censored_count=counts,
    **dict.fromkeys(
        ("min", "median", "mean", "max", "sd", "sd_within_builds", "sd_across_builds"),
        maybe_numbers,
    ),
)
per_order = st.dictionaries(st.integers(0, 100), counts, min_size=1, max_size=3)
dataset_profiles = st.builds(
    DatasetProfile,
    **dict.fromkeys(
        ("row_count", "design_count", "locus_count", "edit_count", "control_row_count"), counts
    ),
    rows_per_order=per_order,
    designs_per_order=per_order,
    labels=st.lists(label_profiles, min_size=1, max_size=2),
    covariates=st.dictionaries(
        texts, st.dictionaries(texts, counts, max_size=2), min_size=1, max_size=2
    ),
    skipped_row_count=counts,
    skipped_rows=st.lists(
        st.builds(SkippedRow, row=counts, column=st.none() | texts, message=names), max_size=2
    ),
)
datasets = st.builds(
    Dataset,
    id=names,
    name=names,
    state=st.sampled_from(DatasetState),
    create_time=times,
    size_bytes=counts,
    source_sha256=names,
    table_sha256=st.none() | texts,
    vocabulary_sha256=st.none() | texts,
    spec=dataset_specs,
    profile=st.none() | dataset_profiles,
    error=st.none() | problems,
)
