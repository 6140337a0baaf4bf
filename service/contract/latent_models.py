"""Specs of models with a latent space. Every spec states its formula and source."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PerturbationSetSpec(_Spec):
    """z_P = sum of shifts; z_I = z_W + z_P + attention among the edited loci.

    The attention's output projection starts at zero, so that the model nests the additive one
    and what it adds is the interaction. Both readings h(z_W + z_P) and h(z_I) are supervised.
    With a gene table shifts are projected features and a learned part; `network_dim` are the
    coordinates that a gene has in each network used. Without one and with `saturates` the head
    reads the size of a design, too, and starts with what an additive model gains by it: effects
    count less the more there are, and each size has a level. `activation` is that of an mlp
    head's hidden layers; exact screens of two are faster with `relu`.
    """

    kind: Literal["perturbation_set"] = "perturbation_set"
    latent_dim: Annotated[int, Field(ge=2, le=1024)] = 32
    attention_heads: Annotated[int, Field(ge=1, le=16)] = 4
    attention_layers: Annotated[int, Field(ge=1, le=8)] = 1
    network_dim: Annotated[int, Field(ge=0, le=1024)] = 64
    head: Literal["linear", "quadratic", "mlp"] = "mlp"
    hidden_dim: Annotated[int, Field(ge=2, le=4096)] = 64
    hidden_layers: Annotated[int, Field(ge=1, le=2)] = 1
    activation: Literal["gelu", "relu"] = "gelu"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    saturates: bool = True


class GeneGraphSpec(_Spec):
    """Message passing over gene networks, with doses on the edited genes.

    z_I = z_W + the change of the edited genes' states against the unedited graph; doses reach
    other edited genes along walks of up to `hops` edges of each network. z_P is a sum of shifts of
    an encoder of its own, so that the composition loss is a constraint. Both read features of
    genes, those of their neighbours, and `network_dim` coordinates in each network. It needs a
    network. `activation` is that of an mlp head; messages always pass through GELU. Source: Gilmer
    et al. 2017, arXiv 1704.01212; Frasca et al. 2020, arXiv 2004.11198.
    """

    kind: Literal["gene_graph"] = "gene_graph"
    latent_dim: Annotated[int, Field(ge=2, le=1024)] = 32
    layers: Annotated[int, Field(ge=1, le=8)] = 1
    hops: Annotated[int, Field(ge=1, le=3)] = 2
    network_dim: Annotated[int, Field(ge=0, le=1024)] = 64
    head: Literal["linear", "quadratic", "mlp"] = "mlp"
    hidden_dim: Annotated[int, Field(ge=2, le=4096)] = 64
    hidden_layers: Annotated[int, Field(ge=1, le=2)] = 1
    activation: Literal["gelu", "relu"] = "gelu"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1


class SetTransformerSpec(_Spec):
    """Edits read all genes, and genes read the edits.

    z_I = z_W + z_P + U sum over edits v of |r_v| y_v: every gene attends to the edits of a design
    (or to none of them), and each edit to what that changed of the genes. U is zero at the start.
    The genes are those of the training designs, one token an edit: projected features of a gene
    table, where one is named, and a learned part. Work is edits times genes, for GPU nodes. Source:
    Lee et al. 2019, arXiv 1810.00825, whose inducing points are the genes here.
    """

    kind: Literal["set_transformer"] = "set_transformer"
    latent_dim: Annotated[int, Field(ge=2, le=1024)] = 32
    attention_heads: Annotated[int, Field(ge=1, le=16)] = 4
    attention_layers: Annotated[int, Field(ge=1, le=8)] = 1
    network_dim: Annotated[int, Field(ge=0, le=1024)] = 64
    head: Literal["linear", "quadratic", "mlp"] = "mlp"
    hidden_dim: Annotated[int, Field(ge=2, le=4096)] = 64
    hidden_layers: Annotated[int, Field(ge=1, le=2)] = 1
    activation: Literal["gelu", "relu"] = "gelu"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1


LatentModelSpec = PerturbationSetSpec | GeneGraphSpec | SetTransformerSpec
"""Models with a latent space: two readings of one head."""

LATENT_KINDS: tuple[str, ...] = tuple(
    spec.model_fields["kind"].default
    for spec in (PerturbationSetSpec, GeneGraphSpec, SetTransformerSpec)
)


def no_latent_space(kind: str) -> str:
    """What is said of a model whose states somebody asks for."""
    return (
        f"a model of kind {kind} has no latent space, and nothing of it can be composed; models of "
        f"kind {', '.join(LATENT_KINDS[:-1])} and {LATENT_KINDS[-1]} have one"
    )
