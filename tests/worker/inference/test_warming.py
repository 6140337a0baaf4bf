"""A worker that is warm compiles nothing when it is asked for scores."""

from pathlib import Path

import pytest

from tests.worker.warm_process import compiled_by

WARM = """
from worker.inference.warming import compile_readings
compile_readings()
"""
SCORE = """
from pathlib import Path
from service.contract.manifests import ModelManifest
from worker.inference.predictor import Predictor

folder = Path(sys.argv[1])
manifest = ModelManifest.model_validate_json((folder / "manifest.json").read_text())
predictor = Predictor.load((folder / "weights").read_bytes(), manifest)
predictor.score(["", "g0:knockdown", "g0:knockdown+g1:knockdown"])
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_score_of_a_warm_process_compiles_nothing(trained, tmp_path: Path):
    model, _ = trained
    (tmp_path / "weights").write_bytes(model.weights)
    (tmp_path / "manifest.json").write_text(model.manifest.model_dump_json())
    kept = {"NUMBA_CACHE_DIR": str(tmp_path / "compiled")}
    assert compiled_by(SCORE, tmp_path, warm=WARM, **kept) == []
