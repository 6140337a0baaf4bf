"""Models without a latent space that are made of no other: what each is, and how it is fitted."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from worker.models.edit_effects import (
    EditEffects,
    Multiplicative,
    fit_edit_effects,
    fit_feature_ridge,
    fit_multiplicative,
)
from worker.models.edit_frequency import EditFrequency, fit_edit_frequency
from worker.models.forest import Forest, fit_forest
from worker.models.gene_kernel import GeneKernel, fit_gene_kernel
from worker.models.gp import GaussianProcess, fit_gp
from worker.models.low_rank import LowRank, fit_low_rank
from worker.models.nearest_design import NearestDesign, fit_nearest_design
from worker.models.pair_mean import PairMean, fit_pair_mean
from worker.models.pairwise import Pairwise, fit_pairwise
from worker.models.profile_gp import ProfileGp, fit_profile_gp
from worker.models.profile_knn import ProfileKnn, fit_profile_knn
from worker.models.saturating import Saturating, fit_saturating_effects
from worker.models.stored import StoredModel
from worker.models.train_mean import TrainMean, fit_train_mean


class Kind(NamedTuple):
    """A model that can be named; its fit takes the fields of the spec by name.

    `learns_ratios`: it takes labels in their unit, where a ratio has a meaning, and gives them back
    so; the others take standardised ones. `reads_genes`: it needs features of genes.
    """

    model: type[StoredModel]
    fit: Callable[..., StoredModel]
    learns_ratios: bool = False
    reads_genes: bool = False


SINGLE_KINDS: Mapping[str, Kind] = {
    "train_mean": Kind(TrainMean, fit_train_mean),
    "pair_mean": Kind(PairMean, fit_pair_mean),
    "nearest_design": Kind(NearestDesign, fit_nearest_design),
    "edit_frequency": Kind(EditFrequency, fit_edit_frequency),
    "additive": Kind(EditEffects, fit_edit_effects),
    "saturating": Kind(Saturating, fit_saturating_effects),
    "feature_ridge": Kind(EditEffects, fit_feature_ridge, reads_genes=True),
    "multiplicative": Kind(Multiplicative, fit_multiplicative, learns_ratios=True),
    "pairwise": Kind(Pairwise, fit_pairwise, learns_ratios=True),
    "gene_kernel": Kind(GeneKernel, fit_gene_kernel, reads_genes=True),
    "low_rank": Kind(LowRank, fit_low_rank),
    "profile_knn": Kind(ProfileKnn, fit_profile_knn),
    "profile_gp": Kind(ProfileGp, fit_profile_gp),
    "forest": Kind(Forest, fit_forest),
    "gp": Kind(GaussianProcess, fit_gp),
}
