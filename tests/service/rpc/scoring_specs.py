"""Hypothesis strategies of scoring jobs."""

from hypothesis import strategies as st

from service.contract.datasets import EditColumn, EditColumns, GeneColumns, GenotypeColumn
from service.contract.designs import EditKind
from service.contract.inference import ScoreField
from service.contract.jobs import JobState
from service.contract.priorities import JobPriority
from service.contract.resources import ScoringJob
from service.contract.scoring_jobs import (
    CombinationsInput,
    OnBadRows,
    ResultFormat,
    ScoredLabel,
    ScoredOrder,
    ScoreHistogram,
    ScoringReport,
    ScoringSpec,
    TableInput,
    TopDesign,
)
from tests.service.rpc.score_specs import counts, names, numbers, resolved_names, texts
from tests.service.rpc.search_specs import few, pools
from tests.service.rpc.specs import offenders, problems, some, times

kinds = st.sampled_from(EditKind)
layouts = st.one_of(
    st.builds(GenotypeColumn, column=names),
    st.builds(
        EditColumns,
        columns=st.lists(
            st.builds(EditColumn, locus_column=names, kind=kinds), min_size=1, max_size=2
        ),
    ),
    st.builds(GeneColumns, prefix=names, kind=kinds),
)
inputs = st.one_of(
    some(
        TableInput,
        format=st.sampled_from(["auto", "tsv", "csv", "parquet"]),
        design=st.none() | layouts,
        keep=st.none() | st.lists(names, max_size=2),
    ),
    some(CombinationsInput, pool=pools, min_order=st.integers(0, 2), max_order=st.integers(2, 8)),
)
scoring_specs = st.builds(
    lambda model_id, source, given: ScoringSpec(model_id=model_id, input=source, **given),
    names,
    inputs,
    st.fixed_dictionaries(
        {},
        optional={
            "name": names,
            "fields": st.none() | st.lists(st.sampled_from(ScoreField), min_size=1, max_size=3),
            "interval_level": st.floats(0.5, 0.99),
            "on_bad_rows": st.sampled_from(OnBadRows),
            "formats": st.lists(st.sampled_from(ResultFormat), min_size=1, max_size=2),
            "shard_rows": st.integers(1000, 10_000_000),
            "priority": st.sampled_from(JobPriority),
            "time_limit_seconds": st.none() | st.floats(1e-6, 1e300),
        },
    ),
)
top_designs = st.lists(st.builds(TopDesign, row=counts, genotype=texts, mean=numbers), max_size=2)
scored_labels = st.builds(
    ScoredLabel,
    name=names,
    unit=names,
    min=st.none() | numbers,
    max=st.none() | numbers,
    mean=st.none() | numbers,
    histogram=st.none()
    | st.builds(
        ScoreHistogram,
        left=numbers,
        width=numbers,
        counts=st.lists(counts, min_size=1, max_size=3),
    ),
    highest=top_designs,
    lowest=top_designs,
)
scoring_reports = st.builds(
    ScoringReport,
    row_count=counts,
    scored_count=counts,
    bad_row_count=counts,
    bad_rows=st.lists(offenders, max_size=2),
    orders=st.lists(st.builds(ScoredOrder, order=few, count=counts), max_size=2),
    extrapolated_count=st.none() | counts,
    higher_order_count=st.none() | counts,
    labels=st.lists(scored_labels, max_size=2),
    columns=st.lists(names, max_size=2),
    resolved_names=st.lists(resolved_names, max_size=2),
    seconds=numbers,
    prepare_seconds=numbers,
    designs_per_second=numbers,
    worker_count=few,
    shard_count=few,
    worker_peak_bytes=counts,
    size_bytes=counts,
)
scoring_jobs = st.builds(
    ScoringJob,
    id=names,
    state=st.sampled_from(JobState),
    spec=scoring_specs,
    create_time=times,
    start_time=st.none() | times,
    end_time=st.none() | times,
    fraction=st.floats(0, 1),
    estimated_seconds_left=st.none() | st.floats(0, 1e9),
    attempt_count=few,
    queue_position=st.none() | few,
    expected_start_seconds=st.none() | st.floats(0, 1e9),
    report=st.none() | scoring_reports,
    error=st.none() | problems,
    queue_reason=st.none() | texts,
)
