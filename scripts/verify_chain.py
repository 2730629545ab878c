"""Verify an exported hash chain, with nothing of ours: this file needs Python and no more.

    nexafi ledger export-chain chain.jsonl
    python scripts/verify_chain.py chain.jsonl [--head HASH]

Each line is an entry as it was hashed (`content`) and its `hash`: SHA-256 over the hash before it
(32 zero bytes before the first) and the content as canonical JSON (RFC 8785: names in order, no
spaces, UTF-8). Positions go from 1 without a gap, numbers from 1 without a gap in each journal, and
the lines of an entry sum to zero in the base currency.

With --head the last hash must be the one that was noted down: a chain that was cut off or written
anew from the start is sound in itself, and only this tells.

Ends with 0 if all holds, with 1 and the first fault if not, with 2 if the file cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def fault_of(
    link: dict[str, Any], position: int, numbers: dict[str, int], before: bytes
) -> str | None:
    """Return what is wrong with *link*, or None; *numbers* are the last ones by journal."""
    content = link["content"]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if content["position"] != position:
        return f"link {position} is missing"
    if hashlib.sha256(before + text.encode("utf-8")).hexdigest() != link["hash"]:
        return "the entry is not as it was when it was sealed"
    if content["number"] != numbers.get(content["journal"], 0) + 1:
        return f"number {numbers.get(content['journal'], 0) + 1} of its journal is missing"
    if sum(line[4] for line in content["lines"]) != 0:
        return "its lines do not sum to zero"
    return None


def verify(lines: Iterable[str], head: str | None = None) -> tuple[int, str, str | None]:
    """Return how many links hold, the last hash, and the first fault or None."""
    before, count = bytes(32), 0
    numbers: dict[str, int] = {}
    for line in lines:
        link = json.loads(line)
        fault = fault_of(link, count + 1, numbers, before)
        if fault:
            content = link["content"]
            where = f"link {content['position']}, number {content['number']}, entry {content['id']}"
            return count, before.hex(), f"{where}: {fault}"
        numbers[link["content"]["journal"]] = link["content"]["number"]
        before, count = bytes.fromhex(link["hash"]), count + 1
    if head and before.hex() != head.lower():
        return count, before.hex(), f"the last hash is {before.hex()}, not the one noted down"
    return count, before.hex(), None


def main() -> int:
    """Verify the file that is named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file")
    parser.add_argument("--head", help="the last hash as it was noted down, in hex")
    given = parser.parse_args()
    try:
        with Path(given.file).open(encoding="utf-8") as lines:
            count, head, fault = verify(lines, given.head)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        print(f"{given.file} is no chain that can be read: {error!r}", file=sys.stderr)
        return 2
    if fault:
        print(f"BROKEN at {fault}. {count} links before it hold.")
        return 1
    print(f"Unbroken: {count} entries. The last hash is\n{head}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
