"""Tables of models as they are stored: what bounds them, and what cannot be screened."""

from dataclasses import replace

import numpy as np
import pytest

from service.contract.designs import Design, parse_edit
from tests.worker.search.conftest import KINDS, YIELD
from tests.worker.search.kernels import KERNELS
from tests.worker.search.networks import all_designs, alone, random_case
from tests.worker.tables import IDENTITY, small_spec, write_table
from worker.inference.predictor import Predictor
from worker.models.observations import EditSets, Observations
from worker.models.upper_bound import fit_upper_bound
from worker.search.bound_tables import bound_table, bound_triples
from worker.search.kernel import Screener
from worker.search.kernel_objective import RankTerm, ScreenObjective
from worker.search.table_builder import NotScreenableError, network_tables, screen_tables
from worker.training.run import train_model

EDITS = 8
RAISE = ScreenObjective((RankTerm(0, caution=1.0),))


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("fixed", [0, 1])
@pytest.mark.parametrize("kind", ["linear", "quadratic", "mlp"])
def test_a_stored_model_is_screened_as_it_scores(models, kind, order, fixed):
    """Levels, transforms and members are those of the model's own readings."""
    predictor = models(kind).predictor
    keys = [key for key in predictor.manifest.edits if ":knockdown" in key]
    edits = [parse_edit(f"{key}@0.{n}") for n, key in enumerate(keys)]
    always, free = edits[:fixed], edits[fixed:]
    part = Screener(screen_tables(predictor, free, order, always), RAISE, keep=1000).run()
    designs = [Design.of([*always, *(free[e] for e in row)]) for row in part.edits.tolist()]
    assert len(designs) == len(all_designs(len(free), order))
    readings_YMB = np.stack([label.compose_MBY for label in predictor.readings(designs)])
    np.testing.assert_allclose(part.value, RAISE.values(readings_YMB)[0], rtol=1e-4, atol=1e-5)


def test_what_cannot_be_screened_is_said(models):
    edits = [parse_edit("g0:knockdown")]
    with pytest.raises(NotScreenableError, match="additive has no latent space"):
        screen_tables(models("additive").predictor, edits, 1)
    with pytest.raises(NotScreenableError, match="order 4"):
        screen_tables(models("mlp").predictor, edits, 4)


def measured_bound(case, seed):
    """Some designs of the case's edits, with labels that often bound what networks read."""
    rng = np.random.default_rng(seed)
    edit_E, effect_E = (
        np.concatenate([part[n].flatten().numpy() for part in (case.edits, case.fixed)])
        for n in (0, 1)
    )
    chosen = [d for size in range(4) for d in all_designs(len(edit_E), size).tolist()]
    chosen = [d for d in chosen if not d or rng.random() < 0.5]
    edit_BP = np.zeros((len(chosen), 3), dtype=np.int64)
    effect_BP = np.zeros((len(chosen), 3))
    for row, design in enumerate(chosen):
        edit_BP[row, : len(design)] = edit_E[design]
        effect_BP[row, : len(design)] = effect_E[design]
    label_B = rng.normal(-0.5, 1.0, len(chosen))
    sets = EditSets(edit_BP, effect_BP)
    return fit_upper_bound(Observations(sets, label_B, np.ones(len(chosen)), len(edit_E) + 1))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    ("order", "fixed"), [(1, 0), (2, 0), (3, 0), (1, 2), (2, 1), (3, 1), (3, 2)]
)
def test_readings_stay_below_what_was_measured(order, fixed, kernel):
    case = random_case(11, members=2, edit_count=EDITS, fixed_count=fixed)
    bound = measured_bound(case, seed=order)
    tables = network_tables(case.members, case.labels, case.edits, case.fixed, order)
    tables = replace(tables, bound={0: bound_table(bound, case.edits, case.fixed, order)})
    if order == 3 and fixed:
        tables = replace(tables, triple={0: bound_triples(bound, case.edits)})
    designs = all_designs(EDITS, order)
    free_YMB = case.readings(designs)
    bound_B = case.labels[0].in_unit(bound.predict(case.batch(designs)))
    exact_B, _, _ = RAISE.values(np.minimum(free_YMB, bound_B))
    assert (np.abs(exact_B - RAISE.values(free_YMB)[0]) > 1e-3).any()
    exact = {tuple(design): rank for design, rank in zip(designs.tolist(), exact_B, strict=True)}
    part = Screener(tables, RAISE, keep=1000, kernel=kernel).run()
    assert len(part.value) == len(designs)
    found = [exact[tuple(edits)] for edits in part.edits.tolist()]
    np.testing.assert_allclose(part.value, found, atol=1e-5)


def test_a_triple_bounds_every_spelling_of_its_edits():
    """Two texts may be one edit to a model: a full effect, with its level or without."""
    edits = alone([1, 2, 3, 2], [1.0, 0.5, 1.0, 0.5])
    sets = EditSets(np.array([[3, 1, 2], [1, 2, 0]]), np.array([[1.0, 1.0, 0.5], [1.0, 0.5, 0]]))
    bound = fit_upper_bound(Observations(sets, np.array([-2.0, 1.0]), np.ones(2), 3))
    found = bound_triples(bound, edits)
    assert found.key_Q.tolist() == [(0 * 4 + 1) * 4 + 2, (0 * 4 + 2) * 4 + 3]
    assert found.value_Q.tolist() == [-2.0, -2.0]


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """A model held to what was measured of designs of up to three edits."""
    genes = [f"g{i}:knockdown" for i in range(8)]
    designs = [d for size in range(4) for d in all_designs(8, size).tolist()]
    rng = np.random.default_rng(2)
    label = np.array([1.0 - 0.2 * len(d) - 0.6 * (len(d) == 3) * rng.random() for d in designs])
    path = write_table(
        tmp_path_factory.mktemp("held") / "t.parquet",
        ["+".join(genes[place] for place in design) for design in designs],
        label__yield=label,
    )
    spec = small_spec(
        labels=[{"name": "yield"}],
        model=KINDS["mlp"],
        epochs=2,
        split={"kind": "none"},
        upper_bound="min_lower_orders",
    )
    trained = train_model(spec, path, [YIELD], identity=IDENTITY, with_report=False)
    return Predictor.load(trained.weights, trained.manifest)


@pytest.mark.parametrize("fixed", [0, 1, 2])
def test_a_stored_model_is_screened_within_its_bounds(held, fixed):
    edits = [parse_edit(key) for key in held.manifest.edits]
    always, free = edits[:fixed], edits[fixed:]
    part = Screener(screen_tables(held, free, 3, always), RAISE, keep=100).run()
    designs = [Design.of([*always, *(free[e] for e in row)]) for row in part.edits.tolist()]
    readings_YMB = np.stack([label.compose_MBY for label in held.readings(designs)])
    np.testing.assert_allclose(part.value, RAISE.values(readings_YMB)[0], rtol=1e-4, atol=1e-5)


def test_an_edit_without_effect_has_no_bound():
    case = random_case(11, edit_count=3)
    bound = measured_bound(case, seed=1)
    with pytest.raises(ValueError, match="without effect"):
        bound_table(bound, alone([1, 2], [1.0, 0.0]), case.fixed, 2)
