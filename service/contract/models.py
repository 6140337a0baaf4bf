"""Model specs: what can be trained. Every spec states its formula and source."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from service.contract.latent_models import LatentModelSpec


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Penalty = Annotated[float, Field(gt=0, allow_inf_nan=False)] | None


class TrainMeanSpec(_Spec):
    """The mean of the training labels, whatever the design.

    Source: Ahlmann-Eltze, Huber and Anders 2025, doi:10.1038/s41592-025-02772-6.
    """

    kind: Literal["train_mean"] = "train_mean"


class PairMeanSpec(_Spec):
    """y = mean over the pairs of the design of m_ij, the mean of training designs with i and j.

    Where training holds none of the pairs: mean over its edits of m_i; without any, the training
    mean. Source: Park and Marcotte 2012, doi:10.1038/nmeth.2259.
    """

    kind: Literal["pair_mean"] = "pair_mean"


class NearestDesignSpec(_Spec):
    """The mean label of the training design that shares most edits (Jaccard); ties are averaged.

    Source: Cover and Hart 1967, doi:10.1109/TIT.1967.1053964.
    """

    kind: Literal["nearest_design"] = "nearest_design"


class EditFrequencySpec(_Spec):
    """How often the edits of a design occur in training: a null that never sees a label.

    y = mean over its edits of their share of the training observations, standardised. Source: the
    selection bias of Park and Marcotte 2012, doi:10.1038/nmeth.2259.
    """

    kind: Literal["edit_frequency"] = "edit_frequency"


class AdditiveSpec(_Spec):
    """Ridge regression on edits: y = b + sum_e r_kind(level_e) * w_e, in closed form.

    `penalty` is ridge's lambda on the standardised label; None selects it by leave-one-out
    error among 13 values between 0.01 and 10,000.
    """

    kind: Literal["additive"] = "additive"
    penalty: Penalty = None


class SaturatingSpec(_Spec):
    """Additive, with a level for each size, and effects that add up less in larger designs.

    y = b + sum_k step_k clamp(n - k, 0, 1) + max(n, 1)^-exponent * sum_e r_kind(level_e) * w_e

    n = sum_e r_kind(level_e) is the number of edits where levels are not given. Ridge regression;
    its penalty, and the exponent (0, 0.25, 0.5, 0.75 or 1), have the least leave-one-out error, and
    where sizes help nothing it is `additive`. Source: Golub, Heath and Wahba 1979,
    doi:10.1080/00401706.1979.10489751 (the selection).
    """

    kind: Literal["saturating"] = "saturating"


class FeatureRidgeSpec(_Spec):
    """Ridge regression on sums of gene features: y = b + sum_e r_kind(level_e) * x_e.w.

    x_e are the standardised features of the gene of e, in the block of what is done to it, and its
    kind. It needs a gene table with features, and predicts genes without data. `penalty` as in
    `additive`, on w. Source: Hoerl and Kennard 1970, doi:10.1080/00401706.1970.10488634.
    """

    kind: Literal["feature_ridge"] = "feature_ridge"
    penalty: Penalty = None


class MultiplicativeSpec(_Spec):
    """Effects multiply: log y = b + sum_e r_kind(level_e) * w_e, by ridge regression.

    Labels at or below 0 are an error, unless `floor` (in the label's unit) says what they, and
    all below it, count as. `penalty` as in `additive`. Not for interaction labels. Source: Mani et
    al. 2008, doi:10.1073/pnas.0712255105.
    """

    kind: Literal["multiplicative"] = "multiplicative"
    penalty: Penalty = None
    floor: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class PairwiseSpec(_Spec):
    """Higher orders from measured pairs and singles: f_ij f_ik f_jk / (f_i f_j f_k).

    f is the label over the reference's. In general, the product of the pairs over that of the
    singles to the power of order - 2; rule `min` takes the least of the pairs. A pair that was not
    measured is f_i f_j (`min`: the lesser of them), a single that of a multiplicative ridge model.
    Labels below 0 are an error. Not for interaction labels. An ensemble of one has all measured
    pairs; each member of a larger one lacks those of its fold. Source: Kirkwood 1935,
    doi:10.1063/1.1749657; Mani et al. 2008, doi:10.1073/pnas.0712255105.
    """

    kind: Literal["pairwise"] = "pairwise"
    rule: Literal["product", "min"] = "product"


class GeneKernelSpec(_Spec):
    """Pairs of genes that are near such pairs: kernel ridge on a Kronecker product of gene kernels.

    y = b + sum over pairs i < j of r_i r_j z_i'M z_j; z_i.z_j is the kernel of two edits: `reach`
    says how far a gene network's diffusion kernel reaches, (1 - reach S)^-1; `feature_weight`
    times the product of standardised features is added to it. M has the penalty `penalty`; None
    selects it, on folds of genes, by how well pairs of unseen genes are predicted. Designs that
    are no pairs add a ridge on sums of features. `rank` bounds the coordinates of a gene. Source:
    Stock et al. 2018, doi:10.1162/neco_a_01096; Smola and Kondor 2003.
    """

    kind: Literal["gene_kernel"] = "gene_kernel"
    reach: Annotated[float, Field(gt=0, lt=1)] = 0.95
    feature_weight: Annotated[float, Field(ge=0, le=100)] = 0.1
    rank: Annotated[int, Field(ge=1, le=2000)] = 1000
    penalty: Penalty = None


class LowRankSpec(_Spec):
    """Additive, and r_i r_j Z_ij for every pair; Z completes the matrix of measured pairs.

    Z minimises 1/2 |P(X - Z)|^2 + penalty |Z|_* with at most `rank` eigenvalues, where X are the
    residuals of the additive model. `penalty` None selects it on a tenth of the pairs. Source:
    Mazumder, Hastie and Tibshirani 2010, JMLR 11:2287-2322 (soft-impute).
    """

    kind: Literal["low_rank"] = "low_rank"
    rank: Annotated[int, Field(ge=1, le=1000)] = 200
    penalty: Penalty = None


class ProfileKnnSpec(_Spec):
    """Additive, and for every pair the mean residual of the edits with the most similar profiles.

    The profile of an edit is the row of its measured pairs, less the additive model; similarity
    is their cosine. Source: Sarwar et al. 2001, doi:10.1145/371920.372071; Costanzo et al. 2010,
    doi:10.1126/science.1180823.
    """

    kind: Literal["profile_knn"] = "profile_knn"
    neighbors: Annotated[int, Field(ge=1, le=1000)] = 20


class ProfileGpSpec(_Spec):
    """Additive, and a Gaussian process on pairs in which edits covary as their profiles are alike.

    cov(f_ij, f_kl) = K_ik K_jl + K_il K_jk, with K_ij = 0.9 s_i s_j exp((c_ij - 1) / length) + 0.1
    [i = j], c the cosine of rows of the completed matrix of pairs, and s_i^2 the relative length of
    row i. That matrix is first the one of `low_rank`, then in each of the `rounds` the posterior
    mean of f, of which the `rank` greatest eigenvalues are kept. Length and noise are selected on a
    tenth of the pairs. Source: Rasmussen and Williams 2006, equation 2.25; Yu and Chu 2008, NIPS 20
    (Gaussian process models for link analysis); Costanzo et al. 2010, doi:10.1126/science.1180823.
    """

    kind: Literal["profile_gp"] = "profile_gp"
    rank: Annotated[int, Field(ge=1, le=1000)] = 200
    rounds: Annotated[int, Field(ge=1, le=10)] = 2


class ForestSpec(_Spec):
    """Random forest on effects: mean over bootstrapped trees of the mean label of a leaf.

    `max_features` is the share of edits tried at a split. At most `max_rows` observations, drawn
    at random, grow a member's forest. Source: Breiman 2001, doi:10.1023/A:1010933404324.
    """

    kind: Literal["forest"] = "forest"
    trees: Annotated[int, Field(ge=1, le=5000)] = 200
    max_depth: Annotated[int | None, Field(ge=1, le=1000)] = None
    min_samples_leaf: Annotated[int, Field(ge=1, le=100_000)] = 1
    max_features: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_rows: Annotated[int, Field(ge=2, le=1_000_000)] = 20_000


class GpSpec(_Spec):
    """Gaussian process on sets of edits that knows how large they are.

    k(a, b) = bias + linear a.b / (n_a n_b)^saturation + rough exp(-|a - b|^2 / (2 length^2))
    + overlap a.b / (|a|^2 + |b|^2 - a.b) + size exp(-(n_a - n_b)^2 / (2 size_length^2))

    a and b are effects of edits, n their sum: the number of edits where levels are not given, and
    |a - b|^2 a Hamming distance. Hyperparameters maximise the marginal likelihood, times a wide
    prior, of at most `max_selection_rows` observations, and at most `max_rows` are conditioned on,
    both drawn at random. Without `sizes`, saturation, overlap and size are 0. Source: Rasmussen and
    Williams 2006, equations 2.25, 5.8 and 5.9; Ralaivola et al. 2005,
    doi:10.1016/j.neunet.2005.07.009 (overlap).
    """

    kind: Literal["gp"] = "gp"
    sizes: bool = True
    max_rows: Annotated[int, Field(ge=2, le=10_000)] = 2000
    max_selection_rows: Annotated[int, Field(ge=2, le=5000)] = 500


AveragedKind = Literal[
    "additive",
    "saturating",
    "low_rank",
    "profile_knn",
    "profile_gp",
    "nearest_design",
    "forest",
    "gp",
]
"""What `average` is made of: models of standardised labels that read no genes."""


class AverageSpec(_Spec):
    """The mean of several models, each with its defaults and fitted on the same observations.

    y = 1 / M * sum_m y_m, over the M `models`, each named once. Source: Bates and Granger 1969,
    doi:10.1057/jors.1969.103; Krogh and Vedelsby 1995, NIPS 7.
    """

    kind: Literal["average"] = "average"
    models: Annotated[tuple[AveragedKind, ...], Field(min_length=2)] = ("forest", "gp")

    @field_validator("models")
    @classmethod
    def _once(cls, models: tuple[AveragedKind, ...]) -> tuple[AveragedKind, ...]:
        if len(set(models)) < len(models):
            raise ValueError("each model is named once: the mean has no weights")
        return models


ClassicalSpec = (
    TrainMeanSpec
    | PairMeanSpec
    | NearestDesignSpec
    | EditFrequencySpec
    | AdditiveSpec
    | SaturatingSpec
    | FeatureRidgeSpec
    | MultiplicativeSpec
    | PairwiseSpec
    | GeneKernelSpec
    | LowRankSpec
    | ProfileKnnSpec
    | ProfileGpSpec
    | ForestSpec
    | GpSpec
    | AverageSpec
)
"""Models without a latent space: one reading, fitted at once, one label at a time."""

GENE_KINDS = frozenset({"feature_ridge", "gene_kernel", "gene_graph"})
"""Models that are made of what is known of genes: without a gene table there is none."""

FittedSpec = ClassicalSpec | LatentModelSpec
"""What is fitted, scored and stored."""
