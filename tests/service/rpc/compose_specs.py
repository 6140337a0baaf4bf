"""Hypothesis strategies of latent algebra."""

from hypothesis import strategies as st

from service.contract.algebra import (
    ComposeAnswer,
    ComposedDesign,
    ComposedState,
    ComposeRequest,
    DesignReading,
    LatentMetric,
    LatentOperation,
    MeasuredSource,
    PermutationNull,
    StateReading,
)
from service.contract.inference import MemberState, NeutralSource
from tests.service.rpc.score_specs import (
    counts,
    names,
    near_designs,
    numbers,
    resolved_names,
    texts,
)

COUNTS = {"compose": (1, 5), "subtract": (2, 2), "analogy": (3, 3), "interpolate": (2, 2)}


def request_of(operation):
    low, high = COUNTS[operation]
    designs = st.text(st.characters(codec="utf-8", exclude_characters="+"), max_size=20)
    return st.builds(
        ComposeRequest,
        operation=st.just(operation),
        designs=st.lists(designs, min_size=low, max_size=high),
        steps=st.none() | st.integers(2, 21) if operation == "interpolate" else st.none(),
        metric=st.sampled_from(LatentMetric),
        nearest_count=st.integers(0, 50),
        permutations=st.integers(0, 9_999),
        seed=st.integers(0, 2**31 - 1),
        with_latents=st.booleans(),
        timeout_seconds=st.floats(0, 60, exclude_min=True),
    )


compose_requests = st.sampled_from(sorted(COUNTS)).flatmap(request_of)
some_numbers = st.lists(numbers, min_size=1, max_size=3)
state_readings = st.builds(
    StateReading,
    name=names,
    unit=names,
    mean=st.none() | numbers,
    sd=st.none() | numbers,
    member_values=st.none() | some_numbers,
)
nulls = st.builds(
    PermutationNull,
    p_value=numbers,
    permutation_count=st.integers(1, 9_999),
    design_count=st.integers(21, 201),
    designs=st.sampled_from(["measured", "drawn"]),
)
VALUES = ["y_compose", "y_intact", "difference"]
design_readings = st.builds(
    DesignReading,
    name=names,
    unit=names,
    permutation_null=st.none() | nulls,
    neutral_model=names,
    neutral_source=st.sampled_from(NeutralSource),
    expected_neutral=numbers,
    interaction=numbers,
    **{name + sd: numbers for name in VALUES for sd in ("", "_sd")},
)
composed_designs = st.builds(
    ComposedDesign,
    genotype=texts,
    composition_residual=st.none() | numbers,
    labels=st.lists(design_readings, min_size=1, max_size=2),
)
states = st.builds(
    ComposedState,
    position=st.none() | st.floats(0, 1),
    labels=st.lists(state_readings, min_size=1, max_size=2),
    design=st.none() | composed_designs,
    no_design_reason=st.none() | names,
    nearest=st.none() | st.lists(near_designs, min_size=1, max_size=2),
    latents=st.none()
    | st.lists(st.builds(MemberState, values=some_numbers), min_size=1, max_size=2),
)
compose_answers = st.builds(
    ComposeAnswer,
    model_id=names,
    vocabulary_sha256=names,
    operation=st.sampled_from(LatentOperation),
    designs=st.lists(texts, min_size=1, max_size=3),
    metric=st.sampled_from(LatentMetric),
    member_count=st.integers(1, 20),
    states=st.lists(states, min_size=1, max_size=2),
    measured=st.none()
    | st.builds(MeasuredSource, dataset_id=names, table_sha256=names, design_count=counts),
    resolved_names=st.none() | st.lists(resolved_names, min_size=1, max_size=2),
)
