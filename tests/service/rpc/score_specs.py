"""Hypothesis strategies of scores, and the values that every spec is made of."""

from hypothesis import strategies as st

from service.contract.inference import (
    Condition,
    EditGradient,
    LabelScores,
    MeasuredValue,
    MemberState,
    NearDesign,
    NeutralSource,
    ResolvedName,
    ScoreAnswer,
    ScoreExtra,
    ScoreField,
    ScoreInterval,
    ScoreRequest,
    Support,
)

texts = st.text(st.characters(codec="utf-8"), max_size=20)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
counts = st.integers(0, 2**53)
numbers = st.floats(allow_nan=False, allow_infinity=False)

near_designs = st.builds(
    NearDesign,
    genotype=texts,
    distance=numbers,
    row_count=counts,
    labels=st.lists(
        st.builds(MeasuredValue, name=names, unit=names, value=st.none() | numbers),
        min_size=1,
        max_size=2,
    ),
)
score_requests = st.builds(
    ScoreRequest,
    genotypes=st.lists(texts, min_size=1, max_size=5),
    fields=st.none() | st.lists(st.sampled_from(ScoreField), min_size=1),
    timeout_seconds=st.floats(0, 60, exclude_min=True),
    interval_level=st.floats(0.5, 0.99),
    include=st.none() | st.lists(st.sampled_from(ScoreExtra), min_size=1),
    conditions=st.none() | st.lists(st.builds(Condition, name=names, value=names), min_size=1),
)
NO_NUMBERS = {ScoreField.SUPPORT, ScoreField.NEUTRAL_SOURCE, ScoreField.INTERVAL}
PER_LABEL = [field.value for field in ScoreField if field not in NO_NUMBERS]


def label_scores(count):
    column = st.none() | st.lists(numbers, min_size=count, max_size=count)
    columns = dict.fromkeys(PER_LABEL, column)
    source = st.lists(st.sampled_from(NeutralSource), min_size=count, max_size=count)
    columns["neutral_source"] = st.none() | source
    end = st.lists(numbers, min_size=count, max_size=count)
    level = st.floats(0.5, 0.99)
    columns["interval"] = st.none() | st.builds(
        ScoreInterval, level=level, calibrated_on=names, low=end, high=end
    )
    some = st.lists(numbers, min_size=1, max_size=3)
    slopes = st.lists(st.builds(EditGradient, values=some), min_size=count, max_size=count)
    columns["gradient"] = st.none() | slopes
    return st.builds(LabelScores, name=names, unit=names, neutral_model=names, **columns)


def supports(count):
    known = st.lists(counts, min_size=count, max_size=count)
    maybe = st.lists(st.none() | counts, min_size=count, max_size=count)
    optional = st.none() | known
    flags = st.none() | st.lists(st.booleans(), min_size=count, max_size=count)
    return st.builds(
        Support,
        design_count=known,
        edit_count_min=maybe,
        pair_count_min=maybe,
        is_extrapolated=flags,
        is_higher_order=flags,
        **dict.fromkeys(("gene_count", "genes_seen", "pair_count", "pairs_seen"), optional),
    )


member_states = st.builds(MemberState, values=st.lists(numbers, min_size=1, max_size=3))
conditions = st.builds(Condition, name=names, value=names)
resolved_names = st.builds(ResolvedName, name=names, locus=names)
score_answers = st.integers(1, 4).flatmap(
    lambda count: st.builds(
        ScoreAnswer,
        model_id=names,
        vocabulary_sha256=names,
        genotypes=st.lists(texts, min_size=count, max_size=count),
        labels=st.lists(label_scores(count), min_size=1, max_size=2),
        support=st.none() | supports(count),
        resolved_names=st.none() | st.lists(resolved_names, min_size=1, max_size=2),
        nearest=st.none() | st.lists(near_designs, min_size=count, max_size=count),
        z=st.none() | st.lists(member_states, min_size=count, max_size=count),
        conditions=st.none() | st.lists(conditions, min_size=1, max_size=2),
    )
)
