"""Sleep as a process under libfaketime can, whose PYTHONPATH begins with this folder.

libfaketime 0.9.10 makes clock_nanosleep fail (EINVAL) where the monotonic clock is not faked.
"""

import select
import time


def sleep(seconds):
    """What `time.sleep` does."""
    select.select([], [], [], seconds)


time.sleep = sleep
