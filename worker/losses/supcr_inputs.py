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


def check_part(in_B: Tensor | None, z_BD: Tensor) -> None:
    """Refuse a mask that does not say of each row whether it takes part.

    Raises:
        ValueError: says its shape and type.
    """
    if in_B is not None and (in_B.shape != z_BD.shape[:1] or in_B.dtype != torch.bool):
        raise ValueError(
            f"which rows take part has to be bool, [B] = ({len(z_BD)},); it is {in_B.dtype}, "
            f"{tuple(in_B.shape)}"
        )


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


def labelled_rows(
    z_VBD: Sequence[Tensor], labels_VBY: Sequence[Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    """Latents in at least float32 and labels, without the rows that no view has a label of.

    A row that some views have a label of is blanked in the others. On a GPU, which would have to
    wait until they are counted, rows without any label are blanked, too.

    Raises:
        ValueError: infinite labels, on the CPU.
    """
    z_VBD = [_wide(z_BD) for z_BD in z_VBD]
    labels_VBY = [
        labels_BY.detach().to(z_BD.device)
        for z_BD, labels_BY in zip(z_VBD, labels_VBY, strict=True)
    ]
    keep_VB = [~torch.isnan(labels_BY).all(dim=1) for labels_BY in labels_VBY]
    if z_VBD[0].device.type == "cpu":
        if any(torch.isinf(labels_BY).any() for labels_BY in labels_VBY):
            raise ValueError("labels must be finite, or NaN where missing")
        any_B = torch.stack(keep_VB).any(dim=0)
        if not any_B.all():
            z_VBD = [z_BD[any_B] for z_BD in z_VBD]
            labels_VBY = [labels_BY[any_B] for labels_BY in labels_VBY]
            keep_VB = [keep_B[any_B] for keep_B in keep_VB]
        if all(keep_B.all() for keep_B in keep_VB):
            return z_VBD, labels_VBY
    return [
        torch.where(keep_B[:, None], z_BD, torch.zeros_like(z_BD))
        for z_BD, keep_B in zip(z_VBD, keep_VB, strict=True)
    ], labels_VBY


def _wide(z_BD: Tensor) -> Tensor:
    return z_BD.float() if z_BD.dtype in (torch.float16, torch.bfloat16) else z_BD
