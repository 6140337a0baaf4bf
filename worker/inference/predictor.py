"""A model, loaded once and asked many times."""

import math
import time
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design, parse_genotype
from service.contract.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    Offender,
    UnknownEditsError,
)
from service.contract.inference import (
    DEFAULT_LEVEL,
    ScoreAnswer,
    ScoreField,
    ScoreInterval,
    Support,
)
from service.contract.manifests import (
    ManifestLabel,
    ModelManifest,
    read_manifest,
    vocabulary_sha256,
)
from service.contract.training import Transform
from worker.inference.answers import label_scores, require_finite
from worker.inference.ensembles import (
    Latents,
    MemberReadings,
    composed,
    latent_ensemble,
    latents_of,
    load_ensemble,
)
from worker.inference.intervals import Intervals
from worker.inference.nearest import Neighborhood
from worker.inference.neutral import Neutral, NeutralModels
from worker.inference.parts import parts_of, request_order
from worker.inference.seen_designs import SeenDesigns
from worker.inference.support import name_keys, support_of
from worker.inference.weights import read_weights
from worker.models.encoding import DesignBatch, EditIndex

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

_NEEDS_NEUTRAL = frozenset(
    {ScoreField.EXPECTED_NEUTRAL, ScoreField.INTERACTION, ScoreField.NEUTRAL_SOURCE}
)


def in_unit(label: ManifestLabel, output: Floats) -> Floats:
    """Standardised outputs of the head as values in the label's unit."""
    with np.errstate(over="ignore"):  # a level far out of range: `score` refuses the design
        value = output * label.spread + label.center
        return np.exp(value) if label.transform is Transform.LOG else value


