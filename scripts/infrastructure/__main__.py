"""Start the servers that NexaFi can stand on, and tell it where they are.

What listens on a server's usual port already is used. Else it is started: by Docker Compose where
there is an engine, or from the packages of Debian and Ubuntu, on 127.0.0.1, in the data folder.
Passwords are made by chance; the addresses stand in .env, where ./start_services.sh finds them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.environment import ROOT, NotSetUp
from scripts.infrastructure.installation import Installation
from scripts.infrastructure.parts import PARTS, Trouble, chosen

EXAMPLES = """
  infrastructure/start-infrastructure.sh                        all that can be had here
  infrastructure/start-infrastructure.sh --only postgres,redis  only these
  infrastructure/start-infrastructure.sh --port-base 15000      ours on 15000, 15001, ...
  infrastructure/start-infrastructure.sh --status               what runs, and where
  infrastructure/start-infrastructure.sh --stop                 stop those that were started here
"""


def main(arguments: list[str]) -> int:
    """Do what is asked; return 0, 1 if something that is asked for does not run, 2 in trouble."""
    asked = _parser().parse_args(arguments)
    try:
        parts = chosen(asked.only)
        installation = Installation(
            (asked.data / "infrastructure").absolute(),
            env=asked.env,
            port_base=asked.port_base,
            gateway=asked.gateway_port,
            database=asked.database,
            is_native=asked.native,
        )
        with installation.alone():
            if asked.status:
                return installation.show(parts)
            if asked.stop:
                installation.stop(parts)
                return 0
            installation.start(parts, is_choice=bool(asked.only))
    except (Trouble, NotSetUp) as trouble:
        print(trouble, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Broken off; --status says what runs.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="infrastructure/start-infrastructure.sh",
        description=__doc__,
        epilog=f"examples:{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    names = ",".join(part.name for part in PARTS)
    add("--only", metavar="A,B", help=f"only these of: {names}")
    add("--status", action="store_true", help="say what runs, and stop there")
    add("--stop", action="store_true", help="stop what was started here; what it kept stays")
    add("--native", action="store_true", help="without Docker, even where there is an engine")
    add("--data", type=Path, default=ROOT / "var", metavar="DIR", help="default: var")
    add("--env", type=Path, default=ROOT / ".env", metavar="FILE", help="default: .env")
    add("--port-base", type=int, metavar="N", help="start our own on N, N+1, ..., whatever listens")
    add("--gateway-port", type=int, default=5000, metavar="N", help="what Prometheus asks")
    add("--database", default="nexafi", metavar="NAME", help="in PostgreSQL (default: nexafi)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
