"""Threads of a training."""

import pytest
import torch

from worker.training.devices import threads_for


@pytest.fixture(autouse=True)
def _two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_small_steps_run_on_one_thread_and_large_ones_on_all():
    with threads_for(1000):
        assert torch.get_num_threads() == 1
    with threads_for(10**9):
        assert torch.get_num_threads() == 2


def test_the_threads_are_put_back_after_an_error():
    with pytest.raises(ValueError, match="x"), threads_for(1000):
        raise ValueError("x")
    assert torch.get_num_threads() == 2
