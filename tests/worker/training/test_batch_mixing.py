"""Training that mixes batches: what it asks of a data set, and that it is the same each time."""

import numpy as np
import pytest
import torch

from service.contract.datasets import CovariateColumn
from service.contract.errors import InvalidArgumentError
from tests.worker.tables import (
    CYCLE,
    IDENTITY,
    TITER,
    log_titer,
    random_designs,
    small_spec,
    write_table,
)
from worker.data.table import read_table
from worker.training.ensemble import fit_task
from worker.training.members import MemberFit
from worker.training.preparation import prepare
from worker.training.run import train_model

PLATE = CovariateColumn(name="plate", role="batch")


def spec_of(**changes):
    term = {"name": "batch_mixing", **changes.pop("term", {})}
    values = {
        "loss": {"terms": [{"name": "mse"}, term]},
        "split": {"kind": "none"},
        "epochs": 2,
        "ensemble_size": 1,
    }
    return small_spec(**(values | changes))


def table_of(path, rows=60, **columns):
    designs = random_designs(rows)
    return write_table(
        path / "t.parquet", designs, label__titer=np.exp(log_titer(designs)), **columns
    )


def cycles(rows=60, count=3):
    return [str(place % count) for place in range(rows)]


@pytest.mark.parametrize(
    ("covariates", "columns", "lack"),
    [
        ([], {"covariate__cycle": cycles()}, "no covariate of the role batch"),
        ([CYCLE], {}, "no covariate of the role batch"),
        (
            [CovariateColumn(name="cycle", role="batch", known_at="after_build")],
            {"covariate__cycle": cycles()},
            "no covariate of the role batch",
        ),
        ([CYCLE], {"covariate__cycle": cycles(count=1)}, "one batch"),
        ([CYCLE], {"covariate__cycle": ["0"] * 30 + [None] * 30}, "one batch"),
    ],
)
def test_a_data_set_without_batches_is_refused_with_what_to_do(tmp_path, covariates, columns, lack):
    path = table_of(tmp_path, **columns)
    with pytest.raises(InvalidArgumentError, match=f"it has {lack}: name the batches") as caught:
        train_model(spec_of(), path, [TITER], covariates, identity=IDENTITY)
    assert caught.value.offenders[0].field == "loss.terms"
    train_model(spec_of(term={"weight": 0}), path, [TITER], covariates, identity=IDENTITY)


def test_batches_that_are_all_in_the_test_part_do_not_count(tmp_path):
    path = table_of(tmp_path, covariate__cycle=cycles())
    split = {"kind": "covariate", "covariate": "cycle", "test": ["1", "2"]}
    with pytest.raises(InvalidArgumentError, match="one batch"):
        train_model(spec_of(split=split), path, [TITER], [CYCLE], identity=IDENTITY)


@pytest.mark.slow
def test_several_covariates_some_missing_and_large_batches_train_to_the_same_bytes(tmp_path):
    rows = 400  # beyond what PyTorch computes by itself
    plates = [str(place % 7) if place % 5 else None for place in range(rows)]
    path = table_of(tmp_path, rows, covariate__cycle=cycles(rows), covariate__plate=plates)
    spec = spec_of(batch_size=400)
    first, second = (
        train_model(spec, path, [TITER], [CYCLE, PLATE], identity=IDENTITY) for _ in range(2)
    )
    assert first.weights == second.weights


def test_it_mixes_what_the_batches_told_apart(tmp_path):
    places = np.arange(64)
    designs = [f"g{place % 8}:knockdown" for place in places]
    path = write_table(
        tmp_path / "t.parquet",
        designs,
        label__titer=np.exp(4 + places % 4 / 8),  # alike in both cycles
        covariate__cycle=[str(place % 8 // 4) for place in places],  # each has designs of its own
        build=[str(place) for place in places],
    )
    ends = []
    for weight in (1e-9, 1.0):
        term = {"weight": weight, "n_neighbors": 30}
        optimizer = {"learning_rate": 0.05}
        spec = spec_of(term=term, epochs=60, patience_epochs=60, batch_size=64, optimizer=optimizer)
        data = prepare(spec, read_table(path), [TITER], [CYCLE])
        fit = MemberFit(fit_task(data, spec, spec.model, torch.device("cpu")), 0)
        with torch.no_grad():
            fit.net.shift_ED[1:5] -= 0.5
            fit.net.shift_ED[5:] += 0.5
        while not fit.is_done:
            fit.run_epoch(lambda: False)
            terms, _ = fit.finish_epoch()
        ends.append(terms["batch_mixing"])
    assert ends[1] < -0.97 < -0.9 < ends[0]
