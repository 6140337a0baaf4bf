"""What the terms of a composite read: of a batch, of a training, and of the model itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from torch import Tensor

from worker.losses.pseudo_labels import InverseCdf
from worker.losses.regression import LabelDetails

_SHAPED = ("compose_BY", "intact_BY", "labels_BY", "z_W_D", "z_P_BD", "z_I_BD", "edited_B")


@dataclass(frozen=True)
class ModelWeights:
    """Parameters that penalties read, whatever the batch.

    `shift_ED` has a row for each edit. `head_paths` are the ways through the head: chains of
    weights [I, O], the first with D inputs and the last with Y outputs. `log_alpha_D` is of the
    gates before the head.
    """

    shift_ED: Tensor
    head_paths: Sequence[Sequence[Tensor]] = ()
    log_alpha_D: Tensor | None = None


@dataclass(frozen=True)
class LossInputs:
    """What the terms read: both readings, labels, latents.

    Labels are standardised, float64, NaN where missing. `edited_B` is False for designs without
    edits: their z_P is 0 by definition, so they are left out of views of z_P. `design_B` are
    integers, the same for rows of one design (default: every row is a design of its own).
    `batch_BC` are codes of the batches (plate, cycle) that rows were measured in, one column a
    covariate, -1 where it is missing.
    """

    compose_BY: Tensor
    intact_BY: Tensor
    labels_BY: Tensor
    z_W_D: Tensor
    z_P_BD: Tensor
    z_I_BD: Tensor
    edited_B: Tensor
    row_weights_BY: Tensor | None = None
    details: LabelDetails = field(default_factory=LabelDetails)
    weights: ModelWeights | None = None
    design_B: Tensor | None = None
    batch_BC: Tensor | None = None

    def part(self, dims: slice) -> "LossInputs":
        """The same with some dimensions of the latents alone."""
        return replace(
            self,
            z_W_D=self.z_W_D[..., dims],
            z_P_BD=self.z_P_BD[:, dims],
            z_I_BD=self.z_I_BD[:, dims],
        )


@dataclass(frozen=True)
class LossContext:
    """What stays the same over a training: training labels and weights of the columns.

    The training labels are sorted; or `InverseCdf`s that were made of them by the rule of the
    spec's dist term. `bin_edges` part them into the classes of supcon. The dimensions of the latent
    are asked for by gates alone. `batch_counts` says how many batches each covariate tells apart.
    """

    training_labels: Sequence[Tensor | InverseCdf]
    column_weights: Tensor | None = None
    latent_dim: int = 0
    bin_edges: Sequence[Tensor] | None = None
    batch_counts: tuple[int, ...] = ()


def check_inputs(x: LossInputs) -> None:
    """Refuse inputs that do not fit together.

    Raises:
        ValueError: all of their shapes.
    """
    rows, dim = x.z_I_BD.shape
    shape = x.labels_BY.shape
    fits = x.compose_BY.shape == x.intact_BY.shape == shape and shape[0] == rows
    fits = fits and x.z_P_BD.shape == (rows, dim) and x.z_W_D.shape[-1:] == (dim,)
    if not fits or x.edited_B.shape != (rows,):
        shapes = {name: tuple(getattr(x, name).shape) for name in _SHAPED}
        raise ValueError(f"inputs of the loss do not fit together: {shapes}")
