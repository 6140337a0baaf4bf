"""What was done is not done again, unless what it depends on has changed."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.proofs.steps import Figures, Steps


def test_a_second_run_does_nothing_again(tmp_path: Path) -> None:
    done: list[int] = []

    def work() -> Figures:
        done.append(1)
        return {"value": len(done)}

    for _ in range(2):
        said: list[str] = []
        steps = Steps(tmp_path, "part", 2, said.append)
        assert steps.figures("a step", {"seed": 0}, work) == {"value": 1}
    assert said == ["part 1/2: a step, kept"]
    assert Steps(tmp_path, "part", 1).figures("a step", {"seed": 1}, work) == {"value": 2}


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    value = np.array([0.1, np.nan])
    for _ in range(2):
        found = Steps(tmp_path, "part", 1).arrays("read", {}, lambda: {"value": value})
        assert np.array_equal(found["value"], value, equal_nan=True)


def test_what_failed_is_not_kept(tmp_path: Path) -> None:
    def fails() -> Figures:
        raise RuntimeError("no")

    steps = Steps(tmp_path, "part", 1)
    with pytest.raises(RuntimeError):
        steps.figures("a step", {}, fails)
    assert steps.figures("a step", {}, lambda: {"value": 3}) == {"value": 3}
