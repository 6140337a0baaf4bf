"""A worker that scores has imported all that its jobs need before it claims one."""

import ast
import subprocess
import sys
from pathlib import Path

import worker.tasks

PROGRAM = """
import os, sys
from worker.tasks.scoring_parts import step_back

lowered = os.setpriority
os.setpriority = lambda *args: (known.update(sys.modules), lowered(*args))
known = set()
step_back()
assert os.nice(0) == 10
print(*known)
"""


def imported_later():
    """Modules that functions of the tasks import when they are called."""
    for path in Path(worker.tasks.__path__[0]).glob("scoring*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                names = (one.module for one in ast.walk(node) if isinstance(one, ast.ImportFrom))
                yield from (str(name) for name in names)


def test_what_a_job_needs_is_there_before_the_worker_steps_back():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    wanted = {"torch", "worker.inference.predictor", *imported_later()}
    assert {"worker.scoring.shard", "threadpoolctl"} < wanted
    assert wanted - set(done.stdout.split()) == set()
