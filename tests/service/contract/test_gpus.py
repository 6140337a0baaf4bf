"""Which GPUs a process may use, and how workers share them."""

import pytest

from service.contract.gpus import shared_out, visible_gpus


@pytest.fixture
def devices(tmp_path):
    """A folder of device files as a driver makes it, with so many GPUs."""

    def devices(count):
        names = [f"nvidia{place}" for place in range(count)]
        for name in (*names, "nvidiactl", "nvidia-uvm", "null"):
            (tmp_path / name).touch()
        return tmp_path

    return devices


@pytest.mark.parametrize(
    ("count", "named", "visible"),
    [
        (0, None, ()),
        (2, None, ("0", "1")),
        (4, "2,3", ("2", "3")),
        (4, " GPU-8f1c , 1", ("GPU-8f1c", "1")),
        (2, "", ()),
        (4, "0,-1,1", ("0",)),
        (0, "0", ()),
        (1, "MIG-1,MIG-2", ("MIG-1", "MIG-2")),
    ],
)
def test_a_gpu_is_visible_that_is_there_and_named(devices, count, named, visible):
    environment = {} if named is None else {"CUDA_VISIBLE_DEVICES": named}
    assert visible_gpus(environment, devices(count)) == visible


@pytest.mark.parametrize(
    ("gpus", "workers", "parts"),
    [
        ("0123", 1, [None]),
        ("0123", 2, [("0", "1"), ("2", "3")]),
        ("012", 2, [("0", "1"), ("2",)]),
        ("0", 2, [None, None]),
        ("", 3, [None, None, None]),
    ],
)
def test_workers_share_gpus_where_they_go_round(gpus, workers, parts):
    assert shared_out(tuple(gpus), workers) == parts
