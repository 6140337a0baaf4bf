"""What networks with a latent space share: shifts, one head read at two states, differences."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from worker.latent.algebra import compose, total_shift
from worker.latent.differences import lower_subsets, subset_factors
from worker.models.encoding import DesignBatch
from worker.models.gene_features import FeatureShifts
from worker.models.head_inputs import HeadInputs
from worker.models.heads import ActivationKind, Head, HeadKind

_SHIFT_START = 0.1
_REFERENCE_START = 0.5
_DESIGNS_AT_ONCE = 2048
_MOST_INPUTS = 1 << 22  # of all edits: 32 megabytes a table


class LatentSpec(Protocol):
    """Sizes and head of a network with a latent space."""

    @property
    def latent_dim(self) -> int:
        """Dimensions of every state."""

    @property
    def head(self) -> HeadKind:
        """What reads the labels from a state."""

    @property
    def hidden_dim(self) -> int:
        """Width of the hidden layers of an mlp head."""

    @property
    def hidden_layers(self) -> int:
        """How many there are."""

    @property
    def activation(self) -> ActivationKind:
        """What their units apply."""

    @property
    def dropout(self) -> float:
        """Share of the last of them that is dropped in training."""


class FixedStates(Protocol):
    """States of designs from tables of edits, of a network that is no longer trained."""

    def __call__(self, batch: DesignBatch) -> Tensor:
        """Of z_P and of z_I - z_W, a linear map of each [2, B, X]; [1, B, X] if they are equal."""

    def mapped(self, map_XF: Tensor, start_F: Tensor) -> "FixedStates":
        """A further map of them: x -> x `map_XF` + `start_F`."""


class Readings(NamedTuple):
    """Both readings of the head, and the latents they were read at."""

    compose_BY: Tensor
    intact_BY: Tensor
    z_W_D: Tensor
    z_P_BD: Tensor
    z_I_BD: Tensor


class LatentNetwork(nn.Module, ABC):
    """A reference state, a shift of each edit, and a head that reads two states of a design.

    Laws: the empty design is the reference in both readings; the order of edits changes nothing;
    an edit without effect is none; mixed differences vanish below their order.

    Args:
        spec: sizes and head.
        edit_count: number of edits the model has a shift for.
        measure_orders: per label, 0 for a label that is read directly, else the order of its
            mixed difference (2 for epsilon and S-scores, 3 for tau).
        generator: all of the random start comes from it.
        feature_EF: features of the edits; with them a shift is projected features plus a learned
            part that starts at 0.
    """

    head: Head

    def __init__(
        self,
        spec: LatentSpec,
        *,
        edit_count: int,
        measure_orders: Sequence[int],
        generator: torch.Generator,
        feature_EF: Tensor | None = None,
    ) -> None:
        super().__init__()
        dim = spec.latent_dim
        self.dropout = spec.dropout
        self.measure_orders = tuple(measure_orders)
        self.reference_D = nn.Parameter(torch.empty(dim))
        nn.init.normal_(self.reference_D, std=_REFERENCE_START, generator=generator)
        self.shift_ED = nn.Parameter(torch.zeros(edit_count + 1, dim))  # row 0 pads
        self.genes: FeatureShifts | None = None
        self.fixed: FixedStates | None = None
        self._inputs: tuple[HeadInputs, FixedStates] | None = None
        if feature_EF is None:
            nn.init.normal_(self.shift_ED, std=_SHIFT_START, generator=generator)
        else:
            self.genes = FeatureShifts(feature_EF, dim, generator)

    def _new_head(
        self, spec: LatentSpec, generator: torch.Generator, *, saturates: bool = False
    ) -> Head:
        return Head(
            spec.head,
            spec.latent_dim,
            len(self.measure_orders),
            hidden_dim=spec.hidden_dim,
            hidden_layers=spec.hidden_layers,
            generator=generator,
            activation=spec.activation,
            saturates=saturates,
        )

    @abstractmethod
    def states(self, batch: DesignBatch, tables: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """z_P and z_I of each design, [B, D] both, from the `tables` of this step."""

    @property
    @abstractmethod
    def is_additive(self) -> bool:
        """Whether z_I is z_W + z_P still, as at the start."""

    def fix(self) -> None:
        """Get ready for many designs in float64 on the CPU; no weight changes any more."""

    @torch.no_grad()
    def fix_states(self, fixed: FixedStates) -> None:
        """Take states, and what the head reads of them, from these tables from now on."""
        self.fixed = fixed
        inputs = HeadInputs.of(self.head)
        if inputs is not None and len(self.shift_ED) * len(inputs.start_F) <= _MOST_INPUTS:
            start_F = self.reference_D @ inputs.map_DF + inputs.start_F
            self._inputs = inputs, fixed.mapped(inputs.map_DF, start_F)

    def fixed_states(self, batch: DesignBatch, fixed: FixedStates) -> tuple[Tensor, Tensor]:
        """As `states`, from tables."""
        moved_RBD = fixed(batch)
        return moved_RBD[0], compose(self.reference_D, moved_RBD[-1])

    def align_encoders(self) -> None:
        """Start with z_I = z_W + z_P, after the shifts have been set."""

    def tables(self, generator: torch.Generator | None = None) -> tuple[Tensor, ...]:
        """What is known of edits, the shifts first; with a generator as in training."""
        return (self.shifts(generator),)

    def shifts(self, generator: torch.Generator | None = None) -> Tensor:
        """Shift of each edit; with a generator learned parts are dropped (training)."""
        if self.genes is None:
            return self.shift_ED
        shift_ED: Tensor = self.genes(self.shift_ED, generator)
        return shift_ED

    @torch.no_grad()
    def with_all_shifts(self, further_EF: Tensor) -> dict[str, Tensor]:
        """Weights of the same network without features: every shift is in the table of shifts.

        Args:
            further_EF: features of edits without data, which stand after those with data.
        """
        weights = {k: v for k, v in self.state_dict().items() if not k.startswith("genes.")}
        if self.genes is not None:
            shifts = [self.shifts(), self.genes.project(further_EF)]
            weights["shift_ED"] = torch.cat(shifts)
        return weights

    def weights_with(self, gate_D: Tensor | None) -> dict[str, Tensor]:
        """A copy of all weights; gates before the head are multiplied into what reads a state."""
        weights = {name: value.clone() for name, value in self.state_dict().items()}
        if gate_D is not None:
            gate_D = gate_D.detach()
            for name in ("head.linear.weight", "head.hidden.0.weight", "head.saturation.size_D"):
                if name in weights:
                    weights[name] *= gate_D
            if "head.quadratic_YDD" in weights:
                weights["head.quadratic_YDD"] *= gate_D[:, None] * gate_D
        return weights

    def forward(
        self,
        batch: DesignBatch,
        generator: torch.Generator | None = None,
        gate_D: Tensor | None = None,
        *,
        of: tuple[slice, int] | None = None,
    ) -> Readings:
        """Read designs; with a generator dropout is on (training).

        Gates stand between every state and the head; the states that are returned are before them.
        `of` says which part of how many designs these are: dropout is drawn for all of them.
        """
        keep_BH = None
        if generator is not None:
            part, rows = (slice(None), len(batch.edit_BP)) if of is None else of
            keep_BH = self.head.dropout_mask(rows, self.dropout, generator)
            keep_BH = None if keep_BH is None else keep_BH[part]
        tables = self.tables(generator)
        z_P_BD, z_I_BD = self.states(batch, tables)
        compose_BY = self.head(compose(self.reference_D, z_P_BD), keep_BH, gate_D)
        intact_BY = self.head(z_I_BD, keep_BH, gate_D)
        for order in sorted({order for order in self.measure_orders if order}):
            lower_RBY = self._lower_orders(batch, tables, order, keep_BH, gate_D)
            column_Y = torch.tensor([m == order for m in self.measure_orders])
            column_Y = column_Y.to(compose_BY.device)
            deep_B = (batch.edit_BP > 0).sum(dim=1) >= order
            compose_BY, intact_BY = (
                torch.where(column_Y, torch.where(deep_B[:, None], y + lower, 0.0), y)
                for y, lower in zip((compose_BY, intact_BY), lower_RBY, strict=True)
            )
        return Readings(compose_BY, intact_BY, self.reference_D, z_P_BD, z_I_BD)

    def _lower_orders(
        self,
        batch: DesignBatch,
        tables: tuple[Tensor, ...],
        order: int,
        keep_BH: Tensor | None,
        gate_D: Tensor | None,
    ) -> Tensor:
        """The lower subsets' share in mixed differences, for both readings: [2, B, Y]."""
        rows = len(batch.edit_BP)
        subsets, factor_SB = _subsets(batch, order)
        count = len(factor_SB)
        z_P_ND, z_I_ND = self.states(subsets, tables)
        both_RND = torch.stack([compose(self.reference_D, z_P_ND), z_I_ND])
        keep = None if keep_BH is None else keep_BH.repeat(count, 1)
        y_RNY = self.head(both_RND, keep, gate_D)
        y_RSBY = y_RNY.reshape(2, count, rows, y_RNY.shape[-1])  # there may be no rows
        lower_RBY: Tensor = (factor_SB[None, :, :, None] * y_RSBY).sum(dim=1)
        return lower_RBY

    def read(self, batch: DesignBatch) -> Tensor:
        """y_compose and y_intact [2, B, Y] as `forward` reads them, without their states."""
        return self._with_differences(batch, self._read_both)

    def composed(self, batch: DesignBatch) -> Tensor:
        """y_compose alone [B, Y], as `forward` reads it; nothing is computed of intact strains."""
        return self._with_differences(batch, self._read_composed)

    def _with_differences(
        self, batch: DesignBatch, read: Callable[[DesignBatch], Tensor]
    ) -> Tensor:
        """What `read` gives [..., B, Y], or its mixed differences, as each label is measured."""
        y_BY = read(batch)
        deep_B = (batch.edit_BP > 0).sum(dim=1)
        for order in sorted({order for order in self.measure_orders if order}):
            subsets, factor_SB = _subsets(batch, order)
            read_NY = read(subsets)
            lower_SBY = read_NY.reshape(*read_NY.shape[:-2], *factor_SB.shape, y_BY.shape[-1])
            difference_BY = y_BY + (factor_SB[:, :, None] * lower_SBY).sum(dim=-3)
            column_Y = torch.tensor([m == order for m in self.measure_orders], device=y_BY.device)
            is_deep_B1 = (deep_B >= order)[:, None]
            y_BY = torch.where(column_Y, torch.where(is_deep_B1, difference_BY, 0.0), y_BY)
        return y_BY

    def _read_both(self, batch: DesignBatch) -> Tensor:
        if self._inputs is None:
            z_P_BD, z_I_BD = self.states(batch, self.tables())
            both_RBY: Tensor = self.head(torch.stack([compose(self.reference_D, z_P_BD), z_I_BD]))
            return both_RBY
        inputs, fixed = self._inputs
        # What is made of few designs at a time stays in the cache.
        parts = zip(*(torch.split(column, _DESIGNS_AT_ONCE) for column in batch), strict=True)
        read = [inputs.read(fixed(DesignBatch(*part))) for part in parts]
        return torch.cat(read, dim=1).expand(2, -1, -1)

    def _read_composed(self, batch: DesignBatch) -> Tensor:
        z_P_BD = total_shift(self.shifts()[batch.edit_BP], batch.effect_BP)
        y_BY: Tensor = self.head(compose(self.reference_D, z_P_BD))
        return y_BY


def _subsets(batch: DesignBatch, order: int) -> tuple[DesignBatch, Tensor]:
    """Subsets of fewer than `order` edits [S * B, P], and their factors [S, B]."""
    rows, width = batch.edit_BP.shape
    edited_BP = batch.edit_BP > 0
    subset_SP = lower_subsets(width, order).to(edited_BP.device)
    factor_SB = subset_factors(edited_BP, subset_SP, order).to(batch.effect_BP.dtype)
    count = len(subset_SP)
    inside_SBP = subset_SP[:, None, :] & edited_BP
    subsets = DesignBatch(
        (batch.edit_BP * inside_SBP).reshape(count * rows, width),
        (batch.effect_BP * inside_SBP).reshape(count * rows, width),
    )
    return subsets, factor_SB
