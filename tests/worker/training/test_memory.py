"""Wide designs: read in parts, and refused before they exhaust the machine."""

import pytest

from service.contract.errors import FailedPreconditionError
from service.contract.latent_models import PerturbationSetSpec
from service.contract.models import AdditiveSpec
from service.contract.training import TrainingLabel, TrainingSpec
from worker.training.memory import READ_BYTES, bytes_per_design, require_memory, rows_to_read

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
    require_memory(spec(), 1_000_000, 4, (0, 2, 3))


@pytest.mark.parametrize(
    ("model", "count", "order", "measures"),
    [(MODEL, 100, 3000, (0,)), (MODEL, 100, 60, (3,)), (AdditiveSpec(), 1000, 3000, (0,))],
)
def test_too_wide_designs_are_refused_with_what_to_do(model, count, order, measures):
    with pytest.raises(FailedPreconditionError, match=rf"{order} edits.*widest designs"):
        require_memory(spec(model), count, order, measures)


def test_smaller_steps_are_a_way_out():
    with pytest.raises(FailedPreconditionError, match="batch_size"):
        require_memory(spec(batch_size=4096), 5000, 100, (0,))
    require_memory(spec(batch_size=64), 5000, 100, (0,))
