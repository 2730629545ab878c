#!/bin/sh
# Start the servers that NexaFi can stand on: PostgreSQL, Redis, RabbitMQ and those that watch.
# Needs Python 3.11 or later; --help says the rest.
set -eu
cd "$(dirname "$0")/.."

for python in "${NEXAFI_PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 python; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$python" -m scripts.infrastructure "$@"
    fi
done
echo "NexaFi needs Python 3.11 or later; there is $(python3 --version 2>/dev/null || echo none)." >&2
exit 2
