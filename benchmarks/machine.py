"""What the figures were measured on, and how much memory a process took."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import torch

MEBIBYTE = 1024  # of the kibibytes that the kernel counts in


def processor() -> str:
    """Name and cores."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def hardware() -> str:
    """Date, processor, versions and load, for the head of a table."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {processor()}, "
        f"{gpu}, PyTorch {torch.__version__}, "
        f"{torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f} before the start."
    )


def memory_mebibytes(line: str) -> float:
    """A line of this process's memory. Not `ru_maxrss`: a child takes it over from its parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{line}:")[1].split()[0]) / MEBIBYTE


def forget_peak() -> float:
    """Start the peak (`VmHWM`) afresh; returns the memory now, in MiB."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory_mebibytes("VmRSS")


def extra_mebibytes(script: str, *arguments: str) -> float:
    """What `script --memory ARGUMENTS` prints, in a process that has nothing else to remember."""
    command = [sys.executable, script, "--memory", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return float(done.stdout)
