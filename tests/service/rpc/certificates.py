"""Certificates of the moment, made by openssl as an operator would."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

SUBJECT_ALT_NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"


@dataclass(frozen=True)
class Pair:
    """Files of a certificate and its key."""

    certificate: Path
    key: Path

    @property
    def contents(self):
        """(certificate, key) as bytes."""
        return self.certificate.read_bytes(), self.key.read_bytes()


def openssl(*arguments):
    command = ["openssl", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


def make_authority(folder, name):
    """A pair that signs others."""
    pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-days", "2", "-subj", f"/CN={name}", "-keyout", pair.key, "-out", pair.certificate),
    )
    return pair


def make_pair(folder, name, authority):
    """A pair for this machine, signed by an authority."""
    pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-days", "2", "-subj", f"/CN={name}", "-addext", SUBJECT_ALT_NAMES),
        *("-addext", "basicConstraints=critical,CA:FALSE"),
        *("-CA", authority.certificate, "-CAkey", authority.key),
        *("-keyout", pair.key, "-out", pair.certificate),
    )
    return pair
