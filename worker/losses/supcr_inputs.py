"""What SupCR refuses, and which rows it reads."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def check_batch(z_BD: Tensor, labels_BY: Tensor) -> None:
    """Refuse latents and labels that do not go together.

    Raises:
        ValueError: says which shapes or types.
    """
    if z_BD.ndim != 2 or labels_BY.ndim != 2 or len(z_BD) != len(labels_BY):
        raise ValueError(
            f"latents [B, D] and labels [B, Y] do not go together: shapes "
            f"{tuple(z_BD.shape)} and {tuple(labels_BY.shape)}"
        )
    if z_BD.shape[1] == 0:
        raise ValueError("latents need at least one dimension")
    if not z_BD.is_floating_point():
        raise ValueError(f"latents must be float, not {z_BD.dtype}")
    if labels_BY.is_complex():
        raise ValueError("labels must be real")


def check_temperature(temperature: float) -> None:
    """Refuse a temperature that divides badly.

    Raises:
        ValueError: not above 0, or not finite.
    """
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature must be above 0 and finite, not {temperature}")


def check_choice(name: str, value: str, known: Sequence[str]) -> None:
    """Refuse a setting that is not known.

    Raises:
        ValueError: names those that are.
    """
    if value not in known:
        raise ValueError(f"{name} {value!r} is none of {', '.join(known)}")


def labelled_rows(z_BD: Tensor, labels_BY: Tensor) -> tuple[Tensor, Tensor]:
    """Latents in at least float32 and labels, without the rows that have no label.

    On a GPU, which would have to wait until they are counted, such rows are blanked instead.

    Raises:
        ValueError: infinite labels, on the CPU.
    """
    if z_BD.dtype in (torch.float16, torch.bfloat16):
        z_BD = z_BD.float()
    labels_BY = labels_BY.detach().to(z_BD.device)
    keep_B = ~torch.isnan(labels_BY).all(dim=1)
    if z_BD.device.type != "cpu":
        return torch.where(keep_B[:, None], z_BD, torch.zeros_like(z_BD)), labels_BY
    if torch.isinf(labels_BY).any():
        raise ValueError("labels must be finite, or NaN where missing")
    return (z_BD, labels_BY) if keep_B.all() else (z_BD[keep_B], labels_BY[keep_B])
