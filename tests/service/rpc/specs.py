"""Hypothesis strategies of valid specs and answers."""

from datetime import UTC, datetime
from typing import get_args

from hypothesis import assume
from hypothesis import strategies as st

from service.contract.candidates import AutoSpec, CandidateKind
from service.contract.errors import Offender
from service.contract.jobs import JobState
from service.contract.latent_models import (
    GeneGraphSpec,
    PerturbationSetSpec,
    SetTransformerSpec,
)
from service.contract.losses import (
    BatchMixingTerm,
    CNodeTerm,
    CompositionTerm,
    CrpsTerm,
    DistTerm,
    GaussianNllTerm,
    GroupLassoTerm,
    HardConcreteTerm,
    HuberTerm,
    HurdleTerm,
    InfonceTerm,
    L1Term,
    LossSpec,
    MseTerm,
    RegressionTerm,
    StopGradient,
    SupconTerm,
    SupcrTerm,
    TobitTerm,
    Weighting,
)
from service.contract.models import (
    AdditiveSpec,
    AveragedKind,
    AverageSpec,
    EditFrequencySpec,
    FeatureRidgeSpec,
    ForestSpec,
    GeneKernelSpec,
    GpSpec,
    LowRankSpec,
    MultiplicativeSpec,
    NearestDesignSpec,
    PairMeanSpec,
    PairwiseSpec,
    ProfileGpSpec,
    ProfileKnnSpec,
    SaturatingSpec,
    TrainMeanSpec,
)
from service.contract.resources import Problem, TrainingJob
from service.contract.splits import (
    BackgroundSplit,
    ConditionSplit,
    CovariateSplit,
    ForwardSplit,
    GeneSplit,
    GroupSplit,
    NoSplit,
    OrderSplit,
    QueryPairSplit,
    RandomSplit,
)
from service.contract.training import (
    OptimizerSpec,
    ReportSpec,
    TrainingLabel,
    TrainingSpec,
    Transform,
)
from tests.service.rpc.gene_specs import gene_uses
from tests.service.rpc.score_specs import counts, names, numbers, texts

weights = st.floats(0, 1e300)
above_zero = st.floats(1e-6, 1e6)


def some(model, **fields):
    """A model with each field given or left out."""
    return st.fixed_dictionaries({}, optional=fields).map(lambda given: model(**given))


