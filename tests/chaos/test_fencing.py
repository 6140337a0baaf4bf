"""What takes the fence away, for trials that have to find it missing, does so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

UNFENCED = Path(__file__).parent / "unfenced"
LAWS = "tests/service/contract/repositories/test_leases.py"


@pytest.mark.slow
def test_without_the_fence_a_late_worker_writes():
    """The laws of leases, in a process that has none: who was taken for dead is not refused."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", LAWS, "-k", "writes_nothing and sqlite"],
        env=os.environ | {"PYTHONPATH": f"{UNFENCED}:{root}"},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "DID NOT RAISE LeaseLostError" in done.stdout
