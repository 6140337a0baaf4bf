"""Cellgebra: train on strain designs, score new ones. The Python client and the version.

Example:
    >>> from cellgebra import Cellgebra
    >>> with Cellgebra("http://127.0.0.1:8000") as service:  # doctest: +SKIP
    ...     service.health().ready
    True
"""

from importlib.metadata import version

from service.client.aio.cellgebra import AsyncCellgebra
from service.client.cellgebra import Cellgebra
from service.contract.datasets import DatasetSpec
from service.contract.errors import CellgebraError
from service.contract.training import TrainingSpec

__all__ = [
    "AsyncCellgebra",
    "Cellgebra",
    "CellgebraError",
    "DatasetSpec",
    "TrainingSpec",
    "__version__",
]

__version__ = version("cellgebra")