regressions = st.one_of(
    some(MseTerm, weight=above_zero),
    some(HuberTerm, weight=above_zero, delta=above_zero),
    some(GaussianNllTerm, weight=above_zero, floor=above_zero),
    some(TobitTerm, weight=above_zero, sd=above_zero),
    some(HurdleTerm, weight=above_zero, threshold=numbers, sd=above_zero, scale=above_zero),
    some(CrpsTerm, weight=above_zero, sd=above_zero),
)
temperatures = st.floats(1e-6, 100)
similarities = st.sampled_from(["neg_l2", "cosine"])
terms = st.tuples(
    regressions,
    some(
        DistTerm,
        weight=weights,
        rule=st.sampled_from(["quantile", "kde", "official"]),
        distance=st.sampled_from(["l2", "l1", "huber"]),
        delta=above_zero,
        bandwidth=st.none() | above_zero,
        step=above_zero,
    ),
    some(SupcrTerm, weight=weights, temperature=temperatures, similarity=similarities),
    some(
        CompositionTerm,
        weight=weights,
        stop_gradient=st.sampled_from(StopGradient),
        normalized=st.booleans(),
    ),
    some(
        InfonceTerm,
        weight=weights,
        temperature=temperatures,
        similarity=similarities,
        symmetric=st.booleans(),
    ),
    some(
        SupconTerm,
        weight=weights,
        temperature=temperatures,
        similarity=similarities,
        bins=st.integers(2, 100),
    ),
    some(
        BatchMixingTerm,
        weight=weights,
        n_neighbors=st.integers(1, 10_000),
        temperature=above_zero,
    ),
    some(L1Term, weight=weights),
    some(GroupLassoTerm, weight=weights),
    some(CNodeTerm, weight=weights),
    some(
        HardConcreteTerm,
        weight=weights,
        temperature=above_zero,
        low=st.floats(-10, 0, exclude_max=True),
        high=st.floats(1, 11, exclude_min=True),
    ),
).flatmap(lambda all_terms: st.permutations(all_terms))
losses = st.builds(
    lambda chosen, count, given: LossSpec(
        terms=[t for i, t in enumerate(chosen) if i < count or isinstance(t, RegressionTerm)],
        **given,
    ),
    terms,
    st.integers(0, 11),
    st.fixed_dictionaries(
        {},
        optional={
            "weighting": st.sampled_from(Weighting),
            "latent_split": st.none() | st.floats(0, 1, exclude_min=True, exclude_max=True),
        },
    ),
)
models = st.one_of(
    some(
        AutoSpec,
        candidates=st.none()
        | st.lists(st.sampled_from(get_args(CandidateKind)), min_size=1, max_size=4),
        criterion=st.sampled_from(["spearman", "mse"]),
        folds=st.integers(2, 20),
    ),
    st.sampled_from(
        [
            *(TrainMeanSpec(), PairMeanSpec(), NearestDesignSpec(), EditFrequencySpec()),
            SaturatingSpec(),
        ]
    ),
    some(
        AverageSpec,
        models=st.lists(
            st.sampled_from(get_args(AveragedKind)), min_size=2, max_size=8, unique=True
        ),
    ),
    some(AdditiveSpec, penalty=st.none() | above_zero),
    some(FeatureRidgeSpec, penalty=st.none() | above_zero),
    some(
        GeneKernelSpec,
        reach=st.floats(0, 1, exclude_min=True, exclude_max=True),
        feature_weight=st.floats(0, 100),
        rank=st.integers(1, 2000),
        penalty=st.none() | above_zero,
    ),
    some(MultiplicativeSpec, penalty=st.none() | above_zero, floor=st.none() | above_zero),
    some(PairwiseSpec, rule=st.sampled_from(["product", "min"])),
    some(LowRankSpec, rank=st.integers(1, 1000), penalty=st.none() | above_zero),
    some(ProfileGpSpec, rank=st.integers(1, 1000), rounds=st.integers(1, 10)),
    some(ProfileKnnSpec, neighbors=st.integers(1, 1000)),
    some(
        ForestSpec,
        trees=st.integers(1, 5000),
        max_depth=st.none() | st.integers(1, 1000),
        min_samples_leaf=st.integers(1, 100_000),
        max_features=st.floats(0, 1, exclude_min=True),
        max_rows=st.integers(2, 1_000_000),
    ),
    some(
        GpSpec,
        sizes=st.booleans(),
        max_rows=st.integers(2, 10_000),
        max_selection_rows=st.integers(2, 5000),
    ),
    some(
        PerturbationSetSpec,
        latent_dim=st.integers(2, 1024),
        attention_heads=st.integers(1, 16),
        attention_layers=st.integers(1, 8),
        head=st.sampled_from(["linear", "quadratic", "mlp"]),
        hidden_dim=st.integers(2, 4096),
        hidden_layers=st.integers(1, 2),
        activation=st.sampled_from(["gelu", "relu"]),
        dropout=st.floats(0, 1, exclude_max=True),
        network_dim=st.integers(0, 1024),
        saturates=st.booleans(),
    ),
    some(
        GeneGraphSpec,
        latent_dim=st.integers(2, 1024),
        layers=st.integers(1, 8),
        hops=st.integers(1, 3),
        head=st.sampled_from(["linear", "quadratic", "mlp"]),
        hidden_dim=st.integers(2, 4096),
        hidden_layers=st.integers(1, 2),
        activation=st.sampled_from(["gelu", "relu"]),
        dropout=st.floats(0, 1, exclude_max=True),
        network_dim=st.integers(0, 1024),
    ),
    some(
        SetTransformerSpec,
        latent_dim=st.integers(2, 1024),
        attention_heads=st.integers(1, 16),
        attention_layers=st.integers(1, 8),
        head=st.sampled_from(["linear", "quadratic", "mlp"]),
        hidden_dim=st.integers(2, 4096),
        hidden_layers=st.integers(1, 2),
        activation=st.sampled_from(["gelu", "relu"]),
        dropout=st.floats(0, 1, exclude_max=True),
        network_dim=st.integers(0, 1024),
    ),
)

fold_fields = st.just({}) | st.integers(2, 10_000).flatmap(
    lambda folds: st.fixed_dictionaries(
        {"folds": st.just(folds)}, optional={"fold": st.integers(0, folds - 1)}
    )
)
draw_fields = st.fixed_dictionaries(
    {},
    optional={
        "test_fraction": st.floats(0, 1, exclude_min=True, exclude_max=True),
        "seed": st.integers(0, 2**31 - 1),
    },
)


def drawn_split(kind, folds, draw, test=None, **own):
    """A split that draws; one with folds names nothing."""
    named = {} if test is None or folds else {"test": test}
    return kind(**draw, **folds, **named, **own)


