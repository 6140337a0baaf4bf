"""The processes of a group, which train one model together. Alone, all of this does nothing.

Every process reads its share of each batch. What it reads is gathered, so that each computes the
loss of the whole batch; the mean of the gradients is then that of one process on that batch.
Gradients are averaged by one message after the backward pass. `DistributedDataParallel` would
not do: penalties read weights outside of its forward pass, and PCGrad projects whole gradients.

Law: how many processes there are changes nothing but the order of sums.
"""

from collections.abc import Iterable
from itertools import accumulate, pairwise

import torch
import torch.distributed as dist
from torch import Tensor, nn

from worker.losses.gather import average, gather_rows, group_size, share_of
from worker.models.encoding import DesignBatch
from worker.models.latent_network import LatentNetwork, Readings


def read_shared(
    net: LatentNetwork,
    designs: DesignBatch,
    dropout: torch.Generator | None = None,
    gate_D: Tensor | None = None,
) -> Readings:
    """Readings of all designs, of which this process computes its share; never in half precision.

    What losses compare are differences of nearly equal numbers.
    """
    total = len(designs.edit_BP)
    if total < group_size() or group_size() == 1:  # too few to share: all compute all of them
        alone: Readings = net(designs, dropout, gate_D)
        return Readings(*(_whole(one) for one in alone))
    mine = share_of(total)
    shared = DesignBatch(designs.edit_BP[mine], designs.effect_BP[mine])
    part: Readings = net(shared, dropout, gate_D, of=(mine, total))
    batch = tuple(map(_whole, (part.compose_BY, part.intact_BY, part.z_P_BD, part.z_I_BD)))
    joined = gather_rows(torch.cat(batch, dim=1), total)
    ends = list(accumulate((one.shape[1] for one in batch), initial=0))
    # Not `split`: of its parts, each would look as if it were computed from the others.
    compose_BY, intact_BY, z_P_BD, z_I_BD = (joined[:, i:j] for i, j in pairwise(ends))
    return Readings(compose_BY, intact_BY, part.z_W_D, z_P_BD, z_I_BD)


def _whole(value: Tensor) -> Tensor:
    return value.float() if value.dtype is torch.bfloat16 else value


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Give every process the mean gradient; which parameters have one is the same in all."""
    average([p.grad for p in parameters if p.grad is not None])


def start_alike(module: nn.Module) -> None:
    """Give every process the weights of the first."""
    if group_size() > 1:
        for parameter in module.parameters():
            dist.broadcast(parameter.detach(), src=0)


def agreed(value: float) -> float:
    """What the first process says, in all of them."""
    if group_size() == 1:
        return value
    said = torch.tensor([value], dtype=torch.float64)
    dist.broadcast(said, src=0)
    return float(said)


def leave_group() -> bool:
    """End the group; whether this process is the first, which goes on alone."""
    is_first = group_size() == 1 or dist.get_rank() == 0
    if group_size() > 1:
        dist.destroy_process_group()
    return is_first
