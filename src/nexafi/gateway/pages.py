"""The gateway's own pages: what runs here, where to go next, the reference without internet."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Final

HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/json"

FILES: Final = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
"""What is served of Swagger UI (Apache-2.0), and as what."""

START: Final = b"""window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: "/api/v1/openapi.json",
    dom_id: "#reference",
    deepLinking: true,
    docExpansion: "none",
    filter: true,
    persistAuthorization: false,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
  });
};
"""
STYLE: Final = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } p.what { margin-top: .2rem; opacity: .75; }
table { border-collapse: collapse; width: 100%; margin: 1.5rem 0; }
th, td { text-align: left; padding: .45rem .6rem; border-bottom: 1px solid #8884; }
code { font-size: .95em; } .ready { color: #18794e; } .away { color: #cd2b31; }
"""


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


_NOWHERE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HOME_POLICY: Final = f"default-src 'none'; style-src '{_hash(STYLE)}'; {_NOWHERE}"
DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    f"img-src 'self' data:; connect-src 'self'; {_NOWHERE}"
)
"""Swagger UI sets styles on its elements, and shows its pictures as data; scripts come from us."""

DOCS: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>NexaFi API reference</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="reference"></div>
<noscript>The same as a document: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a></noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""

NEXT: Final = {
    "reference": "/docs",
    "description": "/api/v1/openapi.json",
    "register": "/api/v1/users/register",
    "ready": "/readyz",
}
"""Where to go from the first page."""


@dataclass(frozen=True)
class Asset:
    """A file as it is served."""

    kind: str
    body: bytes
    packed: bytes
    etag: str

    @classmethod
    def of(cls, kind: str, body: bytes) -> Asset:
        """Return *body* with what is sent to those who take gzip."""
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        return cls(kind, body, gzip.compress(body, 6, mtime=0), etag)


@cache
def asset(name: str) -> Asset | None:
    """Return the file *name* of the reference, or None if there is none; kept once it was read."""
    if name == "start.js":
        return Asset.of(FILES["swagger-ui-bundle.js"], START)
    folder = _folder()
    if name not in FILES or folder is None:
        return None
    return Asset.of(FILES[name], (folder / name).read_bytes())


def _folder() -> Path | None:
    """Return where Swagger UI lies, without importing the package that brings it (and Flask)."""
    found = find_spec("flask_swagger_ui")
    places = (found and found.submodule_search_locations) or []
    return Path(next(iter(places))) / "dist" if places else None


def home_json(version: str, states: Mapping[str, str]) -> bytes:
    """Return the first page for programs."""
    services = [
        {"name": name, "path": f"/api/v1/{name}", "state": state} for name, state in states.items()
    ]
    told = {"name": "NexaFi", "version": version, "services": services, "next": NEXT}
    return json.dumps(told, indent=2).encode()


def states_json(status: str, states: Mapping[str, str], redis: str | None = None) -> bytes:
    """Return what `/readyz` says: the platform in a word, each service, Redis if there is one."""
    told: dict[str, object] = {"status": status, "services": dict(states)}
    return json.dumps(told | ({"redis": redis} if redis else {})).encode()


def home_html(version: str, states: Mapping[str, str]) -> bytes:
    """Return the first page for people."""
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td><code>/api/v1/{escape(name)}</code></td>"
        f'<td class="{"ready" if state == "ready" else "away"}">{escape(state)}</td></tr>'
        for name, state in states.items()
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>NexaFi</title>
<style>{STYLE}</style>
</head>
<body>
<h1>NexaFi</h1>
<p class="what">The open financial back end for startups, version {escape(version)}</p>
<table>
<thead><tr><th>Service</th><th>Path</th><th>State</th></tr></thead>
<tbody>{rows or '<tr><td colspan="3">No service is set up.</td></tr>'}</tbody>
</table>
<p>Where to go next:</p>
<ul>
<li><a href="/docs">The API reference</a>, to read and to try (no internet needed)</li>
<li><a href="/api/v1/openapi.json">The description of the API</a> (OpenAPI 3.1) for your tools</li>
<li>Sign up: <code>POST /api/v1/users/register</code></li>
<li><a href="/readyz">The state of each service</a></li>
</ul>
</body>
</html>
""".encode()


def prefers_html(accept: str) -> bool:
    """Return whether who sent this Accept would rather read HTML than JSON (RFC 9110, 12.5.1)."""
    html = _weight(accept, "text/html")
    return html > 0 and html > _weight(accept, "application/json")


def _weight(accept: str, kind: str) -> float:
    """Return how much *kind* is wanted: the weight of the range that names it most closely."""
    best = (0, 0.0)
    for part in accept.split(","):
        media, *parameters = (each.strip().lower() for each in part.split(";"))
        closeness = {kind: 3, f"{kind.partition('/')[0]}/*": 2, "*/*": 1}.get(media, 0)
        if closeness > best[0]:
            weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
            try:
                best = (closeness, float(weight))
            except ValueError:
                best = (closeness, 0.0)
    return best[1]
