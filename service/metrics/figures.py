"""What workers have measured, as it stands in the rows of their heartbeats, for a scrape."""

from collections.abc import Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily

from service.contract.measurements import WorkerFigures
from service.contract.repositories.fleet import LiveWorker

# Of a worker: the metric, what it is, and where it stands.
_OF_WORKER = (
    ("cellgebra_worker_memory_bytes", "Memory of a worker and its children", "memory_bytes"),
    ("cellgebra_worker_disk_free_bytes", "Room on the disk of its data folder", "disk_free_bytes"),
    ("cellgebra_worker_disk_size_bytes", "Size of that disk", "disk_size_bytes"),
    ("cellgebra_worker_loaded_models", "Models that it keeps loaded", "loaded_models"),
)
_OF_GPU = (
    ("cellgebra_gpu_memory_used_bytes", "Memory of a GPU in use, by anybody", "memory_used_bytes"),
    ("cellgebra_gpu_memory_size_bytes", "Memory of a GPU", "memory_size_bytes"),
    (
        "cellgebra_gpu_busy_share",
        "Share of the last second that it was at work",
        "busy_share",
    ),
)


def figures_of(workers: Sequence[LiveWorker]) -> Iterator[GaugeMetricFamily]:
    """Everything that they have told of. A GPU that several workers see is told of once."""
    told = [(worker, worker.figures) for worker in workers if worker.figures is not None]
    for name, text, field in _OF_WORKER:
        family = GaugeMetricFamily(name, text, labels=["worker", "host"])
        for worker, figures in told:
            family.add_metric([worker.id, worker.host], getattr(figures, field))
        yield family
    yield from _of_gpus([figures for _, figures in told])


def _of_gpus(told: Sequence[WorkerFigures]) -> Iterator[GaugeMetricFamily]:
    gpus = {gpu.id: gpu for figures in told for gpu in figures.gpus}
    for name, text, field in _OF_GPU:
        family = GaugeMetricFamily(name, text, labels=["gpu", "name"])
        for gpu in gpus.values():
            family.add_metric([gpu.id, gpu.name], getattr(gpu, field))
        yield family
