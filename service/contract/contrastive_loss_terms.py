"""Contrastive loss terms: some pairs of latent states near one another, all others apart."""

from typing import Annotated, Literal

from pydantic import Field

from service.contract.loss_terms import Need, TermSpec, Weight

Temperature = Annotated[float, Field(ge=1e-6, le=100, description="t, divides the similarities")]
LatentSimilarity = Annotated[
    Literal["neg_l2", "cosine"], Field(description="s, how alike two latent states are")
]


class InfonceTerm(TermSpec):
    """InfoNCE between z_I - z_W and z_P: which sum of shifts is this design's?

    The two readings of one design are a pair, the z_P of all other designs of the batch its
    negatives; rows of the same design are none, and designs without edits are left out. With
    neg_l2 it is InfoNCE between z_I and z_W + z_P: a composition loss that shrinking the latent
    does not lower. It pushes any two designs apart, equal labels or not, which supcr may oppose.
    """

    formula = (
        "mean over i of -log( exp(s_ii / t) / (exp(s_ii / t) + sum over n of another design of "
        "exp(s_in / t)) ), s_in between z_I - z_W of i and z_P of n; symmetric: 1/2 of it and of "
        "the same with s_ni"
    )
    needs = (Need.LATENT,)
    source = (
        "van den Oord et al. 2018, arXiv:1807.03748",
        "Radford et al. 2021, arXiv:2103.00020",
    )

    name: Literal["infonce"] = "infonce"
    weight: Weight = 0.1
    temperature: Temperature = 1.0
    similarity: LatentSimilarity = "neg_l2"
    symmetric: Annotated[bool, Field(description="both directions: z_P asks for its z_I too")] = (
        True
    )


class SupconTerm(TermSpec):
    """SupCon, the "out" form, over z_P and z_I, summed: strains of one bin of a label together.

    The bins are quantiles of the training labels; a value on which a quantile falls because many
    strains share it (a dead strain's 0) is a class of its own, so that a label of two values has
    two classes. Bins have no order: two that are neighbours are pushed as far apart as any. For
    graded labels supcr keeps more; this is for labels that fall into classes, viability first.
    """

    formula = (
        "mean over i with P(i) of -1/|P(i)| sum over p in P(i) of log( exp(s_ip / t) / sum over "
        "k != i of exp(s_ik / t) ), P(i) the others of i's bin"
    )
    needs = (Need.LATENT, Need.TRAINING_LABELS)
    source = ("Khosla et al. 2020, arXiv:2004.11362",)

    name: Literal["supcon"] = "supcon"
    weight: Weight = 0.1
    temperature: Temperature = 1.0
    similarity: LatentSimilarity = "neg_l2"
    bins: Annotated[int, Field(ge=2, le=100, description="bins of as many training labels")] = 4


class MultiLatent(TermSpec):
    """SupCon in several latent spaces at once, a plane for each class of cells.

    As published (label) all spaces have the same positives, and nothing ties a space to its class;
    one_vs_rest does.
    """

    formula = (
        "sum over spaces k of SupCon, cosine in space k, whose positives are rows with the same "
        "y (label) or the same [y = k] (one_vs_rest)"
    )
    needs = (Need.LATENT,)
    refusal = (
        "reads a latent of one plane for each class, and the models here have one latent space: "
        "name supcon"
    )
    source = ("Khosla et al. 2020, arXiv:2004.11362",)

    name: Literal["multi_latent"] = "multi_latent"
    temperature: Temperature = 0.1
    positives: Annotated[
        Literal["label", "one_vs_rest"], Field(description="which rows are positives in a space")
    ] = "label"
    reduction: Annotated[
        Literal["mean", "sum"], Field(description="over the anchors that have a positive")
    ] = "mean"


class SupportInfonce(TermSpec):
    """InfoNCE whose negatives are drawn where the anchor's positive could have been drawn from.

    Where positives never vary a direction, plain InfoNCE prefers a latent that squeezes it. This
    one has all rotations of the true latent among its minimisers, though not them alone.
    """

    formula = (
        "mean over i of -log( exp(s_i / t) / (exp(s_i / t) + sum over m of exp(s_im / t)) ), m the "
        "negatives of anchor i"
    )
    needs = (Need.LATENT, Need.NEGATIVES)
    refusal = (
        "needs negatives drawn from where the positive of each design could be, and a design has "
        "one sum of shifts, with nothing to draw: name infonce"
    )
    source = ("Zaliaduonis et al. 2026, arXiv:2606.04280",)

    name: Literal["support_infonce"] = "support_infonce"
    temperature: Temperature = 0.3
    similarity: Annotated[
        Literal["cosine", "dot", "neg_l2", "neg_l2_squared", "neg_l1"],
        Field(description="s, how alike two latents are"),
    ] = "cosine"
