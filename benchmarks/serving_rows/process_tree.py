"""What a process and all its descendants use; children may lead sessions of their own."""

import psutil

MEBIBYTE = 2**20


def _tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def cpu_milliseconds(pid: int) -> dict[int, float]:
    """Processor time of each process that runs, user and system."""
    found = {}
    for process in _tree(pid):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found[process.pid] = 1e3 * (times.user + times.system)
    return found


def cpu_between(before: dict[int, float], after: dict[int, float]) -> float:
    """Milliseconds that were used between; one that has ended takes what it used along."""
    return sum(used - before.get(pid, 0.0) for pid, used in after.items())


def memory_mebibytes(pid: int) -> dict[str, float]:
    """Resident memory of each process, by what it runs and its number."""
    found = {}
    for process in _tree(pid):
        try:
            found[f"{_name(process)} {process.pid}"] = process.memory_info().rss / MEBIBYTE
        except psutil.NoSuchProcess:
            continue
    return found


def _name(process: psutil.Process) -> str:
    """The last words of a command line tell which process of the service it is."""
    words = process.cmdline()
    if "-n" in words:
        return words[words.index("-n") + 1].partition("@")[0]
    plain = [word for word in words if not word.startswith(("-", "/"))]
    return plain[1] if len(plain) > 1 and plain[0] == "service.cli" else process.name()
