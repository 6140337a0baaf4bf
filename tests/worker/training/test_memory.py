"""Wide designs: read in parts, and refused before they exhaust the machine."""

import numpy as np
import pytest

from service.contract.errors import FailedPreconditionError
from service.contract.latent_models import PerturbationSetSpec
from service.contract.models import AdditiveSpec
from service.contract.training import TrainingLabel, TrainingSpec
from tests.worker.tables import FITNESS, small_spec, write_table
from worker.data.table import read_table
from worker.training.memory import (
    READ_BYTES,
    TrainingSize,
    bytes_per_design,
    require_memory,
    rows_to_read,
)
from worker.training.preparation import prepare

MODEL = PerturbationSetSpec()


def spec(model=MODEL, **changes):
    return TrainingSpec(dataset_id="d", labels=(TrainingLabel(name="y"),), model=model, **changes)


def test_the_measured_step_is_foreseen():
    step = 64 * bytes_per_design(MODEL, 25, (3,))
    assert step == pytest.approx(4.5e9, rel=0.1)


@pytest.mark.parametrize("order", [0, 1, 4, 100, 3000])
def test_what_is_read_at_once_fits_or_is_one_design(order):
    rows = rows_to_read(MODEL, order, (0,))
    assert rows == 1 or rows * bytes_per_design(MODEL, order, (0,)) <= READ_BYTES


def test_usual_designs_are_trained_on():
    require_memory(spec(), TrainingSize(1_000_000, 4, (0, 2, 3)))


@pytest.mark.parametrize(
    ("model", "count", "order", "measures"),
    [(MODEL, 100, 3000, (0,)), (MODEL, 100, 60, (3,)), (AdditiveSpec(), 1000, 3000, (0,))],
)
def test_too_wide_designs_are_refused_with_what_to_do(model, count, order, measures):
    with pytest.raises(FailedPreconditionError, match=rf"{order} edits.*widest designs"):
        require_memory(spec(model), TrainingSize(count, order, measures))


def test_smaller_steps_are_a_way_out():
    with pytest.raises(FailedPreconditionError, match="batch_size"):
        require_memory(spec(batch_size=4096), TrainingSize(5000, 100, (0,)))
    require_memory(spec(batch_size=64), TrainingSize(5000, 100, (0,)))


@pytest.mark.parametrize(
    "kind", ["low_rank", "profile_knn", "profile_gp", "gene_kernel", "average"]
)
def test_models_of_pairs_are_refused_by_the_square_of_their_edits(kind):
    model = {"kind": kind} | ({"models": ["forest", "low_rank"]} if kind == "average" else {})
    own = TrainingSpec(dataset_id="d", labels=(TrainingLabel(name="y"),), model=model)
    require_memory(own, TrainingSize(100_000, 2, (0,), paired_edit_count=6_000))
    with pytest.raises(FailedPreconditionError, match=rf"{kind} holds .* 40000 edits .* additive"):
        require_memory(own, TrainingSize(100_000, 2, (0,), paired_edit_count=40_000))
    require_memory(spec(), TrainingSize(100_000, 2, (0,), paired_edit_count=40_000))


def test_edits_are_counted_where_designs_of_two_hold_them(tmp_path):
    designs = ["", "a:deletion", "b:deletion", "a:deletion+b:deletion", "a:deletion+c:deletion"]
    designs.append("d:deletion+e:deletion+f:deletion")
    path = write_table(tmp_path / "t", designs, label__fitness=np.arange(6.0))
    own = small_spec(labels=[{"name": "fitness"}], split={"kind": "none"})
    size = TrainingSize.of(prepare(own, read_table(path), [FITNESS], []))
    assert size == TrainingSize(6, 3, [0], paired_edit_count=3)
