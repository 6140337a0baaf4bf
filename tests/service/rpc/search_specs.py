"""Hypothesis strategies of searches: specs, reports, proposals."""

from hypothesis import strategies as st

from service.contract.gene_filters import FeatureRange, GeneFilter
from service.contract.jobs import JobState
from service.contract.order_sheets import Acquisition, EditCost, Measured, OrderSheetSpec
from service.contract.panels import (
    Panel,
    PanelCost,
    PanelKind,
    PanelMember,
    PanelProof,
    PanelSpec,
    PanelStrategy,
)
from service.contract.priorities import JobPriority
from service.contract.proposals import (
    BeamRecall,
    OrderCount,
    Proposal,
    ProposalLabel,
    SearchProof,
    SearchReport,
    Shrinkage,
)
from service.contract.resources import SearchJob
from service.contract.search import (
    AllowedEdits,
    BranchAndBoundSpec,
    Direction,
    EditKind,
    EvolutionSpec,
    Feasibility,
    Objective,
    Pool,
    RankBy,
    SearchSpec,
    Strategy,
)
from tests.service.rpc.score_specs import counts, names, numbers, texts
from tests.service.rpc.specs import problems, some, times

few = st.integers(0, 2**31 - 1)
costs = st.floats(0, 1e300)
some_names = st.lists(names, min_size=1, max_size=2)
maybe = st.none() | numbers

