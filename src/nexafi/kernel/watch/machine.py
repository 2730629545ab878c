"""The machine: how full the disk is, until when certificates are good, how old the backup."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from nexafi.kernel.watch import logfile

BACKED_UP: Final = "backed-up"
"""The file in the data folder that says when."""

QUESTIONS: Mapping[str, str] = {
    "nexafi_log_writes_failed_total": "Writes to the log file that failed: lines that are lost.",
    "nexafi_data_free_bytes": "Room that is left where the data folder is.",
    "nexafi_data_size_bytes": "All the room there is where the data folder is.",
    "nexafi_backup_last_success_timestamp_seconds": "When the last good backup was begun.",
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
    if (at := _backed_up_at(folder)) is not None:
        found["nexafi_backup_last_success_timestamp_seconds"] = at
    if certificates:
        ends = min(_ends_at(each) for each in certificates)
        found["nexafi_certificate_expires_timestamp_seconds"] = ends
    return found


def note_backup(folder: Path, at: datetime) -> None:
    """Note in the data folder that a backup of that moment succeeded; that it did is enough."""
    with suppress(OSError):  # a folder that cannot be written spoils no backup
        folder.mkdir(parents=True, exist_ok=True)
        (folder / BACKED_UP).write_text(f"{at.isoformat()}\n", encoding="ascii")


def _backed_up_at(folder: Path) -> float | None:
    try:
        text = (folder / BACKED_UP).read_text(encoding="ascii").strip()
        return datetime.fromisoformat(text).timestamp()
    except (OSError, ValueError):
        return None


def _ends_at(path: Path) -> float:
    """Return when the first certificate of a PEM file ends; 0 if there is none to be read."""
    from cryptography import x509  # noqa: PLC0415 - only where certificates are watched

    try:
        chain = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return 0.0  # which alerts: a certificate that cannot be read is good for nothing
    return min(each.not_valid_after_utc.timestamp() for each in chain)
