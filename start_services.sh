#!/bin/sh
# Start NexaFi on this machine. Needs Python 3.11 or later, and nothing else.
set -eu
cd "$(dirname "$0")"

usage() {
    cat <<'TEXT'
Start NexaFi: make .venv if need be, bring the databases up to date, start the services.

  ./start_services.sh                            all services; Ctrl-C stops them
  ./start_services.sh --services ledger,users    only these (the gateway is one: gateway)
  ./start_services.sh --port-base 15000          the gateway there, users +1, ledger +2, ...
  ./start_services.sh --data DIR                 keep everything in DIR (default: var)
  ./start_services.sh --host ADDRESS             listen there (default: 127.0.0.1)
  ./start_services.sh --detach                   go on in the background
  ./start_services.sh --status                   what runs, and whether it is ready
  ./start_services.sh --stop                     stop what runs in the background
  ./start_services.sh --log console              write the log here (default: DIR/nexafi.log)

All that can be set is in docs/reference/settings.md.
TEXT
}

for argument in "$@"; do
    case $argument in
    -h | --help)
        usage
        exit 0
        ;;
    esac
done

python=
for candidate in "${NEXAFI_PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    found=$(python3 --version 2>/dev/null || echo "no Python at all")
    echo "NexaFi needs Python 3.11 or later; there is $found." >&2
    exit 2
fi

"$python" -m scripts.environment || exit 2

exec .venv/bin/python -m nexafi.cli.main serve --log file "$@"
