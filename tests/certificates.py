"""A certificate of our own for 127.0.0.1: what a server shows that is known to nobody but who was given it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """Its two files."""

    key: Path
    certificate: Path


def self_signed(folder: Path) -> Certificate:
    """Make one that is good for two days; raises `FileNotFoundError` where there is no openssl."""
    openssl = shutil.which("openssl")
    if openssl is None:
        raise FileNotFoundError("install openssl: it makes the certificates of the tests")
    made = Certificate(folder / "key.pem", folder / "certificate.pem")
    options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run([openssl, "req", "-x509", *options, *names, *files], check=True, capture_output=True, timeout=30)
    return made
