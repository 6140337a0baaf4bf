"""What a process compiles by numba after it was warmed up, in a process of its own."""

import os
import subprocess
import sys

_PROGRAM = """
import sys

import numba.core.dispatcher

asked = []
compile_one = numba.core.dispatcher.Dispatcher.compile


def noted(self, signature):
    is_new, hits = signature not in self.overloads, sum(self.stats.cache_hits.values())
    done = compile_one(self, signature)
    if is_new and ({counts_kept} or sum(self.stats.cache_hits.values()) == hits):
        asked.append(self.py_func.__name__)
    return done


numba.core.dispatcher.Dispatcher.compile = noted
{warm}
{use}
print(*asked)
"""


def compiled_by(use, *arguments, warm="", counts_kept=True, **environment):
    """Names of the functions that `use` needs and `warm` has not compiled.

    Without `counts_kept`, what is found in the folder of compiled code is none of them.
    """
    warm = f"{warm}\nassert asked, 'is this the right place to look?'\nasked.clear()" * bool(warm)
    program = _PROGRAM.format(counts_kept=counts_kept, warm=warm, use=use)
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()
