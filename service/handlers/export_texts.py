"""What stands beside an exported model: an example that runs, and what is what."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.contract.exports import (
    EXAMPLE_FILE,
    MANIFEST_FILE,
    ONNX_FILE,
    WEIGHTS_FILE,
)
from service.contract.manifests import ModelManifest

_WHAT = {
    MANIFEST_FILE: "names of loci, edits and labels, units, spec, report, versions",
    WEIGHTS_FILE: "the tensors, as they are stored",
    ONNX_FILE: "the same model for any ONNX runtime",
    EXAMPLE_FILE: "scores two genotypes",
}


@dataclass(frozen=True)
class Exported:
    """A model that is exported: how it is called, and `no_onnx`, why it has no ONNX file."""

    model_id: str
    name: str
    version: int
    manifest: ModelManifest
    no_onnx: str | None


def example_text(model: Exported) -> str:
    """Ten lines of Python that load the model and score the reference and one edit."""
    genotypes = ["", *model.manifest.edits[:1]]
    return f"""import json
from pathlib import Path

from worker.inference.predictor import Predictor

folder = Path(__file__).parent
manifest = json.loads((folder / {MANIFEST_FILE!r}).read_text(encoding="utf-8"))
model = Predictor.load(folder / {WEIGHTS_FILE!r}, manifest, model_id={model.model_id!r})
for label in model.score({genotypes!r}).labels:
    print(label.name, label.unit, "mean", label.mean, "sd", label.sd)
"""


def readme_text(model: Exported, sha256_of: Mapping[str, str]) -> str:
    """The README of an archive; `sha256_of` names its other files."""
    manifest = model.manifest
    files = "".join(
        f"| `{name}` | {_WHAT[name]} | `{sha256}` |\n" for name, sha256 in sha256_of.items()
    )
    labels = "".join(
        f"| {_cell(label.name)} | {_cell(label.unit)} | {label.scale} |\n"
        for label in manifest.labels
    )
    versions = "".join(f"* {_cell(k)} {_cell(v)}\n" for k, v in sorted(manifest.versions.items()))
    return f"""# {_cell(model.name)}, version {model.version}

Model `{model.model_id}` of kind `{manifest.model_kind}`, {manifest.member_count} members, \
{len(manifest.edits)} edits. Data set `{manifest.dataset_id}` (sha256 `{manifest.dataset_sha256}`).

| file | what it is | sha256 |
|---|---|---|
{files}
| label | unit | scale |
|---|---|---|
{labels}
Format {manifest.format_version} of weights and manifest; vocabulary sha256 \
`{manifest.vocabulary_sha256}`. Trained with:

{versions}
## In Python

`pip install "cellgebra[worker]"`, then `python {EXAMPLE_FILE}`.

## ONNX

{_onnx_text(model)}
## Licence

None comes with this archive, which grants nothing: what may be done with the model depends on the
data that it was trained on.
"""


def _onnx_text(model: Exported) -> str:
    if model.no_onnx is not None:
        return f"There is no `{ONNX_FILE}`: {_cell(model.no_onnx)}.\n"
    return f"""`{ONNX_FILE}` takes `edit` (int64) and `effect` (float64), a row a design and a \
column an edit:
the place of the edit in `edits` of the manifest, counted from 1, and how much of its full effect it
has. 0 in both is no edit. It gives a number a design (float64), in the unit of the label:
`LABEL.mean` and `LABEL.sd` over the members, and `LABEL.y_compose`, the composed reading.

The effect is 1 for an edit without a level. With a level (activity, 1 = as in the reference) it is
1 - level for `deletion`, `knockdown` and `allele`; log2(1 + level) for `insertion`;
log2((1 + level) / 2) for `overexpression`, `part` and `copy_number`; a level below 0 counts as 0
in the last four. Unlike `Predictor`, the file checks no names and refuses no design.

```python
import json
import numpy as np
import onnxruntime

edits = json.load(open("{MANIFEST_FILE}", encoding="utf-8"))["edits"]
session = onnxruntime.InferenceSession("{ONNX_FILE}")
edit = np.array([[0], [edits.index({(model.manifest.edits or [""])[0]!r}) + 1]])
effect = np.array([[0.0], [1.0]])
names = [output.name for output in session.get_outputs()]
print(dict(zip(names, session.run(None, {{"edit": edit, "effect": effect}}))))
```
"""


def _cell(text: str) -> str:
    """A text of a user as one line that breaks no table."""
    return " ".join(text.split()).replace("|", "\\|")
