"""Everything that the report's pictures show, collected once a model is trained."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from service.contract.latent_models import LatentModelSpec
from service.contract.report_diagnostics import EpochPoint, ReportDiagnostics
from service.contract.training import TrainingSpec
from worker.data.table import DesignTable
from worker.inference.predictor import Predictor
from worker.training.diagnostics_conflict import term_conflict
from worker.training.diagnostics_designs import ReadPart, design_figures
from worker.training.diagnostics_difference import difference_figures
from worker.training.diagnostics_latent import composition_figures, latent_map
from worker.training.preparation import TrainingData

_NO_EPOCHS = "{kind} is fitted at once: it has no epochs."
_NO_TERMS = "{kind} is fitted in closed form or greedily: no loss terms pull at its weights."
_NO_LATENT = "{kind} has no latent space."
_ONE_READING = "{kind} has one reading: y_intact and y_compose are the same."


def diagnose(
    spec: TrainingSpec,
    table: DesignTable,
    data: TrainingData,
    predictor: Predictor,
    tensors: Mapping[str, Tensor],
    *,
    epochs: Sequence[EpochPoint],
) -> ReportDiagnostics:
    """Of the test part; of the training part where nothing was held out, and it says so."""
    read = ReadPart.of(data, predictor)
    designs = design_figures(table, data, read, spec.seed)
    kind = predictor.manifest.model_kind
    if not isinstance(spec.model, LatentModelSpec):
        reasons = {
            "epochs": _NO_EPOCHS,
            "conflict": _NO_TERMS,
            "composition": _NO_LATENT,
            "differences": _ONE_READING,
            "latent_map": _NO_LATENT,
        }
        left_out = {section: text.format(kind=kind) for section, text in reasons.items()}
        return ReportDiagnostics(designs=designs, left_out=left_out)
    found = ReportDiagnostics(
        designs=designs,
        epochs=list(epochs),
        conflict=term_conflict(data, spec, spec.model, tensors),
        composition=composition_figures(read, spec.seed),
        differences=difference_figures(data, read, spec.seed),
        latent_map=latent_map(data, predictor, spec.seed, spec.report.latent_map),
    )
    return found.model_copy(update={"left_out": _missing(found)})


def _missing(found: ReportDiagnostics) -> dict[str, str]:
    reasons = {
        "epochs": "No epoch was told of.",
        "conflict": "The loss has one term: there is nothing that it could be in conflict with.",
        "composition": "No design has an edit.",
        "differences": "Fewer than five designs have two edits or more.",
        "latent_map": "There are fewer than three designs.",
    }
    return {section: text for section, text in reasons.items() if not getattr(found, section)}
