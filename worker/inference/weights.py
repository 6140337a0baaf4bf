"""Weights as they were stored, or none: checked once, and mapped where they lie in a file."""

import hashlib
from pathlib import Path

from safetensors.torch import load, load_file
from torch import Tensor

from service.contract.errors import BrokenArtifactError


def read_weights(weights: Path | bytes, sha256: str) -> dict[str, Tensor]:
    """The tensors. Those of a file share its pages with every process that maps it.

    Raises:
        BrokenArtifactError: the content has another hash.
    """
    if _sha256(weights) != sha256:
        raise BrokenArtifactError("the weights are not those of the manifest (sha256)")
    return load_file(weights) if isinstance(weights, Path) else load(weights)


def _sha256(weights: Path | bytes) -> str:
    if isinstance(weights, bytes):
        return hashlib.sha256(weights).hexdigest()
    with weights.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