ranges = st.builds(FeatureRange, feature=names, at_least=numbers)
pools = some(
    Pool,
    edits=st.none() | some_names,
    loci=st.none() | some_names,
    genes=st.builds(GeneFilter, gene_table_id=names, where=st.lists(ranges, min_size=1)),
    allowed=st.lists(
        some(
            AllowedEdits,
            locus=st.none() | names,
            kinds=st.lists(st.sampled_from(EditKind), min_size=1, max_size=2),
            variants=st.lists(texts, min_size=1, max_size=2),
        ),
        max_size=2,
        unique_by=lambda rule: rule.locus,
    ),
    must_include=st.lists(names, max_size=1),
    must_avoid=st.lists(names, max_size=2),
    forbidden_pairs=st.lists(st.tuples(names, names), max_size=2),
    min_support=st.integers(0, 10**12),
)
panels = st.builds(
    PanelSpec,
    kind=st.sampled_from(PanelKind),
    size=st.integers(1, 200),
    budget=st.none() | costs,
    default_cost=costs,
    costs=st.lists(st.builds(PanelCost, locus=names, cost=costs), max_size=2),
    owned=st.lists(texts, max_size=2),
    strategy=st.sampled_from(PanelStrategy),
    time_limit_seconds=st.floats(1e-6, 3600),
)
measured = st.builds(Measured, genotype=texts, utility=numbers)
edit_costs = st.builds(EditCost, name=names, cost=costs)
sheets = some(
    OrderSheetSpec,
    row_count=st.integers(10, 1536),
    explore_share=st.floats(0, 1),
    acquisition=st.sampled_from(Acquisition),
    optimism=st.floats(0, 10),
    diversity=st.floats(0, 0.99),
    controls=st.lists(texts, max_size=3),
    measured=st.lists(measured, max_size=2),
    rebuild_count=st.integers(0, 3),
    stock=st.lists(texts, max_size=2),
    costs=st.lists(edit_costs, max_size=2, unique_by=lambda cost: cost.name),
    default_cost=costs,
    cost_weight=costs,
    seed=few,
)
objectives = st.lists(
    st.builds(
        Objective, label=names, direction=st.sampled_from(Direction), weight=st.floats(1e-6, 1e300)
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda objective: objective.label,
)
feasible = st.one_of(
    st.builds(Feasibility, label=names, at_least=numbers, probability=st.floats(0.5, 0.99)),
    st.builds(Feasibility, label=names, at_most=numbers),
)
search_specs = st.builds(
    lambda model_id, objectives, given: SearchSpec(
        model_id=model_id, objectives=objectives, **given
    ),
    names,
    objectives,
    st.fixed_dictionaries(
        {},
        optional={
            "name": names,
            "feasibility": st.lists(feasible, max_size=2, unique_by=lambda demand: demand.label),
            "rank_by": st.sampled_from(RankBy),
            "caution": st.floats(0, 10),
            "background": texts,
            "pool": pools,
            "min_order": st.just(1) | st.just(2),
            "max_order": st.just(2) | st.just(3),
            "proposal_count": st.integers(1, 10_000),
            "per_order": st.booleans(),
            "diversity": st.floats(0, 1),
            "strategy": st.sampled_from(Strategy),
            "beam_width": st.integers(1, 100_000),
            "branch_and_bound": some(
                BranchAndBoundSpec, nodes=st.integers(1, 10**10), seconds=st.floats(1e-6, 1e6)
            ),
            "evolution": some(
                EvolutionSpec,
                designs=st.integers(1, 10**8),
                population=st.integers(2, 10_000),
                patience=st.integers(1, 10_000),
                restarts=st.integers(0, 1000),
                seed=few,
            ),
            "panel": st.none() | panels,
            "order_sheet": st.none() | sheets,
            "priority": st.sampled_from(JobPriority),
            "time_limit_seconds": st.none() | st.floats(1e-6, 1e300),
        },
    ),
)

members = st.builds(PanelMember, name=names, cost=numbers, is_owned=st.booleans(), design_count=few)
found_panels = st.builds(
    Panel,
    kind=st.sampled_from(PanelKind),
    members=st.lists(members, min_size=1, max_size=2),
    cost=numbers,
    design_count=few,
    worth_share=st.floats(0, 1),
    cost_saved=maybe,
    proof=st.none()
    | st.builds(PanelProof, is_proven=st.booleans(), greedy=numbers, bound=maybe, gap=maybe),
)
order_counts = st.builds(
    OrderCount,
    order=few,
    possible_count=counts,
    evaluated_count=counts,
    excluded_count=counts,
    pruned_count=counts,
    infeasible_count=counts,
)
search_reports = st.builds(
    SearchReport,
    strategy=st.sampled_from(Strategy),
    kernel=st.none() | names,
    edit_count=counts,
    orders=st.lists(order_counts, min_size=1, max_size=2),
    seconds=numbers,
    designs_per_second=numbers,
    worker_count=few,
    shard_count=few,
    proposal_count=few,
    beam_recall=st.lists(
        st.builds(BeamRecall, order=few, best_count=few, found_count=few), max_size=2
    ),
    proof=st.none()
    | st.builds(
        SearchProof, is_proven=st.booleans(), node_count=counts, bound_left=maybe, gap=maybe
    ),
    shrinkage=st.lists(
        st.builds(
            Shrinkage,
            label=names,
            center=numbers,
            chosen_center=numbers,
            slope=numbers,
            design_count=few,
        ),
        max_size=2,
    ),
    panel=st.none() | found_panels,
    notes=st.lists(names, max_size=2),
)
search_jobs = st.builds(
    SearchJob,
    id=names,
    state=st.sampled_from(JobState),
    spec=search_specs,
    create_time=times,
    start_time=st.none() | times,
    end_time=st.none() | times,
    fraction=st.floats(0, 1),
    estimated_seconds_left=st.none() | st.floats(0, 1e9),
    attempt_count=few,
    queue_position=st.none() | few,
    expected_start_seconds=st.none() | st.floats(0, 1e9),
    report=st.none() | search_reports,
    error=st.none() | problems,
    queue_reason=st.none() | texts,
)
proposal_labels = st.builds(
    ProposalLabel,
    name=names,
    unit=names,
    sign_disagrees=st.booleans(),
    shrunk_mean=maybe,
    **dict.fromkeys(
        (
            "compose_mean",
            "compose_sd",
            "intact_mean",
            "intact_sd",
            "expected_neutral",
            "interaction",
        ),
        numbers,
    ),
)
proposals = st.builds(
    Proposal,
    rank=few,
    check_rank=few,
    genotype=names,
    order=few,
    value=numbers,
    check_value=numbers,
    check_is_feasible=st.booleans(),
    is_pareto=st.booleans(),
    design_support=counts,
    edit_support=st.none() | counts,
    pair_support=st.none() | counts,
    is_new_combination=st.booleans(),
    labels=st.lists(proposal_labels, min_size=1, max_size=2),
)
