"""All sets of some orders of a pool of edits as a source of blocks; no genotype is written down.

Sets are counted by order, and then as their edits stand in the pool. Those that are no designs are
counted, too, and are in no block.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from service.contract.errors import InvalidArgumentError
from service.contract.scoring_jobs import MAX_DESIGNS, CombinationsInput
from worker.data.gene_table import GeneTable
from worker.inference.predictor import Predictor
from worker.models.encoding import EncodedDesigns
from worker.scoring.blocks import Block
from worker.search.exclusions import most_together
from worker.search.names import Vocabulary
from worker.search.pool import EditPool, build_pool
from worker.search.pool_genes import passing_loci
from worker.search.sets import sets_at

Codes = NDArray[np.int64]

# Reading sets off their ranks costs the same for few and for many.
_READ_SETS = 1 << 17


@dataclass(frozen=True)
class _Order:
    """Sets of `size` edits of the pool beside the fixed ones; `first` counts rows."""

    size: int
    first: int
    count: int


class Combinations:
    """The designs of a `CombinationsInput`; `genes` is the table that its pool filters by.

    Raises:
        InvalidArgumentError: the pool and the model do not go together, or there is no design, or
            there are too many.
    """

    kept = pa.schema([])

    def __init__(
        self, wanted: CombinationsInput, predictor: Predictor, genes: GeneTable | None = None
    ) -> None:
        manifest, passing = predictor.manifest, None
        if wanted.pool.genes is not None and genes is not None:
            passing = passing_loci(wanted.pool.genes, genes, manifest.loci).loci
        self.pool: EditPool = build_pool(
            wanted.pool, Vocabulary(manifest.edits), predictor.edit_support, passing=passing
        )
        self._orders = _orders(wanted, self.pool)
        edits = [*self.pool.fixed, *self.pool.edits]
        keys = [(*edit.order_key, -np.inf if edit.level is None else edit.level) for edit in edits]
        by_order = sorted(range(len(edits)), key=keys.__getitem__)
        rank = np.empty(len(edits), dtype=np.int64)
        rank[by_order] = np.arange(len(edits))
        self._fixed_rank_F, self._rank_N = np.split(rank, [len(self.pool.fixed)])
        place = np.concatenate([self.pool.fixed_place_F, self.pool.place_N]) - 1
        level = np.array([np.nan if edit.level is None else edit.level for edit in edits])
        self._place_R = place[by_order].astype(np.int32)
        self._level_R = level[by_order]

    def __len__(self) -> int:
        return sum(order.count for order in self._orders)

    @property
    def sample(self) -> tuple[int, int]:
        """The last sets, which are the largest."""
        return max(0, len(self) - _READ_SETS), len(self)

    def blocks(self, begin: int, end: int, most: int) -> Iterator[Block]:
        """The designs among the sets from `begin` to `end`."""
        for order in self._orders:
            first = max(begin, order.first)
            stop = min(end, order.first + order.count)
            for row in range(first, stop, _READ_SETS):
                chunk = range(row - order.first, min(row + _READ_SETS, stop) - order.first)
                set_BR = self._sets(order, chunk)
                for start in range(0, len(set_BR), most):
                    yield Block(None, self._designs(set_BR[start : start + most]))

    def _sets(self, order: _Order, rows: range) -> Codes:
        """Sets at some rows of an order that may stand together, the first row first."""
        count = order.count
        ranks = range(count - rows.stop, count - rows.start)  # ranks begin with the last set
        set_BR = sets_at(len(self.pool), order.size, ranks)[::-1]
        return set_BR[self.pool.allowed(set_BR)] if self.pool.has_exclusions else set_BR

    def _designs(self, set_BR: Codes) -> EncodedDesigns:
        rank_BR = self._rank_N[set_BR]
        if len(self._fixed_rank_F):
            fixed_BF = np.broadcast_to(self._fixed_rank_F, (len(set_BR), len(self._fixed_rank_F)))
            rank_BR = np.sort(np.concatenate([fixed_BF, rank_BR], axis=1), axis=1)
        rank_J = rank_BR.reshape(-1)
        starts_N = np.arange(len(rank_BR) + 1) * rank_BR.shape[1]
        return EncodedDesigns(self._place_R[rank_J], self._level_R[rank_J], starts_N)


def _orders(wanted: CombinationsInput, pool: EditPool) -> list[_Order]:
    fixed = len(pool.fixed)
    most = fixed + most_together(pool.edits)
    found, first = [], 0
    for order in range(max(wanted.min_order, fixed), min(wanted.max_order, most) + 1):
        count = comb(len(pool), order - fixed)
        found.append(_Order(order - fixed, first, count))
        first += count
    if not found:
        raise InvalidArgumentError(
            f"min_order {wanted.min_order}: of the {len(pool):,} edits of the pool at most {most} "
            "can stand in one design: lower min_order, or widen the pool"
        )
    if first > MAX_DESIGNS:
        raise InvalidArgumentError(
            f"the pool of {len(pool):,} edits has {first:,} designs of these orders, and a job "
            f"scores at most {MAX_DESIGNS:,}: narrow the pool or the orders, or search instead"
        )
    return found
