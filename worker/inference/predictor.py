"""A model, loaded once and asked many times."""

import math
import time
from collections.abc import Sequence
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design, parse_genotype
from service.contract.errors import DeadlineExceededError, FailedPreconditionError
from service.contract.inference import DEFAULT_LEVEL, ScoreAnswer, ScoreField
from service.contract.manifests import (
    ManifestLabel,
    ModelManifest,
    read_manifest,
    vocabulary_sha256,
)
from service.contract.training import Transform
from worker.inference.answers import label_columns, require_finite
from worker.inference.ensembles import (
    Latents,
    MemberReadings,
    composed,
    latent_ensemble,
    latents_of,
    load_ensemble,
)
from worker.inference.interactions import MemberSingles
from worker.inference.intervals import Intervals
from worker.inference.nearest import Neighborhood
from worker.inference.neutral import Neutral, NeutralModels
from worker.inference.score_columns import (
    IntervalColumns,
    LabelColumns,
    ScoreColumns,
    score_answer,
)
from worker.inference.seen_designs import SeenDesigns
from worker.inference.support import SupportColumns, SupportTables, joined
from worker.inference.threads import mapped
from worker.inference.vocabulary import Parts, Vocabulary
from worker.inference.weights import read_weights
from worker.models.encoding import DesignBatch, EncodedDesigns

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Designs = Sequence[Design] | EncodedDesigns

