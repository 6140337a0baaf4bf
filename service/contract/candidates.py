"""`auto`, which chooses among models: the candidates, the simplest first, and what decides."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.contract.models import FittedSpec


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


CandidateKind = Literal[
    "additive",
    "saturating",
    "feature_ridge",
    "multiplicative",
    "pairwise",
    "low_rank",
    "profile_knn",
    "profile_gp",
    "gene_kernel",
    "nearest_design",
    "forest",
    "gp",
    "perturbation_set",
    "gene_graph",
]
"""What `auto` chooses among, the simplest first.

One number an edit or a feature; then numbers for pairs of edits; then whole designs or trees of
them, which no list of effects explains; then networks.
"""


class AutoSpec(_Spec):
    """The simplest candidate within one standard error of the best is trained.

    Every candidate, with its defaults, is fitted without a fold of the training part and asked for
    it; folds are cut as the test part is (by design, by gene, forward in time). `criterion`:
    `spearman` (mean over folds and labels, because designs are put in an order) or `mse` (on the
    standardised label). The standard error is of the difference to the best, by a jackknife over
    design groups. `candidates` None takes all that fit the labels, in the order of simplicity
    additive, saturating, feature_ridge, multiplicative, pairwise, low_rank, profile_knn,
    profile_gp, gene_kernel, nearest_design, forest, gp, perturbation_set, gene_graph. Source:
    Breiman et al. 1984, Classification and Regression Trees, 3.4.3; Hastie, Tibshirani and Friedman
    2009, 7.10, doi:10.1007/978-0-387-84858-7.
    """

    kind: Literal["auto"] = "auto"
    candidates: Annotated[tuple[CandidateKind, ...], Field(min_length=1)] | None = None
    criterion: Literal["spearman", "mse"] = "spearman"
    folds: Annotated[int, Field(ge=2, le=20)] = 5


ModelSpec = Annotated[FittedSpec | AutoSpec, Field(discriminator="kind")]
"""What a training job can name."""
