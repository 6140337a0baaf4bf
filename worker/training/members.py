"""Training of one member of an ensemble: steps, epochs, early stopping, and its whole state."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor

from service.contract.errors import FailedPreconditionError
from service.contract.losses import PenaltyTerm
from worker.losses.composite import CompositeLoss, LossInputs, ModelWeights
from worker.losses.mse import mse
from worker.models.additive import RidgeFit, fit_ridge
from worker.models.additive_start import start_from_ridge
from worker.models.encoding import DesignBatch
from worker.models.latent_network import Readings
from worker.models.saturation import SaturatingFit, fit_saturating
from worker.training.adamw import AdamW
from worker.training.compiling import compile_layers
from worker.training.fit_task import FitTask, new_network
from worker.training.group import agreed, average_gradients, read_shared, start_alike
from worker.training.latent_monitor import (
    EPOCHS_BETWEEN_LOOKS,
    LOOKS_TO_GIVE_UP,
    LatentMonitor,
)
from worker.training.loss_context import loss_context
from worker.training.memory import rows_to_read
from worker.training.metrics import spearman
from worker.training.schedule import schedule
from worker.training.seeds import generator

# A gate has a way of about five to go until it is closed: at the rate of the weights, the steps of
# a training would not take it there.
_GATE_RATE = 10.0
_RATE = "rate"  # of a group of parameters, over the learning rate


@dataclass
class MemberProgress:
    """Where a member's training stands; plain values, so that they fit into a checkpoint."""

    member: int
    epoch: int = 0
    step: int = 0
    best_epoch: int = -1
    best_value: float = math.inf
    collapsed_looks: int = 0


