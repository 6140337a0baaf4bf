"""What is held out leaves no trace in a model, whichever way it is held out."""

import numpy as np
import pytest

from service.contract.errors import InvalidArgumentError
from tests.worker.tables import CYCLE, log_titer, random_designs, small_spec, write_table
from worker.data.table import read_table
from worker.training.partition import partition

SPLITS = [
    {"kind": "random", "folds": 4, "fold": 1},
    {"kind": "group", "test_fraction": 0.3},
    {"kind": "gene", "test": ["g0"], "keep_singles": True},
    {"kind": "query_pair", "test_fraction": 0.3},
    {"kind": "order", "max_train_order": 2},
    {"kind": "covariate", "covariate": "cycle", "folds": 3, "fold": 2},
    {"kind": "forward", "covariate": "cycle"},
]


@pytest.mark.parametrize(
    "split",
    [*SPLITS[:2], *(pytest.param(split, marks=pytest.mark.slow) for split in SPLITS[2:])],
    ids=lambda split: split["kind"],
)
def test_other_test_labels_give_the_same_weights(tmp_path, train, split):
    """Transforms, standards, offsets of batches and neutral models come from training alone."""
    assert CYCLE.role == "batch"
    designs = random_designs(120)
    titer = np.exp(log_titer(designs))
    cycles = {"covariate__cycle": [str(i % 3) for i in range(120)]}
    spec = small_spec(model={"kind": "additive"}, split=split)
    path = write_table(tmp_path / "a", designs, label__titer=titer, **cycles)
    parts = partition(read_table(path), spec.split)
    changed = np.where(parts.train_N, titer, 1000.0 + titer**2)
    other = write_table(tmp_path / "b", designs, label__titer=changed, **cycles)
    first, second = train(spec, path=path), train(spec, path=other)
    assert first.weights == second.weights
    assert first.manifest.labels == second.manifest.labels
    assert first.manifest.report["labels"][0]["test_design_count"] > 0
    assert first.manifest.report != second.manifest.report


def test_a_gene_that_no_model_can_encode_is_refused_with_what_to_do(train):
    spec = small_spec(model={"kind": "additive"}, split={"kind": "gene", "test": ["g0"]})
    with pytest.raises(InvalidArgumentError, match="set keep_singles of a split by gene") as caught:
        train(spec)
    assert caught.value.offenders[0].field == "split"
