"""Loss terms of cells: batches that mix, clusters that are tight and full, velocities that hold.

Source of all: DiffBio 0.1.9 (https://github.com/avitai/DiffBio), whose values and gradients
`compat="diffbio"` of the functions in worker/losses reproduces. What differs here is said there.
"""

from typing import Annotated, Literal

from pydantic import Field

from service.contract.loss_terms import AboveZero, Need, TermSpec, Weight

_DIFFBIO = "DiffBio 0.1.9, https://github.com/avitai/DiffBio"
NotBelowZero = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class BatchMixingTerm(TermSpec):
    """Latent states z_I next to one another should come from every batch (plate, cycle).

    Batches are what a covariate of the role batch tells apart, known at design; with several
    covariates it is their mean. 0 where every row sees its own batch alone, -1 where each
    neighbourhood has the shares of the whole. Scaling the latent changes nothing. Rows without a
    batch are left out. It takes out of the latent what tells batches apart, biology too where
    batches were given different designs.
    """

    formula = (
        "-mean_i H(p_i) / H(shares of the batches), p_ib = sum of w_ij over j in b / sum of w_ij "
        "over j != i, w_ij = 1 / (1 + exp(-(1 - D_ij / s_i) / t)), D the squared distance, s_i "
        "that to the k-th nearest"
    )
    needs = (Need.LATENT, Need.BATCHES)
    source = (_DIFFBIO, "Haghverdi et al. 2018, doi:10.1038/nbt.4091")

    name: Literal["batch_mixing"] = "batch_mixing"
    weight: Weight = 0.1
    n_neighbors: Annotated[
        int, Field(ge=1, le=10_000, description="k; all other rows where there are fewer")
    ] = 15
    temperature: Annotated[
        AboveZero, Field(description="t, how soft a neighbourhood's edge is, as a share of s")
    ] = 0.05


class ClusteringCompactness(TermSpec):
    """Cells near the centroids of their clusters, centroids at least so far from one another.

    v_k = m_k / (m_k + 1), m_k the sum of the assignments: an empty cluster has no say.
    """

    formula = (
        "sum of a_ik |z_i - C_k|^2 / S^2 / sum of a_ik + weight * mean over k != l of v_k v_l 0.1 "
        "log(1 + exp((1 - |C_k - C_l| / S) / 0.1))"
    )
    needs = (Need.LATENT, Need.ASSIGNMENTS)
    refusal = (
        "scores cells that are assigned to clusters, and designs are assigned to none: name supcon "
        "for classes of a label"
    )
    source = (_DIFFBIO,)

    name: Literal["clustering_compactness"] = "clustering_compactness"
    separation_weight: Annotated[
        NotBelowZero, Field(description="weight of the separation, beside the compactness")
    ] = 1.0
    min_separation: Annotated[
        AboveZero, Field(description="S, how far apart is enough, in units of the latent")
    ] = 1.0


class VelocityConsistency(TermSpec):
    """A cell should go where its velocity points, and as far. Units cancel."""

    formula = (
        "cosine_weight * mean (1 - cos(v dt, a)) + magnitude_weight * mean (|v dt| - |a|)^2 / mean "
        "|a|^2, a the step to the future state"
    )
    needs = (Need.VELOCITIES,)
    refusal = "scores velocities of cells, and designs have none: leave it out"
    source = (_DIFFBIO,)

    name: Literal["velocity_consistency"] = "velocity_consistency"
    dt: Annotated[AboveZero, Field(description="time step")] = 0.1
    cosine_weight: Annotated[NotBelowZero, Field(description="weight of the direction")] = 1.0
    magnitude_weight: Annotated[NotBelowZero, Field(description="weight of the length")] = 1.0


_NO_CLUSTERS = "scores assignments to clusters, and designs are assigned to none: leave it out"


class ShannonDiversity(TermSpec):
    """Clusters should be equally full: entropy of the mean assignment q, over its largest."""

    formula = "1 + sum_k q_k log q_k / log K"
    needs = (Need.ASSIGNMENTS,)
    refusal = _NO_CLUSTERS
    source = (_DIFFBIO, "Shannon 1948, doi:10.1002/j.1538-7305.1948.tb01338.x")

    name: Literal["shannon_diversity"] = "shannon_diversity"


class SimpsonDiversity(TermSpec):
    """Clusters should be equally full: chance that two cells are of one, of the mean assignment."""

    formula = "(K sum_k q_k^2 - 1) / (K - 1)"
    needs = (Need.ASSIGNMENTS,)
    refusal = _NO_CLUSTERS
    source = (_DIFFBIO, "Simpson 1949, doi:10.1038/163688a0")

    name: Literal["simpson_diversity"] = "simpson_diversity"


CELL_TERMS: tuple[type[TermSpec], ...] = (
    BatchMixingTerm,
    ClusteringCompactness,
    VelocityConsistency,
    ShannonDiversity,
    SimpsonDiversity,
)
