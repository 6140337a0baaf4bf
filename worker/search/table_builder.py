"""Screen tables of a model: its heads, taken apart at the composed state."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from service.contract.designs import Design, Edit
from service.contract.training import Transform
from worker.inference.ensembles import BoundedEnsemble, NetworkEnsemble
from worker.inference.predictor import Predictor
from worker.models.encoding import DesignBatch
from worker.models.latent_network import LatentNetwork
from worker.search.bound_tables import bound_table, bound_triples
from worker.search.head_tables import EditStates, inner_parts, outside_parts, unit_parts
from worker.search.tables import ScreenLabel, ScreenTables, SizeTables, UnitTables

MAX_ORDER = 3


class NotScreenableError(ValueError):
    """The model, or the order, is none that can be read from tables."""


def screen_tables(
    predictor: Predictor, edits: Sequence[Edit], order: int, fixed: Sequence[Edit] = ()
) -> ScreenTables:
    """Tables for all sets of `order` of the edits beside the fixed ones, as y_compose reads them.

    Raises:
        NotScreenableError: the model has no latent space, or the order is not 1 to 3.
        KeyError: an edit is not in the model's vocabulary.
    """
    ensemble = predictor.ensemble
    bounds = ensemble.bounds if isinstance(ensemble, BoundedEnsemble) else {}
    inner = ensemble.inner if isinstance(ensemble, BoundedEnsemble) else ensemble
    if not isinstance(inner, NetworkEnsemble):
        raise NotScreenableError(
            f"a model of kind {predictor.manifest.model_kind} has no latent space to screen: "
            "take the strategy batched or beam"
        )
    rows, fixed_rows = _rows(predictor, edits), _rows(predictor, fixed)
    tables = network_tables(inner.members, _labels(predictor), rows, fixed_rows, order)
    found = {y: bound_table(bound, rows, fixed_rows, order) for y, bound in bounds.items()}
    triple = {}
    if order == MAX_ORDER and fixed:  # a measured triple is then a part of a design
        triple = {y: bound_triples(bound, rows) for y, bound in bounds.items()}
    return replace(tables, bound=found, triple=triple)


def latent_tables(
    predictor: Predictor, edits: Sequence[Edit], order: int, fixed: Sequence[Edit] = ()
) -> ScreenTables:
    """As `screen_tables`, of any order, for a model that is read from its head alone.

    Raises:
        NotScreenableError: the model has no latent space, or is held to what was measured.
        KeyError: an edit is not in the model's vocabulary.
    """
    ensemble = predictor.ensemble
    if isinstance(ensemble, BoundedEnsemble):
        raise NotScreenableError(
            "a model that is held to what was measured of lower orders has no bounds of larger ones"
        )
    if not isinstance(ensemble, NetworkEnsemble):
        raise NotScreenableError(
            f"a model of kind {predictor.manifest.model_kind} has no latent space to bound"
        )
    rows, fixed_rows = _rows(predictor, edits), _rows(predictor, fixed)
    return network_tables(ensemble.members, _labels(predictor), rows, fixed_rows, order, most=order)


def _labels(predictor: Predictor) -> list[ScreenLabel]:
    return [
        ScreenLabel(label.name, label.spread, label.center, label.transform is Transform.LOG)
        for label in predictor.manifest.labels
    ]


def _rows(predictor: Predictor, edits: Sequence[Edit]) -> DesignBatch:
    return predictor.encode([Design.of([edit]) for edit in edits])


@torch.inference_mode()
def network_tables(
    members: Sequence[LatentNetwork],
    labels: Sequence[ScreenLabel],
    edits: DesignBatch,
    fixed: DesignBatch,
    order: int,
    *,
    most: int = MAX_ORDER,
) -> ScreenTables:
    """Tables of networks in float64; edits and fixed edits are designs of one edit each.

    Raises:
        NotScreenableError: the order is not 1 to `most`.
    """
    if not 1 <= order <= most:
        raise NotScreenableError(f"order {order}: tables go from 1 to {most} edits")
    states = [EditStates.of(net, edits, fixed, order) for net in members]
    outside = [outside_parts(state) for state in states]
    return ScreenTables(
        order=order,
        labels=tuple(labels),
        outside_MY=np.stack([constant_Y for constant_Y, _, _ in outside]),
        single_MYE=np.stack([single_YE for _, single_YE, _ in outside]),
        pair={(m, y): pair_EE for m, part in enumerate(outside) for y, pair_EE in part[2].items()},
        bound={},
        sizes=_sizes(states),
        units=_units(states),
    )


def _sizes(states: Sequence[EditStates]) -> SizeTables | None:
    parts = [inner_parts(state) for state in states]
    known = [part for part in parts if part is not None]
    return SizeTables(*map(np.stack, zip(*known, strict=True))) if known else None


def _units(states: Sequence[EditStates]) -> UnitTables | None:
    parts = [unit_parts(state) for state in states]
    known = [part for part in parts if part is not None]
    if not known:
        return None
    base, edit, second_base, second_weight, output = zip(*known, strict=True)
    has_second = second_base[0] is not None
    return UnitTables(
        is_gelu=states[0].net.head.activation == "gelu",
        base_MH=np.stack(base),
        edit_MEH=np.stack(edit),
        second_base_MG=np.stack(second_base) if has_second else None,
        second_weight_MGH=np.stack(second_weight) if has_second else None,
        output_MYH=np.stack(output),
    )
