"""A worker that is warm compiles nothing when it is asked for scores."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCORE = """
import sys
from pathlib import Path

import numba.core.dispatcher

from service.contract.manifests import ModelManifest
from worker.inference.predictor import Predictor
from worker.inference.warming import compile_readings

compiled = []
compile_one = numba.core.dispatcher.Dispatcher.compile


def noted(self, signature):
    if signature not in self.overloads:
        compiled.append(self.py_func.__name__)
    return compile_one(self, signature)


numba.core.dispatcher.Dispatcher.compile = noted
compile_readings()
assert compiled, "nothing is compiled: is this the right place to look?"
compiled.clear()
folder = Path(sys.argv[1])
manifest = ModelManifest.model_validate_json((folder / "manifest.json").read_text())
predictor = Predictor.load((folder / "weights").read_bytes(), manifest)
predictor.score(["", "g0:knockdown", "g0:knockdown+g1:knockdown"])
assert not compiled, compiled
"""


@pytest.mark.slow
def test_a_score_of_a_warm_process_compiles_nothing(trained, tmp_path: Path):
    model, _ = trained
    (tmp_path / "weights").write_bytes(model.weights)
    (tmp_path / "manifest.json").write_text(model.manifest.model_dump_json())
    done = subprocess.run(
        [sys.executable, "-c", SCORE, str(tmp_path)],
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "compiled")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
