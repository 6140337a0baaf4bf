"""Which models have an ONNX form, and what the files of an exported model are called."""

from service.contract.latent_models import PerturbationSetSpec
from service.contract.manifests import ModelManifest
from service.contract.models import AdditiveSpec
from service.contract.training import UpperBound

MANIFEST_FILE = "manifest.json"
WEIGHTS_FILE = "weights.safetensors"
ONNX_FILE = "model.onnx"
EXAMPLE_FILE = "example.py"
README_FILE = "README.md"

_ADDITIVE, _PERTURBATION_SET = AdditiveSpec().kind, PerturbationSetSpec().kind
ONNX_KINDS = (_ADDITIVE, _PERTURBATION_SET)


def no_onnx_form(manifest: ModelManifest) -> str | None:
    """Why a model cannot be written as ONNX; None for one that can."""
    if manifest.model_kind not in ONNX_KINDS:
        return (
            f"a model of kind {manifest.model_kind} has no ONNX form; models of kind "
            f"{' and '.join(ONNX_KINDS)} have one"
        )
    differences = [label.name for label in manifest.labels if label.measure is not None]
    if differences and manifest.model_kind == _PERTURBATION_SET:
        return (
            f"interaction labels ({', '.join(differences)}) are mixed differences over the subsets "
            f"of a design, which have no ONNX form in a model of kind {_PERTURBATION_SET}"
        )
    if manifest.training_spec.get("upper_bound", UpperBound.NONE) != UpperBound.NONE:
        return "readings that an upper_bound keeps down to measured designs have no ONNX form"
    return None
