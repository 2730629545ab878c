"""The machine: how full the disk is, and until when certificates are good."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from nexafi.kernel.watch import logfile

QUESTIONS: Mapping[str, str] = {
    "nexafi_log_writes_failed_total": "Writes to the log file that failed: lines that are lost.",
    "nexafi_data_free_bytes": "Room that is left where the data folder is.",
    "nexafi_data_size_bytes": "All the room there is where the data folder is.",
    "nexafi_certificate_expires_timestamp_seconds": "When the first of NEXAFI_CERTIFICATES ends.",
}


def ask(folder: Path, certificates: Sequence[Path]) -> dict[str, float]:
    """Return what can be known of the machine now."""
    disk = shutil.disk_usage(folder)
    found = {
        "nexafi_log_writes_failed_total": float(logfile.failures()),
        "nexafi_data_free_bytes": float(disk.free),
        "nexafi_data_size_bytes": float(disk.total),
    }
    if certificates:
        ends = min(_ends_at(each) for each in certificates)
        found["nexafi_certificate_expires_timestamp_seconds"] = ends
    return found


def _ends_at(path: Path) -> float:
    """Return when the first certificate of a PEM file ends; 0 if there is none to be read."""
    from cryptography import x509  # noqa: PLC0415 - only where certificates are watched

    try:
        chain = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return 0.0  # which alerts: a certificate that cannot be read is good for nothing
    return min(each.not_valid_after_utc.timestamp() for each in chain)