def value_split(kind, folds, test, train, **own):
    """A split by values: by folds, or by those named."""
    if folds:
        return kind(**folds, **own)
    return kind(test=test, train=[v for v in train if v not in test] or None, **own)


def drawn_splits(kind, **own):
    """Splits of a kind that draws."""
    return st.builds(drawn_split, st.just(kind), fold_fields, draw_fields, **own)


def value_splits(kind, **own):
    """Splits of a kind that goes by values."""
    test, train = st.lists(texts, min_size=1, max_size=3), st.lists(texts, max_size=3)
    return st.builds(value_split, st.just(kind), fold_fields, test, train, **own)


named_units = st.lists(texts, max_size=3)
splits = st.one_of(
    st.just(NoSplit()),
    drawn_splits(RandomSplit),
    drawn_splits(
        GeneSplit,
        test=named_units,
        match=st.sampled_from(["any", "all"]),
        keep_singles=st.booleans(),
    ),
    drawn_splits(QueryPairSplit, test=named_units, covariate=st.none() | texts),
    drawn_splits(GroupSplit, test=named_units),
    st.builds(OrderSplit, max_train_order=st.integers(1, 100)),
    value_splits(CovariateSplit, covariate=names),
    value_splits(ConditionSplit, covariate=names),
    value_splits(BackgroundSplit),
    st.builds(
        lambda folds, covariate, test: ForwardSplit(
            covariate=covariate, test=None if folds else test, **folds
        ),
        fold_fields,
        names,
        st.none() | texts,
    ),
)
labels = st.builds(
    TrainingLabel,
    name=names,
    transform=st.none() | st.sampled_from(Transform),
    weight=above_zero,
)


def training_spec(dataset_id, labels, given):
    """A spec; c_node and a quadratic head do not go together."""
    loss, model = given.get("loss", LossSpec()), given.get("model", AutoSpec())
    reads_paths = any(isinstance(term, CNodeTerm) for term in loss.terms)
    assume(not reads_paths or getattr(model, "head", None) != "quadratic")
    return TrainingSpec(dataset_id=dataset_id, labels=labels, **given)


training_specs = st.builds(
    training_spec,
    names,
    st.lists(labels, min_size=1, max_size=3, unique_by=lambda label: label.name),
    st.fixed_dictionaries(
        {},
        optional={
            "name": names,
            "split": splits,
            "model": models,
            "loss": losses,
            "optimizer": some(
                OptimizerSpec,
                learning_rate=st.floats(0, 1, exclude_min=True),
                weight_decay=st.floats(0, 10),
                gradient_clip_norm=above_zero,
            ),
            "epochs": st.integers(1, 100_000),
            "patience_epochs": st.integers(1, 100_000),
            "batch_size": st.integers(2, 1_000_000),
            "ensemble_size": st.integers(1, 100),
            "seed": st.integers(0, 2**31 - 1),
            "device": st.sampled_from(["auto", "cpu", "cuda"]),
            "genes": st.none() | gene_uses,
            "upper_bound": st.sampled_from(["none", "min_lower_orders"]),
            "report": some(ReportSpec, latent_map=st.sampled_from(["pca", "umap"])),
            "priority": st.sampled_from(["low", "normal", "high"]),
        },
    ),
)

offenders = st.builds(
    Offender,
    message=names,
    field=st.none() | texts,
    row=st.none() | counts,
    column=st.none() | texts,
    value=st.none() | texts,
    suggestions=st.lists(texts, max_size=2),
)
problems = st.builds(
    Problem, code=names, reason=names, detail=names, errors=st.lists(offenders, max_size=2)
)
times = st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1))  # noqa: DTZ001
reports = st.dictionaries(
    texts,
    st.recursive(
        st.none() | st.booleans() | numbers | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=10,
    ),
    max_size=3,
)
training_jobs = st.builds(
    TrainingJob,
    id=names,
    state=st.sampled_from(JobState),
    spec=training_specs,
    create_time=times,
    start_time=st.none() | times,
    end_time=st.none() | times,
    fraction=st.floats(0, 1),
    estimated_seconds_left=st.none() | st.floats(0, 1e9),
    attempt_count=st.integers(0, 1000),
    queue_position=st.none() | st.integers(1, 1000),
    expected_start_seconds=st.none() | st.floats(0, 1e9),
    model_id=st.none() | texts,
    report=st.none() | reports,
    error=st.none() | problems,
)
