"""Measures this worker and its machine for the row of its heartbeat."""

import logging
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from service.contract.measurements import GpuFigures, WorkerFigures

logger = logging.getLogger(__name__)


def measure(data_dir: Path, loaded_models: int) -> WorkerFigures:
    """Everything, in a few milliseconds."""
    places = (data_dir, *data_dir.absolute().parents)  # it is made with the first file
    disk = shutil.disk_usage(next(place for place in places if place.exists()))
    return WorkerFigures(
        memory_bytes=_memory_bytes(),
        disk_free_bytes=disk.free,
        disk_size_bytes=disk.total,
        loaded_models=loaded_models,
        gpus=gpu_figures(driver()),
    )


@cache
def driver() -> Any:  # noqa: ANN401 - the library has no types
    """NVIDIA's management library, ready to be asked; None without it or its driver."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception as error:  # noqa: BLE001 - of a library that may be there in part
        logger.debug("no GPU is measured: %s", error)
        return None
    return pynvml


def gpu_figures(nvml: Any) -> tuple[GpuFigures, ...]:  # noqa: ANN401
    """The GPUs that a driver tells of; one that does not answer is left out."""
    if nvml is None:
        return ()
    found = []
    for number in range(nvml.nvmlDeviceGetCount()):
        try:
            found.append(_gpu(nvml, nvml.nvmlDeviceGetHandleByIndex(number)))
        except nvml.NVMLError as error:
            logger.debug("GPU %d does not answer: %s", number, error)
    return tuple(found)


def _gpu(nvml: Any, handle: Any) -> GpuFigures:  # noqa: ANN401
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    try:
        busy = nvml.nvmlDeviceGetUtilizationRates(handle).gpu
    except nvml.NVMLError:  # a GPU that is cut into parts has no one figure
        busy = 0
    return GpuFigures(
        id=nvml.nvmlDeviceGetUUID(handle),
        name=nvml.nvmlDeviceGetName(handle),
        memory_used_bytes=memory.used,
        memory_size_bytes=memory.total,
        busy_share=busy / 100,
    )


def _memory_bytes() -> int:
    own = psutil.Process()
    total = 0
    for process in (own, *own.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.Error:  # it has just ended
            continue
    return total
