"""A shard of a scoring job: its designs scored block by block into a part of the results."""

import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from service.contract.errors import InvalidDesignError, Offender
from service.contract.inference import ScoreField
from service.contract.scoring_jobs import LISTED_ROWS, OnBadRows, ScoringSpec
from worker.inference.predictor import Predictor
from worker.inference.score_columns import ScoreColumns
from worker.models.encoding import EncodedDesigns
from worker.scoring.blocks import Block, GenotypeTexts, Source
from worker.scoring.errors import ScoringStoppedError
from worker.scoring.part import PartFiles, PartWriter
from worker.scoring.results import ResultTable
from worker.scoring.summary import Extremes, Summary

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

_INDEX = re.compile(r"genotypes\[(\d+)\]")
_TOLD_OFFENDERS = 200


class Scoring:
    """What the shards of a job share: its model, its designs, and the columns of its results."""

    def __init__(
        self, spec: ScoringSpec, predictor: Predictor, source: Source, table: ResultTable
    ) -> None:
        self.schema = table.schema(source.kept)
        self._spec = spec
        self._predictor = predictor
        self._source = source
        self._table = table
        self._texts = GenotypeTexts(predictor.manifest.edits)

    def score(
        self,
        begin: int,
        end: int,
        files: PartFiles,
        *,
        block_rows: int,
        passed: Callable[[int], None] = lambda _: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Summary:
        """Score the rows from `begin` to `end` of the source and write them to files.

        Raises:
            BadTableError: the source is damaged.
            InvalidDesignError: predictions are no finite numbers, and bad rows are errors.
            ScoringStoppedError: `should_stop` returned true.
        """
        summary = Summary.of_labels(len(self._predictor.manifest.labels))
        with PartWriter(self.schema, files, is_first=begin == 0) as part:
            for block in self._source.blocks(begin, end, block_rows):
                if should_stop():
                    raise ScoringStoppedError
                part.write(self._scored(block, summary))
                passed(len(block))
        return summary

    def try_out(self, rows: int) -> None:
        """Score so many rows, for nothing but the time that it takes."""
        for block in self._source.blocks(*self._source.sample, rows):
            self._scored(block, Summary.of_labels(len(self._predictor.manifest.labels)))
            return

    def _scored(self, block: Block, summary: Summary) -> pa.RecordBatch:
        """The rows of a block, which `summary` counts."""
        block, good, scores = self._scores(block)
        texts = self._texts.of(_rows(block, good))
        _count(summary, block, good, scores, texts)
        columns = [texts, *self._table.columns(scores)]
        if len(good) < len(block):
            place_B = np.full(len(block), -1)
            place_B[good] = np.arange(len(good))
            index_B = pa.array(place_B, mask=place_B < 0)
            columns = [column.take(index_B) for column in columns]
        columns[1:1] = [block.kept[name] for name in self._source.kept.names]
        if self._table.has_errors:
            no_error = pa.nulls(len(block), pa.string())
            columns.append(no_error if block.error is None else block.error)
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _scores(self, block: Block) -> tuple[Block, Codes, ScoreColumns]:
        """Scores of the rows of a block that are good; more may be bad than was known."""
        good = np.arange(len(block))
        if block.error is not None:
            good = np.flatnonzero(block.error.is_null().to_numpy(zero_copy_only=False))
        try:
            return block, good, self._read(_rows(block, good))
        except InvalidDesignError as refused:
            bad = good[_places(refused)]
            if not self._table.has_errors or self._spec.on_bad_rows is OnBadRows.FAIL:
                raise _located(refused, block, bad) from None
            block = block.with_error(bad, refused.detail)
            good = np.setdiff1d(good, bad)
            return block, good, self._read(_rows(block, good))

    def _read(self, designs: EncodedDesigns) -> ScoreColumns:
        level = self._spec.interval_level
        with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is refused
            return self._predictor.columns(designs, self._table.fields, interval_level=level)


def _rows(block: Block, good: Codes) -> EncodedDesigns:
    return block.designs if len(good) == len(block) else block.designs.rows(good)


def _places(refused: InvalidDesignError) -> Codes:
    """Which designs an error of the predictor speaks of."""
    found = [_INDEX.fullmatch(offender.field or "") for offender in refused.offenders]
    return np.array([int(match[1]) for match in found if match], dtype=np.int64)


def _located(refused: InvalidDesignError, block: Block, bad: Codes) -> InvalidDesignError:
    """The error with rows of the table, where there is one."""
    rows = [None if block.first_row is None else block.first_row + row + 1 for row in bad.tolist()]
    offenders = [
        Offender(message=one.message, value=one.value, row=row)
        for one, row in zip(refused.offenders, rows, strict=True)
    ]
    where = "" if rows[0] is None else f"row {rows[0]:,}: "
    first = f"{where}{refused.offenders[0].value!r}: {refused.detail}"
    return InvalidDesignError(first, offenders[:_TOLD_OFFENDERS])


def _count(
    summary: Summary, block: Block, good: Codes, scores: ScoreColumns, texts: pa.StringArray
) -> None:
    """Sum the scores of a block's good rows up."""
    row_B = good + summary.row_count
    for known, one in zip(summary.labels, scores.labels, strict=True):
        mean_B = np.ascontiguousarray(one.columns[ScoreField.MEAN])
        high, low = known.add(mean_B)
        known.highest = _joined(known.highest, high, mean_B, row_B, texts)
        known.lowest = _joined(known.lowest, low, mean_B, row_B, texts)
    counts = np.bincount(block.designs.orders[good])
    summary.orders.update({order: int(counts[order]) for order in np.flatnonzero(counts).tolist()})
    support = scores.support
    summary.add_flagged(
        None if support is None else _true_count(support.is_extrapolated_B),
        None if support is None else _true_count(support.loci.is_higher_order_B),
    )
    summary.scored_count += len(good)
    summary.row_count += len(block)
    if block.error is not None and block.first_row is not None:
        bad = np.flatnonzero(block.error.is_valid().to_numpy(zero_copy_only=False))
        bad = bad[: LISTED_ROWS - len(summary.bad_rows)]
        said = zip(bad.tolist(), block.error.take(pa.array(bad)).to_pylist(), strict=True)
        first = block.first_row + 1
        summary.list_bad([Offender(row=first + row, message=text) for row, text in said])


def _true_count(flag_B: NDArray[np.bool_] | None) -> int | None:
    return None if flag_B is None else int(flag_B.sum())


def _joined(
    known: Extremes, place: Codes, mean_B: Floats, row_B: Codes, texts: pa.StringArray
) -> Extremes:
    if not len(place):
        return known
    names = texts.take(pa.array(place)).to_pylist()
    return known.joined(mean_B[place], row_B[place], names)