class MemberFit:
    """One member being trained."""

    def __init__(self, task: FitTask, member: int) -> None:
        self.task = task
        self.progress = MemberProgress(member)
        self.net = new_network(task, member)
        self._parameters = list(self.net.parameters())  # found once, not in each step
        self._train_rows = torch.nonzero(task.trained_MN[member]).flatten()
        self._held_out_rows = torch.nonzero(task.held_out_MN[member]).flatten()
        self.batches = math.ceil(len(self._train_rows) / task.spec.batch_size)
        rows = math.ceil(len(self._train_rows) / max(self.batches, 1))
        labels = task.label_NY[self._train_rows]
        context = loss_context(
            task.spec.loss,
            labels,
            task.column_weights,
            batch_size=rows,
            latent_dim=task.model.latent_dim,
            batch_counts=task.batch_counts,
        )
        self.loss = CompositeLoss(task.spec.loss, context).to(task.device)
        self.optimizer = self._optimizer()
        self._trained = [p for group in self.optimizer.param_groups for p in group["params"]]
        order = task.designs.edit_BP.shape[1]
        self._read_rows = rows_to_read(task.model, order, task.measure_orders, task.edit_count)
        self._monitor = LatentMonitor(self.net, task.designs)
        self._start_additive()
        start_alike(self.net)
        if task.spec.compile:
            compile_layers(self.net)
        self.best = self.net.weights_with(self._gates())
        # The start is a candidate of early stopping: a member is not worse than its ridge.
        value, _ = self._validate()
        self.progress.best_value = math.inf if value is None else value
        self.sums = torch.zeros(1 + len(task.spec.loss.terms), device=task.device)
        self.dropout = self._dropout_generator()

    def _start_additive(self) -> None:
        task, rows = self.task, self._train_rows.cpu()
        effect_NE = task.effect_KE[task.design_N.cpu()[rows].numpy()]
        label_YN = task.label_NY[self._train_rows].cpu().numpy().T
        fits = [
            None if order or np.isnan(label_N).all() else self._fit_start(effect_NE, label_N)
            for order, label_N in zip(task.measure_orders, label_YN, strict=True)
        ]
        start_from_ridge(self.net, fits)

    def _fit_start(
        self, effect_NE: csr_matrix, label_N: NDArray[np.float64]
    ) -> RidgeFit | SaturatingFit:
        feature_EF = self.task.feature_EF
        if feature_EF is None and self.net.head.saturation is not None:
            return fit_saturating(effect_NE, label_N)
        features = None if feature_EF is None else feature_EF.numpy()
        return fit_ridge(effect_NE, label_N, feature_EF=features)

    def _optimizer(self) -> AdamW:
        spec = self.task.spec.optimizer
        decayed = [p for p in self.net.parameters() if p.ndim > 1]
        free = [p for p in self.net.parameters() if p.ndim <= 1]  # biases and z_W
        groups: list[dict[str, Any]] = [{"params": decayed}, {"params": free, "weight_decay": 0.0}]
        if self.loss.uncertainty is not None:
            free += self.loss.uncertainty.parameters()
        if self.loss.gates is not None:
            gates = list(self.loss.gates.parameters())
            groups.append({"params": gates, "weight_decay": 0.0, _RATE: _GATE_RATE})
        return AdamW(groups, lr=spec.learning_rate, weight_decay=spec.weight_decay, fused=True)

    def _dropout_generator(self) -> torch.Generator:
        place = (self.progress.member, self.progress.epoch, "dropout")
        return generator(self.task.device, self.task.spec.seed, *place)

    def _order(self) -> tuple[Tensor, ...]:
        """Batches of this epoch, of sizes that differ by one at most (none is a lone row)."""
        place = (self.progress.member, self.progress.epoch, "order")
        source = generator(torch.device("cpu"), self.task.spec.seed, *place)
        order = torch.randperm(len(self._train_rows), generator=source).to(self.task.device)
        return torch.tensor_split(self._train_rows[order], self.batches)

    def run_epoch(self, should_pause: Callable[[], bool]) -> bool:
        """Go on with the current epoch; False where `should_pause` stopped it between steps."""
        batches = self._order()
        while self.progress.step < self.batches:
            if should_pause():
                return False
            self._step(batches[self.progress.step])
            self.progress.step += 1
        return True

    def _step(self, rows: Tensor) -> None:
        task, spec = self.task, self.task.spec
        done = self.progress.epoch * self.batches + self.progress.step
        share = schedule(done, spec.epochs * self.batches)
        for group in self.optimizer.param_groups:
            group["lr"] = spec.optimizer.learning_rate * share * group.get(_RATE, 1.0)
        design_B = task.design_N[rows]
        designs = task.designs.rows(design_B)
        with task.autocast():
            readings = read_shared(self.net, designs, self.dropout, self._drawn_gates())
        inputs = self._inputs(readings, designs, rows, design_B)
        self.optimizer.zero_grad()
        loss, terms = self.loss.backward(inputs, self._parameters, self._draw("terms"))
        average_gradients(self._trained)
        torch.nn.utils.clip_grad_norm_(self._parameters, spec.optimizer.gradient_clip_norm)
        self.optimizer.step()
        nothing = torch.zeros_like(loss)
        self.sums += torch.stack([loss, *(terms.get(t.name, nothing) for t in spec.loss.terms)])

    def _draw(self, name: str) -> torch.Generator:
        """A generator on the CPU for draws of this step."""
        place = (self.progress.member, self.progress.epoch, self.progress.step, name)
        return generator(torch.device("cpu"), self.task.spec.seed, *place)

    def _gates(self) -> Tensor | None:
        """Gates before the head as they are read; None without them."""
        return None if self.loss.gates is None else self.loss.gates.gates()

    def _drawn_gates(self) -> Tensor | None:
        if self.loss.gates is None:
            return None
        return self.loss.gates.gates(self._draw("gates"))

    def _weights(self) -> ModelWeights | None:
        """What penalties read; None without them. Row 0 of the shifts is padding."""
        if not any(isinstance(term, PenaltyTerm) for term in self.task.spec.loss.terms):
            return None
        gates = self.loss.gates
        return ModelWeights(
            shift_ED=self.net.shifts()[1:],
            head_paths=self.net.head.paths(),
            log_alpha_D=None if gates is None else gates.log_alpha,
        )

    def inputs(self, rows: Tensor) -> LossInputs:
        """What the terms read of some observations, without dropout."""
        design_B = self.task.design_N[rows]
        designs = self.task.designs.rows(design_B)
        readings = self.net(designs, None, self._gates())
        return self._inputs(readings, designs, rows, design_B)

    def _inputs(
        self, readings: Readings, designs: DesignBatch, rows: Tensor, design_B: Tensor
    ) -> LossInputs:
        return LossInputs(
            compose_BY=readings.compose_BY,
            intact_BY=readings.intact_BY,
            labels_BY=self.task.label_NY[rows],
            z_W_D=readings.z_W_D,
            z_P_BD=readings.z_P_BD,
            z_I_BD=readings.z_I_BD,
            edited_B=(designs.edit_BP > 0).any(dim=1),
            details=self.task.details.rows(rows),
            weights=self._weights(),
            design_B=design_B,
            batch_BC=self.task.batch_NC[rows],
        )

    def finish_epoch(self) -> tuple[dict[str, float], dict[str, float | None]]:
        """Close an epoch: mean terms, held-out metrics; keeps the weights where they are best.

        Raises:
            FailedPreconditionError: the loss is no longer a number.
        """
        total, *values = (self.sums / self.batches).tolist()
        names = [term.name for term in self.task.spec.loss.terms]
        terms = {"total": total, **dict(zip(names, values, strict=True))}
        if not math.isfinite(total):
            raise FailedPreconditionError(
                f"the loss became {total} in epoch {self.progress.epoch + 1} of member "
                f"{self.progress.member + 1}: lower the learning rate or a term's weight"
            )
        value, metrics = self._validate()
        # Nothing was held out with a label: the last weights are the best ones known.
        if value is None or value < self.progress.best_value:
            self.progress.best_value = math.inf if value is None else value
            self.progress.best_epoch = self.progress.epoch
            self.best = self.net.weights_with(self._gates())
        self.progress.epoch += 1
        if self.progress.epoch % EPOCHS_BETWEEN_LOOKS == 0 and not self._monitor.is_blind:
            metrics |= self._look()
        self.progress.step = 0
        self.sums.zero_()
        self.dropout = self._dropout_generator()
        return terms, metrics

    def _look(self) -> dict[str, float | None]:
        """How the latent stands; a member counts as collapsed when its best weights are too."""
        state = self._monitor.look(self.net)
        is_collapsed = state.is_collapsed
        if is_collapsed:
            best = new_network(self.task, self.progress.member)
            best.load_state_dict(self.best)
            is_collapsed = self._monitor.look(best).is_collapsed
        self.progress.collapsed_looks = self.progress.collapsed_looks + 1 if is_collapsed else 0
        return {
            "latent_effective_rank": state.effective_rank,
            "latent_variance_share": state.variance_share_of_start,
            "latent_shuffled_ratio": state.shuffled_ratio,
        }

    @torch.no_grad()
    def _validate(self) -> tuple[float | None, dict[str, float | None]]:
        """Held-out error of both readings (for early stopping), and what is shown of y_intact."""
        label_NY = self.task.label_NY[self._held_out_rows]
        if bool(torch.isnan(label_NY).all()):
            return None, {"validation_rmse": None, "validation_spearman": None}
        compose_NY, intact_NY = self.read(self._held_out_rows)
        weights = {"column_weights": self.task.column_weights}
        errors = torch.stack([mse(y_NY, label_NY, **weights) for y_NY in (compose_NY, intact_NY)])
        compose_error, intact_error = errors.tolist()
        ranks = [_spearman(intact_NY[:, y], label_NY[:, y]) for y in range(label_NY.shape[1])]
        known = [rank for rank in ranks if rank is not None]
        return agreed(0.5 * (compose_error + intact_error)), {
            "validation_rmse": math.sqrt(intact_error),
            "validation_spearman": sum(known) / len(known) if known else None,
        }

    def read(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Both readings of some observations, without dropout."""
        gate_D = self._gates()
        parts = [
            read_shared(self.net, self.task.designs.rows(self.task.design_N[chunk]), None, gate_D)
            for chunk in torch.split(rows, self._read_rows)
        ]
        compose_NY = torch.cat([part.compose_BY for part in parts])
        return compose_NY, torch.cat([part.intact_BY for part in parts])

    @property
    def is_done(self) -> bool:
        """All epochs are over, no better held-out error for `patience_epochs`, or collapsed."""
        stale = self.progress.epoch - 1 - self.progress.best_epoch
        spec = self.task.spec
        if self.progress.collapsed_looks >= LOOKS_TO_GIVE_UP:
            return True
        return self.progress.epoch >= spec.epochs or stale >= spec.patience_epochs


def _spearman(prediction_N: Tensor, label_N: Tensor) -> float | None:
    present_N = ~torch.isnan(label_N)
    return spearman(
        prediction_N[present_N].double().cpu().numpy(), label_N[present_N].double().cpu().numpy()
    )
