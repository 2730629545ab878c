"""The table of docs/reliability.md, from what runs have written down.

``python -m tests.reliability.table FILE`` puts it between the two marks of the page.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"
HEAD = "| fault | what it happened to | times | tried | acknowledged | lost | doubled | seed |"


def table(lines: list[str]) -> str:
    """Return the table of the last long run of each fault, and where and when they ran."""
    last = {}
    for line in lines:
        run = json.loads(line)
        if run["is_long"]:
            last[run["fault"], run["on"]] = run
    rows = [HEAD, "|---|---|---:|---:|---:|---:|---:|---:|"]
    notes = []
    for run in last.values():
        cells = ("fault", "on", "times", "tried", "acknowledged", "lost", "doubled", "seed")
        rows.append("| " + " | ".join(str(run[each]) for each in cells) + " |")
        if run["note"]:
            notes.append(f"- {run['fault']}, {run['on']}: {run['note']}.")
    places = sorted({f"{r['on_day']}, {r['machine']}, Python {r['python']}" for r in last.values()})
    ran = f"Long forms run on: {'; '.join(places)}."
    return "\n".join([*rows, "", ran, "", *notes])


def main(results: Path) -> None:
    """Write the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    made = table(results.read_text(encoding="utf-8").splitlines())
    PAGE.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
