"""The same model in another order."""

import hashlib

import torch
from safetensors.torch import load, save

from service.contract.manifests import vocabulary_sha256

OF_EACH_EDIT = {
    *("neutral.weight_YE", "additive.weight_MYE"),
    *("support.edit_count", "support.effect_min", "support.effect_max"),
}


def packed(model, tensors, **changes):
    """Weights and manifest of a model with other tensors."""
    weights = save(tensors)
    changes["weights_sha256"] = hashlib.sha256(weights).hexdigest()
    return weights, model.manifest.model_copy(update=changes)


def permuted_model(model, order):
    """The same model with its edits in another order: manifest and weights together."""
    manifest, tensors = model.manifest, load(model.weights)
    for name in list(tensors):
        if name.endswith("shift_ED"):
            tensors[name] = tensors[name][[0, *(i + 1 for i in order)]]
        elif name in OF_EACH_EDIT:
            tensors[name] = tensors[name][..., order].contiguous()
        elif name in {"measured.edit_S", "designs.edit_J"}:
            tensors[name] = torch.tensor(order).argsort()[tensors[name]]
    edits = [manifest.edits[i] for i in order]
    assert vocabulary_sha256(manifest.loci, edits) == manifest.vocabulary_sha256
    return packed(model, tensors, edits=edits)


def with_members_permuted(model, order):
    """The same model with its members in another order."""
    tensors = load(model.weights)
    members = {k: v for k, v in tensors.items() if k.startswith("member.")}
    for name, tensor in members.items():
        _, member, rest = name.split(".", 2)
        tensors[f"member.{order.index(int(member))}.{rest}"] = tensor
    return packed(model, tensors)
