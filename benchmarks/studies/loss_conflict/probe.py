"""A look at a member between two epochs: what pulls where. It draws nothing and changes nothing.

All terms are looked at in every arm, whether they are trained on or not: conflicts that training
on the terms has brought about can so be told from those that are there without it.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from benchmarks.studies.loss_conflict.arms import Arm
from service.contract.losses import CompositionTerm, LossSpec, MseTerm
from worker.latent.algebra import compose
from worker.losses.composite import LossInputs, term_values
from worker.losses.composition import composition_residual
from worker.losses.conflict import conflict_of, term_gradients
from worker.models.latent_network import Readings
from worker.training.fit_task import FitTask
from worker.training.members import MemberFit
from worker.training.seeds import generator

MOST_ROWS = 128


@dataclass(frozen=True)
class Probe:
    """Rows that are looked at, and the arm, whose forms of SupCR and split count."""

    task: FitTask
    rows: Tensor
    arm: Arm


def probe_of(task: FitTask, member: int, arm: Arm) -> Probe:
    """At most 128 of a member's training observations, designs without edits left out."""
    edited_K = (task.designs.edit_BP > 0).any(dim=1)
    rows = torch.nonzero(task.trained_MN[member] & edited_K[task.design_N]).flatten()
    source = generator(torch.device("cpu"), task.spec.seed, member, "probe")
    drawn = torch.randperm(len(rows), generator=source)[:MOST_ROWS]
    return Probe(task, rows[drawn], arm)


def off_share(gradient_P_BD: Tensor, gradient_I_BD: Tensor) -> Tensor:
    """Share of a gradient's square that leads out of z_I = z_W + z_P.

    What moves z_P and z_I alike keeps the composition; the rest, half the difference on either
    side, breaks it. 0: none does; 1/2: as in a random direction; 1: all does; NaN without any.
    """
    across = (gradient_I_BD - gradient_P_BD).square().sum() / 2
    return across / (gradient_P_BD.square().sum() + gradient_I_BD.square().sum())


def _leaves(fit: MemberFit, probe: Probe) -> Readings:
    """Readings at latents that are leaves, so that what reaches z_I does not count in z_P."""
    with torch.no_grad():
        read = fit.net(probe.task.designs.rows(probe.task.design_N[probe.rows]))
    z_W_D = read.z_W_D.detach()
    z_P_BD, z_I_BD = (z.detach().clone().requires_grad_() for z in (read.z_P_BD, read.z_I_BD))
    compose_BY, intact_BY = fit.net.head(compose(z_W_D, z_P_BD)), fit.net.head(z_I_BD)
    return Readings(compose_BY, intact_BY, z_W_D, z_P_BD, z_I_BD)


def _inputs(read: Readings, probe: Probe) -> LossInputs:
    return LossInputs(
        compose_BY=read.compose_BY,
        intact_BY=read.intact_BY,
        labels_BY=probe.task.label_NY[probe.rows],
        z_W_D=read.z_W_D,
        z_P_BD=read.z_P_BD,
        z_I_BD=read.z_I_BD,
        edited_B=torch.ones(len(probe.rows), dtype=torch.bool),
    )


def all_terms(fit: MemberFit, read: Readings, probe: Probe) -> dict[str, Tensor]:
    """Every term by name, unweighted, with its graph; SupCR by its form."""
    inputs, values = _inputs(read, probe), dict[str, Tensor]()
    for form in probe.arm.looked_at:
        terms = (MseTerm(), CompositionTerm(), form.term())
        spec = LossSpec(terms=terms, latent_split=probe.arm.latent_split)
        found = term_values(spec, inputs, fit.loss.context)
        values |= {str(form) if k == "supcr" else k: v for k, v in found.items()}
    return values


def _pairs(place: str, names: tuple[str, ...], cosine_TT: Tensor) -> dict[str, float]:
    cosines = cosine_TT.tolist()
    return {
        f"{place} cosine {first}/{second}": cosines[i][j]
        for i, first in enumerate(names)
        for j, second in enumerate(names)
        if i < j
    }


def _at_latents(fit: MemberFit, probe: Probe) -> dict[str, float]:
    read = _leaves(fit, probe)
    values = all_terms(fit, read, probe)
    gradient_TP = term_gradients(values, [read.z_P_BD, read.z_I_BD])
    norm_T, cosine_TT = conflict_of(gradient_TP)
    names = tuple(values)
    found = _pairs("latent", names, cosine_TT)
    found |= {f"latent norm {k}": v for k, v in zip(names, norm_T.tolist(), strict=True)}
    for row, name in enumerate(names):
        if name not in {"mse", "composition"}:
            g_P_BD, g_I_BD = gradient_TP[row].reshape(2, *read.z_P_BD.shape)
            found[f"off share {name}"] = float(off_share(g_P_BD, g_I_BD))
            of_intact = g_I_BD.square().sum() / (g_P_BD.square().sum() + g_I_BD.square().sum())
            found[f"intact share {name}"] = float(of_intact)
    return found | {f"value {name}": float(value.detach()) for name, value in values.items()}


def _at_parameters(fit: MemberFit, probe: Probe) -> dict[str, float]:
    read = fit.net(probe.task.designs.rows(probe.task.design_N[probe.rows]))
    values = all_terms(fit, read, probe)
    named = dict(fit.net.named_parameters())
    gradient_TP = term_gradients(values, list(named.values()))
    norm_T, cosine_TT = conflict_of(gradient_TP)
    found = _pairs("parameter", tuple(values), cosine_TT)
    sizes = [parameter.numel() for parameter in named.values()]
    by_parameter = torch.split(gradient_TP.square(), sizes, dim=1)
    kept = [part.sum(dim=1) for name, part in zip(named, by_parameter, strict=True) if _adds(name)]
    share_T = torch.stack(kept).sum(dim=0) / norm_T.square()
    for name, norm, share in zip(values, norm_T.tolist(), share_T.tolist(), strict=True):
        found |= {f"parameter norm {name}": norm, f"added share {name}": share}
    return found


def _adds(parameter: str) -> bool:
    """Whether it makes what z_I has beyond z_W + z_P."""
    return parameter.startswith(("attention.", "interaction."))


@torch.no_grad()
def _over_the_whole(fit: MemberFit, probe: Probe) -> dict[str, float]:
    """Over all dimensions, whatever the arm's split."""
    read = fit.net(probe.task.designs.rows(probe.task.design_N[probe.rows]))
    residual_B = composition_residual(read.z_W_D, read.z_P_BD, read.z_I_BD)
    length_B = read.z_P_BD.norm(dim=1)
    values = all_terms(fit, read, replace(probe, arm=replace(probe.arm, is_split=False)))
    return {
        "residual": float(residual_B.mean()),
        "shift length": float(length_B.mean()),
        "offset": float(read.z_W_D.norm() / length_B.mean()),
        **{f"whole {name}": float(value) for name, value in values.items()},
    }


def look(fit: MemberFit, probe: Probe) -> dict[str, float]:
    """All that is measured of a member as it stands; what is not defined is NaN."""
    return {**_at_latents(fit, probe), **_at_parameters(fit, probe), **_over_the_whole(fit, probe)}
