"""What workers measure, from their rows: GPUs are told of once, and what is absent is silent."""

import os
from types import SimpleNamespace

import pytest

from service.contract.jobs import Queue
from service.contract.measurements import GpuFigures, WorkerFigures
from service.contract.repositories import totals, workers
from worker.tasks.figures import driver, gpu_figures, measure

GPU = GpuFigures(id="GPU-1", name="H200", memory_used_bytes=3, memory_size_bytes=8, busy_share=0.25)


class NvmlError(Exception):
    pass


def lost(number):
    if number == 1:
        raise NvmlError("GPU is lost")
    return number


# NVIDIA's library as it answers on a machine of two GPUs, one of which is broken.
DRIVER = SimpleNamespace(
    NVMLError=NvmlError,
    nvmlDeviceGetCount=lambda: 2,
    nvmlDeviceGetHandleByIndex=lost,
    nvmlDeviceGetMemoryInfo=lambda _: SimpleNamespace(used=3, total=8),
    nvmlDeviceGetUtilizationRates=lambda _: SimpleNamespace(gpu=25),
    nvmlDeviceGetUUID=lambda _: "GPU-1",
    nvmlDeviceGetName=lambda _: "H200",
)


def test_a_gpu_that_does_not_answer_is_left_out():
    assert gpu_figures(DRIVER) == (GPU,)


def test_without_a_driver_there_is_no_gpu_and_no_complaint(caplog):
    assert gpu_figures(None) == ()
    if not os.path.exists("/dev/nvidiactl"):  # noqa: PTH110
        assert driver() is None
        assert caplog.records == []


def test_a_worker_measures_itself(tmp_path):
    figures = measure(tmp_path, 2)
    assert figures.memory_bytes > 10 * 2**20
    assert 0 < figures.disk_free_bytes < figures.disk_size_bytes
    assert figures.loaded_models == 2


@pytest.fixture
def beat(context):
    def write(name, **figures):
        with context.database.write() as session:
            told = WorkerFigures(**figures) if figures else None
            workers.beat(session, name, queues=[Queue.TRAIN], host="h", pid=1, figures=told)

    return write


async def test_a_scrape_tells_of_every_worker_and_of_each_gpu_once(beat, scrape):
    beat("w1", memory_bytes=7, gpus=(GPU,))
    beat("w2", memory_bytes=9, gpus=(GPU,))
    beat("w3")  # of an earlier version
    scraped = scrape()
    memory = {
        key[2][1]: v for key, v in scraped.items() if key[0] == "cellgebra_worker_memory_bytes"
    }
    assert memory == {"w1": 7, "w2": 9}
    gpus = {key: value for key, value in scraped.items() if key[0].startswith("cellgebra_gpu_")}
    labels = (("gpu", "GPU-1"), ("name", "H200"))
    assert gpus == {
        ("cellgebra_gpu_memory_used_bytes", *labels): 3,
        ("cellgebra_gpu_memory_size_bytes", *labels): 8,
        ("cellgebra_gpu_busy_share", *labels): 0.25,
    }


async def test_totals_only_grow(context, scrape):
    name = "cellgebra_lease_expiries_total"
    assert scrape()[name, ("kind", "training")] == 0
    for subject in ("training", "training", totals.SHARD):
        with context.database.write() as session:
            totals.count(session, totals.LEASE_EXPIRIES, subject)
    scraped = scrape()
    assert scraped[name, ("kind", "training")] == 2
    assert scraped[name, ("kind", "shard")] == 1
