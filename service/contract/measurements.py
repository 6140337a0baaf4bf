"""What a worker measures of its machine, as it stands in the row of its heartbeat."""

from pydantic import BaseModel, ConfigDict


class GpuFigures(BaseModel):
    """A GPU: `id` is the driver's, the same in every container that sees it."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    memory_used_bytes: int
    memory_size_bytes: int
    busy_share: float


class WorkerFigures(BaseModel):
    """A worker's memory (its own and its children's), and the machine it runs on."""

    model_config = ConfigDict(frozen=True)

    memory_bytes: int = 0
    disk_free_bytes: int = 0
    disk_size_bytes: int = 0
    loaded_models: int = 0
    gpus: tuple[GpuFigures, ...] = ()
