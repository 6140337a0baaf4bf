"""Loss terms that read parameters of the model instead of a batch: penalties that thin it out.

Their weight stays as given under `weighting = uncertainty`, which learns how noisy a term of the
data is; a penalty has no noise, and its weight would grow as it shrinks.
"""

from typing import Annotated, Literal

from pydantic import Field

from service.contract.loss_terms import AboveZero, Need, TermSpec, Weight


class L1Term(TermSpec):
    """Mean size of the shifts: of all edits and all latent dimensions.

    Small, no exact zeros. The head can make up for small shifts by growing; c_node reads both.
    """

    formula = "mean over edits and dimensions of |s_ed|"
    needs = (Need.PARAMETERS,)
    source = ("Tibshirani 1996, doi:10.1111/j.2517-6161.1996.tb02080.x",)

    name: Literal["l1"] = "l1"
    weight: Weight = 0.1


class GroupLassoTerm(TermSpec):
    """Mean length of the shifts: a group is an edit's row, so that an edit shrinks as a whole.

    Small, no exact zeros. The head can make up for small shifts by growing; c_node reads both.
    """

    formula = "mean over edits of |s_e| / sqrt(D)"
    needs = (Need.PARAMETERS,)
    source = ("Yuan and Lin 2006, doi:10.1111/j.1467-9868.2005.00532.x",)

    name: Literal["group_lasso"] = "group_lasso"
    weight: Weight = 0.1


class CNodeTerm(TermSpec):
    """Summed strength of all paths from an edit over its shift through the head to a label.

    The attention among edits is no part of it. The head has to be linear or mlp: a quadratic one
    has no weight from a dimension to a label.
    """

    formula = "mean over edits and labels of |S| |W_1| ... |W_L|, summed over the head's paths"
    needs = (Need.PARAMETERS,)
    source = ("Aliee, Theis and Kilbertus 2021, arXiv:2106.12430",)

    name: Literal["c_node"] = "c_node"
    weight: Weight = 0.1


class HardConcreteTerm(TermSpec):
    """Gates before the head, one a latent dimension, and the share of them that is open.

    The head reads g * z. Gates are drawn for each step of the training; what is kept has them in
    the head's weights, a closed one as zeros. They all start open, and learn ten times as fast
    as the weights.
    """

    formula = (
        "mean over dimensions of P(g_d > 0) = 1 / (1 + exp(-(a_d - temperature log(-low / high))))"
    )
    needs = (Need.PARAMETERS,)
    source = ("Louizos, Welling and Kingma 2018, arXiv:1712.01312",)

    name: Literal["hard_concrete"] = "hard_concrete"
    weight: Weight = 0.1
    temperature: Annotated[
        AboveZero, Field(description="below 1, drawn gates are mostly near 0 or 1")
    ] = 2.0 / 3.0
    low: Annotated[
        float, Field(ge=-10, lt=0, description="lower end of a gate before it is cut to 0..1")
    ] = -0.1
    high: Annotated[
        float, Field(gt=1, le=11, description="upper end of a gate before it is cut to 0..1")
    ] = 1.1


class PathReg(TermSpec):
    """How many paths through the gates of all layers are open."""

    formula = "mean over inputs and outputs of |M_1| |M_2| ... |M_L|, M_l the gates of layer l"
    needs = (Need.PARAMETERS,)
    refusal = (
        "counts open paths through gates in every layer, and the models here have gates before the "
        "head alone: name hard_concrete, or c_node for paths of weights"
    )
    source = ("Aliee et al. 2022, arXiv:2210.14672",)

    name: Literal["path_reg"] = "path_reg"


PenaltyTerm = L1Term | GroupLassoTerm | CNodeTerm | HardConcreteTerm