class Predictor:
    """Scores designs by the names of their edits.

    Laws: the order of edits in a genotype changes nothing; permuting the edits of manifest and
    weights together changes nothing; permuting the request permutes the answer.
    """

    def __init__(self, tensors: dict[str, Any], manifest: ModelManifest, model_id: str) -> None:
        self.manifest = manifest
        self.model_id = model_id
        self._index = EditIndex(manifest.edits)
        self._keys = name_keys(manifest.edits)
        self.ensemble = load_ensemble(tensors, manifest)
        arrays = {name: tensor.numpy() for name, tensor in tensors.items() if "." in name}
        self._support = {k: v for k, v in arrays.items() if k.startswith("support.")}
        self._neutral = NeutralModels(manifest.labels, arrays)
        self.intervals = Intervals(manifest.labels, arrays)
        self.seen = SeenDesigns.of(arrays)
        self.score([""])  # the first call pays for lazy initialisation

    @classmethod
    def load(
        cls, weights: Path | bytes, manifest: ModelManifest | dict[str, Any], *, model_id: str = ""
    ) -> Self:
        """Load weights and warm up. A file is read once to check it, and then mapped.

        Raises:
            BrokenArtifactError: the weights are not those of the manifest.
            FailedPreconditionError: the vocabulary is not that of the manifest, or the model is
                stored in another format.
        """
        stored = manifest.model_dump() if isinstance(manifest, ModelManifest) else manifest
        known = read_manifest(stored)
        tensors = read_weights(weights, known.weights_sha256)
        if vocabulary_sha256(known.loci, known.edits) != known.vocabulary_sha256:
            raise FailedPreconditionError("the edits are not those of the manifest's vocabulary")
        return cls(tensors, known, model_id)

    def encode(self, designs: Sequence[Design]) -> DesignBatch:
        """Designs as positions in the model's list of edits. Edits must be known."""
        return self._index.encode(designs)

    def readings(
        self, designs: Sequence[Design], *, deadline_unix_seconds: float = math.inf
    ) -> list[MemberReadings]:
        """Both readings in each label's unit: per label, [M, B] both. Edits must be known."""
        parts = parts_of(designs)
        order_B = request_order(parts)
        return self._read(self._batches(designs, parts), order_B, deadline_unix_seconds)

    def expected_neutral(self, designs: Sequence[Design]) -> list[Neutral]:
        """What independence would give, per label, in its unit. Edits must be known."""
        parts = parts_of(designs)
        return self._expect(designs, parts, self._batches(designs, parts), request_order(parts))

    def composed(self, batch: DesignBatch, labels: Sequence[int]) -> dict[int, Floats]:
        """y_compose of every member [M, B], in the unit of each label that is asked for."""
        value_MBY = composed(self.ensemble, batch)
        return {y: in_unit(self.manifest.labels[y], value_MBY[:, :, y]) for y in labels}

    def support(self, designs: Sequence[Design]) -> Support:
        """Training rows behind each design. Edits must be known."""
        parts = parts_of(designs)
        batches = self._batches(designs, parts)
        return support_of(batches, request_order(parts), self._support, self._keys)

    @property
    def edit_support(self) -> Places:
        """How many training rows held each edit of the manifest [E]."""
        count_E: Places = self._support["support.edit_count"]
        return count_E

    def latents(self, designs: Sequence[Design]) -> Latents | None:
        """States of every member, in order; None for a model without a latent space."""
        parts = parts_of(designs)
        order_B = request_order(parts)
        found = [latents_of(self.ensemble, batch) for batch in self._batches(designs, parts)]
        known = [latents for latents in found if latents is not None]
        if not known:
            return None
        _, shifts, states = zip(*known, strict=True)
        return Latents(
            known[0].z_W_MD,
            *(np.concatenate(column, axis=1)[:, order_B] for column in (shifts, states)),
        )

    def state_readings(self, z_MSD: Floats) -> list[Floats]:
        """The head at any states, per label in its unit [M, S]; NaN for mixed differences.

        Raises:
            FailedPreconditionError: the model has no latent space.
        """
        latent = latent_ensemble(self.ensemble)
        if latent is None:
            raise FailedPreconditionError(f"{self.manifest.model_kind} has no latent space")
        y_MSY = latent.read_states(z_MSD)
        return [in_unit(label, y_MSY[:, :, y]) for y, label in enumerate(self.manifest.labels)]

    @cached_property
    def neighborhood(self) -> Neighborhood | None:
        """States of the measured designs; None without a latent space, or without designs."""
        singles = [parse_genotype(edit) for edit in self.manifest.edits]
        latents = self.latents(singles) if self.seen is not None else None
        if self.seen is None or latents is None:
            return None
        return Neighborhood(self.seen.effects(self.manifest.edits), latents.z_P_MBD)

    def _batches(self, designs: Sequence[Design], parts: Sequence[Places]) -> list[DesignBatch]:
        return [self._index.encode([designs[place] for place in part]) for part in parts]

    def _read(
        self,
        batches: Sequence[DesignBatch],
        order_B: Places,
        deadline_unix_seconds: float = math.inf,
    ) -> list[MemberReadings]:
        both = []
        for batch in batches:
            if time.time() >= deadline_unix_seconds:
                raise DeadlineExceededError("the deadline passed while the designs were scored")
            both.append(self.ensemble.read(batch))
        compose_MBY, intact_MBY = (
            np.concatenate(reading, axis=1)[:, order_B] for reading in zip(*both, strict=True)
        )
        return [
            MemberReadings(*(in_unit(label, y_MBY[:, :, y]) for y_MBY in (compose_MBY, intact_MBY)))
            for y, label in enumerate(self.manifest.labels)
        ]

    def _expect(
        self,
        designs: Sequence[Design],
        parts: Sequence[Places],
        batches: Sequence[DesignBatch],
        order_B: Places,
    ) -> list[Neutral]:
        found = [
            self._neutral.expect(batch, [designs[place] for place in part])
            for batch, part in zip(batches, parts, strict=True)
        ]
        return [
            Neutral(*(np.concatenate(column)[order_B] for column in zip(*label, strict=True)))
            for label in zip(*found, strict=True)
        ]

    def score(
        self,
        genotypes: Sequence[str],
        fields: Sequence[ScoreField] | None = None,
        *,
        interval_level: float = DEFAULT_LEVEL,
        deadline_unix_seconds: float = math.inf,
    ) -> ScoreAnswer:
        """Score designs, in order. `mean`, `sd`, `min` and `max` are of y_intact over members.

        Raises:
            DeadlineExceededError: nobody waits any more, and others would wait for nothing.
            InvalidDesignError: a genotype is malformed, or its levels lead out of all numbers.
            UnknownEditsError: an edit is not in the vocabulary; every offender is listed.
        """
        wanted = frozenset(ScoreField if fields is None else fields)
        designs = [parse_genotype(text) for text in genotypes]
        parts = parts_of(designs)
        order_B = request_order(parts)
        try:
            batches = self._batches(designs, parts)
        except KeyError:
            raise self.unknown_edits(designs) from None
        read = self._read(batches, order_B, deadline_unix_seconds)
        neutral: Sequence[Neutral | None] = [None] * len(self.manifest.labels)
        if wanted & _NEEDS_NEUTRAL:
            neutral = self._expect(designs, parts, batches, order_B)
        require_finite(designs, read, neutral)
        has_support = ScoreField.SUPPORT in wanted
        return ScoreAnswer(
            model_id=self.model_id,
            vocabulary_sha256=self.manifest.vocabulary_sha256,
            genotypes=[design.genotype for design in designs],
            labels=[
                label_scores(label, readings, expected, wanted).model_copy(
                    update={"interval": self._interval(y, readings, interval_level)}
                    if ScoreField.INTERVAL in wanted
                    else {}
                )
                for y, (label, readings, expected) in enumerate(
                    zip(self.manifest.labels, read, neutral, strict=True)
                )
            ],
            support=support_of(batches, order_B, self._support, self._keys)
            if has_support
            else None,
        )

    def _interval(self, y: int, readings: MemberReadings, level: float) -> ScoreInterval | None:
        calibration = self.manifest.labels[y].interval
        ends = self.intervals.ends(y, readings.intact_MBY, level)
        if calibration is None or ends is None:
            return None
        return ScoreInterval(
            level=level,
            calibrated_on=calibration.calibrated_on,
            low=ends[0].tolist(),
            high=ends[1].tolist(),
        )

    def unknown_edits(
        self, designs: Sequence[Design], field: str = "genotypes"
    ) -> UnknownEditsError:
        """The error that names every edit of `designs` that the model does not know."""
        offenders = [
            Offender(
                field=f"{field}[{row}]",
                value=str(edit),
                message=f"the model has no edit {edit.key}",
                suggestions=get_close_matches(edit.key, self._index.keys, n=3),
            )
            for row, design in enumerate(designs)
            for edit in design.edits
            if edit.key not in self._index
        ]
        edits = len({offender.value for offender in offenders})
        return UnknownEditsError(
            f"edits outside the model's vocabulary: {edits}; nothing was scored", offenders
        )
