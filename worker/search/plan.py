"""What a search will do, decided before any work starts, and the same wherever it is decided."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.manifests import ModelManifest
from service.contract.search import SearchSpec, Strategy
from worker.data.gene_table import GeneTable
from worker.inference.ensembles import MEASURE_ORDER
from worker.inference.predictor import Predictor
from worker.search.exclusions import most_together
from worker.search.names import Problems, Vocabulary
from worker.search.objective import Ranking
from worker.search.pool import EditPool, build_pool
from worker.search.pool_genes import PassingLoci, passing_loci
from worker.search.screenable import branch_refusal, screen_refusal
from worker.search.sets import set_count
from worker.search.strategies import choose_strategy

MAX_SHARDS = 256
# Designs of a shard: seconds of a fast model, minutes of a slow one. A screen's time goes with the
# members of the ensemble.
_SHARD_DESIGNS = {Strategy.SCREEN: 2_000_000_000, Strategy.BATCHED: 250_000}
# These go through all designs at once: what they look at depends on what was found.
WHOLE = (Strategy.BEAM, Strategy.BRANCH_AND_BOUND, Strategy.EVOLUTIONARY)
# What a branch and bound tells of an order's designs: as many as a database can count.
MOST_STEPS = 10**15
# Kept beside what is proposed: rounding may change an order (float32 in a screen), diversity wants
# a choice, and the recall of a beam is of the best hundred.
_MARGIN = 100
_SCREEN_MARGIN = 1000
_CHOICE = 10
_MOST_CHOICE = 20_000
# Up to so many designs a beam goes through an order whole, and so knows its own recall.
RECALL_DESIGNS = 300_000
# Each half needs two members to have an sd.
HALVED_MEMBERS = 4


@dataclass(frozen=True)
class OrderPlan:
    """Designs of one order: `size` edits of the pool beside the fixed ones."""

    order: int
    size: int
    possible_count: int


@dataclass(frozen=True)
class Shard:
    """Sets whose least place in the pool is in [begin, end), and how many they are."""

    index: int
    begin: int
    end: int
    design_count: int


@dataclass(frozen=True)
class SearchPlan:
    """Everything that a worker needs beside the predictor.

    `keep` designs of each order are kept on the way, and `half_keep` of what half the ensemble
    ranks. `fingerprint` tells plans apart.
    """

    spec: SearchSpec
    pool: EditPool
    ranking: Ranking
    strategy: Strategy
    orders: tuple[OrderPlan, ...]
    shards: tuple[Shard, ...]
    keep: int
    half_keep: int
    fingerprint: str
    notes: tuple[str, ...]

    @property
    def design_count(self) -> int:
        """Designs of all orders, those that exclusions take off among them."""
        return sum(order.possible_count for order in self.orders)

    @property
    def expected_count(self) -> int:
        """About how many designs will be gone through: all, or what a beam looks at."""
        if self.strategy is Strategy.BRANCH_AND_BOUND:
            return sum(min(order.possible_count, MOST_STEPS) for order in self.orders)
        if self.strategy is Strategy.EVOLUTIONARY:
            return min(self.spec.evolution.designs, self.design_count)
        if self.strategy is not Strategy.BEAM:
            return self.design_count
        step = max(self.spec.beam_width * len(self.pool), RECALL_DESIGNS)
        return sum(min(order.possible_count, step) for order in self.orders)


def plan_search(
    spec: SearchSpec,
    predictor: Predictor,
    *,
    shard_count: int | None = None,
    genes: GeneTable | None = None,
) -> SearchPlan:
    """Plan a search; the same for the same spec, model and `shard_count`.

    `genes` is the gene table that the pool asks about, if it does. `shard_count` None splits by
    how many designs there are, whoever works on them.

    Raises:
        InvalidArgumentError: the spec and the model do not go together; what is wrong is told
            together, as far as one thing can be seen beside another.
    """
    manifest = predictor.manifest
    names = [label.name for label in manifest.labels]
    _check_labels(spec, names)
    passing = _passing(spec, genes, manifest)
    pool = build_pool(
        spec.pool,
        Vocabulary(manifest.edits),
        predictor.edit_support,
        background=spec.background,
        passing=None if passing is None else passing.loci,
    )
    orders = _orders(spec, pool)
    _check_orders(spec, pool, orders)
    _check_measures(spec, pool, manifest)
    strategy = choose_strategy(
        spec.strategy,
        screen_refusal(predictor, pool, [order.size for order in orders]),
        [order.size for order in orders],
        [order.possible_count for order in orders],
        branch_refusal=branch_refusal(predictor, pool),
    )
    has_halves = manifest.member_count >= HALVED_MEMBERS
    return SearchPlan(
        spec=spec,
        pool=pool,
        ranking=Ranking.of(spec, names),
        strategy=strategy,
        orders=orders,
        shards=_shards(
            strategy, len(pool), orders, shard_count or _shard_count(strategy, orders, manifest)
        ),
        keep=_kept(spec, strategy),
        half_keep=spec.proposal_count if has_halves else 0,
        fingerprint=_fingerprint(spec, predictor, shard_count),
        notes=(*(passing.notes if passing else ()), *_notes(spec, pool, orders)),
    )


def _passing(
    spec: SearchSpec, genes: GeneTable | None, manifest: ModelManifest
) -> PassingLoci | None:
    wanted = spec.pool.genes
    if wanted is None:
        return None
    if genes is None:
        raise InvalidArgumentError(f"pool.genes: gene table {wanted.gene_table_id} was not given")
    return passing_loci(wanted, genes, manifest.loci)


def _check_labels(spec: SearchSpec, names: Sequence[str]) -> None:
    problems = Problems()
    asked = [(f"objectives[{i}].label", goal.label) for i, goal in enumerate(spec.objectives)]
    asked += [(f"feasibility[{i}].label", one.label) for i, one in enumerate(spec.feasibility)]
    for field, label in asked:
        if label not in names:
            message = f"the model has no label {label}; it has {', '.join(names)}"
            problems.add(field, message, label, names)
    problems.tell()


def _orders(spec: SearchSpec, pool: EditPool) -> tuple[OrderPlan, ...]:
    fixed = pool.included_count
    return tuple(
        OrderPlan(order, order - fixed, comb(len(pool), order - fixed))
        for order in range(max(spec.min_order, fixed), spec.max_order + 1)
    )


def _check_orders(spec: SearchSpec, pool: EditPool, orders: Sequence[OrderPlan]) -> None:
    """No order without a design, and designs enough for what is to be proposed."""
    most = pool.included_count + most_together(pool.edits)
    if spec.max_order > most:
        beside = f" beside {pool.included_count} to include" if pool.included_count else ""
        raise InvalidArgumentError(
            f"max_order {spec.max_order}: the pool has {len(pool):,} edits{beside}, of which at "
            f"most {most} can stand in one design (edits of one locus and group exclude each "
            f"other): lower max_order to {most}, or widen the pool"
        )
    counts = [order.possible_count for order in orders]
    available = max(counts) if spec.per_order else sum(counts)
    if spec.proposal_count > available:
        what = "the order with the most has" if spec.per_order else "there are"
        raise InvalidArgumentError(
            f"proposal_count {spec.proposal_count:,}: {what} {available:,} designs of "
            f"{len(pool):,} edits; lower it to {available:,}, or widen the pool or the orders"
        )


def _check_measures(spec: SearchSpec, pool: EditPool, manifest: ModelManifest) -> None:
    """Some objective differs among designs: interactions are 0 where there are too few edits."""
    measure = {label.name: label.measure for label in manifest.labels}
    least, label = min((MEASURE_ORDER[measure[o.label]], o.label) for o in spec.objectives)
    lacking = least - spec.max_order - len(pool.background)
    if lacking > 0:
        message = (
            f"max_order {spec.max_order}: {label} is an interaction of {least} edits, and 0 for "
            f"every design of fewer: raise max_order to {spec.max_order + lacking}"
        )
        raise InvalidArgumentError(message, [Offender(field="max_order", message=message)])


def _kept(spec: SearchSpec, strategy: Strategy) -> int:
    margin = _SCREEN_MARGIN if strategy is Strategy.SCREEN else _MARGIN
    least = spec.proposal_count + margin
    return max(min(_CHOICE * spec.proposal_count, _MOST_CHOICE), least) if spec.diversity else least


def _shard_count(strategy: Strategy, orders: Sequence[OrderPlan], manifest: ModelManifest) -> int:
    members = manifest.member_count if strategy is Strategy.SCREEN else 1
    total = sum(order.possible_count for order in orders) * members
    return -(-total // _SHARD_DESIGNS.get(strategy, total))


def _shards(
    strategy: Strategy, count: int, orders: Sequence[OrderPlan], wanted: int
) -> tuple[Shard, ...]:
    """Ranges of the least place with about as many designs each."""
    if strategy in WHOLE:
        return (Shard(0, 0, count, sum(order.possible_count for order in orders)),)
    sizes = [order.size for order in orders]
    by_place = [
        sum(set_count(count, size, place, place + 1) for size in sizes) for place in range(count)
    ]
    total = sum(by_place)
    pieces = max(1, min(wanted, MAX_SHARDS, count))
    shards: list[Shard] = []
    begin = done = held = 0
    for place, designs in enumerate(by_place):
        held += designs
        if done + held == total:  # what is left is too short to begin a set with
            return (*shards, Shard(len(shards), begin, count, held))
        if (done + held) * pieces >= total * (len(shards) + 1):
            shards.append(Shard(len(shards), begin, place + 1, held))
            begin, done, held = place + 1, done + held, 0
    return tuple(shards)


def _fingerprint(spec: SearchSpec, predictor: Predictor, shard_count: int | None) -> str:
    told = [spec.model_dump_json(), predictor.manifest.weights_sha256, str(shard_count)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _notes(spec: SearchSpec, pool: EditPool, orders: Sequence[OrderPlan]) -> tuple[str, ...]:
    notes = []
    if spec.min_order < pool.included_count:
        notes.append(
            f"Designs of fewer than {pool.included_count} edits cannot hold must_include: orders "
            f"begin at {orders[0].order}."
        )
    if spec.per_order:
        few = [o for o in orders if o.possible_count < spec.proposal_count]
        notes += [
            f"Order {o.order} has {o.possible_count:,} designs, fewer than proposal_count "
            f"{spec.proposal_count:,}."
            for o in few
        ]
    return tuple(notes)