_NEEDS_NEUTRAL = frozenset(
    {
        ScoreField.EXPECTED_NEUTRAL,
        ScoreField.INTERACTION,
        ScoreField.NEUTRAL_SOURCE,
        ScoreField.SIGN_AGREEMENT,
        ScoreField.INTERACTION_SD,
    }
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
        self.vocabulary = Vocabulary(manifest.edits)
        self.ensemble = load_ensemble(tensors, manifest)
        arrays = {name: tensor.numpy() for name, tensor in tensors.items() if "." in name}
        self._support = SupportTables(arrays, manifest.edits)
        self._neutral = NeutralModels(manifest.labels, arrays)
        self.intervals = Intervals(manifest.labels, arrays)
        self._singles = MemberSingles(
            manifest.labels,
            len(manifest.edits),
            lambda designs: [label.intact_MBY for label in self.readings(designs)],
        )
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
        return self.vocabulary.index.encode(designs)

    def readings(
        self, designs: Designs, *, deadline_unix_seconds: float = math.inf
    ) -> list[MemberReadings]:
        """Both readings in each label's unit: per label, [M, B] both. Edits must be known."""
        return self._read(self.vocabulary.parts(designs), deadline_unix_seconds)

    def expected_neutral(self, designs: Designs) -> list[Neutral]:
        """What independence would give, per label, in its unit. Edits must be known."""
        return self._expect(self.vocabulary.parts(designs))

    def composed(self, batch: DesignBatch, labels: Sequence[int]) -> dict[int, Floats]:
        """y_compose of every member [M, B], in the unit of each label that is asked for."""
        value_MBY = composed(self.ensemble, batch)
        return {y: in_unit(self.manifest.labels[y], value_MBY[:, :, y]) for y in labels}

    def support(self, designs: Designs) -> SupportColumns:
        """Training rows behind each design. Edits must be known."""
        return self._support_of(self.vocabulary.parts(designs))

    @property
    def edit_support(self) -> Places:
        """How many training rows held each edit of the manifest [E]."""
        return self._support.edit_counts

    def latents(self, designs: Designs) -> Latents | None:
        """States of every member, in order; None for a model without a latent space."""
        parts = self.vocabulary.parts(designs)
        found = [latents_of(self.ensemble, batch) for batch in parts.batches]
        known = [latents for latents in found if latents is not None]
        if not known:
            return None
        _, shifts, states = zip(*known, strict=True)
        return Latents(
            known[0].z_W_MD,
            *(np.concatenate(column, axis=1)[:, parts.order_B] for column in (shifts, states)),
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

    def _read(self, parts: Parts, deadline_unix_seconds: float = math.inf) -> list[MemberReadings]:
        def read(batch: DesignBatch) -> MemberReadings:
            if time.time() >= deadline_unix_seconds:
                raise DeadlineExceededError("the deadline passed while the designs were scored")
            return self.ensemble.read(batch)

        both = mapped(read, parts.batches)
        intact = self._placed([one.intact_MBY for one in both], parts)
        if all(one.compose_MBY is one.intact_MBY for one in both):  # a model with one reading
            return [MemberReadings(y_MB, y_MB) for y_MB in intact]
        compose = self._placed([one.compose_MBY for one in both], parts)
        return [MemberReadings(*of_label) for of_label in zip(compose, intact, strict=True)]

    def _placed(self, read: Sequence[Floats], parts: Parts) -> list[Floats]:
        """A reading of parts in the order of the request and each label's unit, [M, B] each."""
        y_MBY = np.concatenate(read, axis=1)[:, parts.order_B]
        labels = self.manifest.labels
        return [in_unit(label, y_MBY[:, :, y]) for y, label in enumerate(labels)]

    def _expect(self, parts: Parts) -> list[Neutral]:
        found = map(self._neutral.expect, parts.batches, parts.designs)
        return [
            Neutral(*(np.concatenate(column)[parts.order_B] for column in zip(*label, strict=True)))
            for label in zip(*found, strict=True)
        ]

    def _support_of(self, parts: Parts) -> SupportColumns:
        return joined([self._support.of(batch) for batch in parts.batches]).rows(parts.order_B)

    def columns(
        self,
        designs: EncodedDesigns,
        fields: Sequence[ScoreField] | None = None,
        *,
        interval_level: float = DEFAULT_LEVEL,
        deadline_unix_seconds: float = math.inf,
    ) -> ScoreColumns:
        """Score designs that `vocabulary` read, in order, without an object a design.

        `mean`, `sd`, `min` and `max` are of y_intact over members.

        Raises:
            DeadlineExceededError: nobody waits any more, and others would wait for nothing.
            InvalidDesignError: the levels of a design lead out of all numbers.
        """
        wanted = frozenset(ScoreField if fields is None else fields)
        parts = self.vocabulary.parts(designs)
        read = self._read(parts, deadline_unix_seconds)
        neutral = self._expect(parts) if wanted & _NEEDS_NEUTRAL else []
        own: list[Floats | None] = []
        if ScoreField.INTERACTION_SD in wanted:
            own = self._singles.own_neutral(parts, neutral)
        require_finite(
            [y_MB for label in read for y_MB in label]
            + [label.expected_B for label in neutral]
            + [own_MB for own_MB in own if own_MB is not None],
            lambda bad: designs.rows(bad).texts(self.manifest.edits),
        )
        return ScoreColumns(
            model_id=self.model_id,
            vocabulary_sha256=self.manifest.vocabulary_sha256,
            labels=[
                LabelColumns(
                    self.manifest.labels[y],
                    label_columns(readings, expected, own_MB, wanted),
                    self._interval(y, readings, interval_level)
                    if ScoreField.INTERVAL in wanted
                    else None,
                )
                for y, (readings, expected, own_MB) in enumerate(zip_longest(read, neutral, own))
            ],
            support=self._support_of(parts) if ScoreField.SUPPORT in wanted else None,
        )

    def score(
        self,
        genotypes: Sequence[str],
        fields: Sequence[ScoreField] | None = None,
        *,
        interval_level: float = DEFAULT_LEVEL,
        deadline_unix_seconds: float = math.inf,
    ) -> ScoreAnswer:
        """Score designs, in order: `columns` as a model of lists.

        Raises:
            DeadlineExceededError: nobody waits any more, and others would wait for nothing.
            InvalidDesignError: a genotype is malformed, or its levels lead out of all numbers.
            UnknownEditsError: an edit is not in the vocabulary; every offender is listed.
        """
        texts, designs = self.vocabulary.read(genotypes)
        scores = self.columns(
            designs,
            fields,
            interval_level=interval_level,
            deadline_unix_seconds=deadline_unix_seconds,
        )
        return score_answer(scores, texts)

    def _interval(self, y: int, readings: MemberReadings, level: float) -> IntervalColumns | None:
        calibration = self.manifest.labels[y].interval
        ends = self.intervals.ends(y, readings.intact_MBY, level)
        if calibration is None or ends is None:
            return None
        return IntervalColumns(level, calibration.calibrated_on, *ends)
