"""What the gateway says itself: where one is, what there is, how it fares."""

from __future__ import annotations

import gzip
import json
import re
from html.parser import HTMLParser

import pytest

from nexafi.gateway.pages import prefers_html


def test_the_first_page_says_what_runs_and_where_to_go_next(door):
    told = door.get("/").json

    services = {service["name"]: service["state"] for service in told["services"]}
    assert services == {"one": "ready", "users": "ready", "gone": "not running"}
    for path in told["next"].values():
        assert path == "/api/v1/users/register" or door.get(path).status == 200


def test_a_browser_gets_a_page_whose_links_lead_somewhere(door):
    answer = door.get("/", Accept="text/html,application/xhtml+xml,*/*;q=0.8")

    assert answer.one("content-type") == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.one("content-security-policy")
    links = re.findall(r'href="([^"]+)"', answer.body.decode())
    assert links
    assert all(door.get(link).status == 200 for link in links)


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/html", True),
        ("text/*", True),
        ("text/html;q=0.5, application/json", False),
        ("text/html, application/json;q=0.9", True),
        ("text/html;q=0, */*", False),
        ("text/html;q=nonsense", False),
    ],
)
def test_who_would_rather_read_a_page_gets_one(accept, html):
    assert prefers_html(accept) is html


class _Sources(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [value for name in ("src", "href") if (value := given.get(name))]
        self.inline += tag == "script" and "src" not in given


def test_the_reference_needs_no_internet(door):
    page = door.get("/docs")
    sources = _Sources()
    sources.feed(page.body.decode())

    assert sources.inline == 0
    assert len(sources.found) == 5
    for source in sources.found:
        answer = door.get(source)
        assert (answer.status, source[0]) == (200, "/"), source
        assert answer.one("x-content-type-options") == "nosniff"
    policy = page.one("content-security-policy")
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"https?:", policy)


def test_a_file_of_the_reference_is_packed_and_kept_by_the_browser(door):
    plain = door.get("/docs/swagger-ui.css")
    packed = door.get("/docs/swagger-ui.css", Accept_Encoding="gzip, br")

    assert packed.one("content-encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 4
    again = door.get("/docs/swagger-ui.css", If_None_Match=plain.one("etag"))
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", ["/docs/index.html", "/docs/LICENSE", "/docs/__init__.py"])
def test_nothing_else_of_the_package_is_served(door, path):
    assert door.get(path).status == 404


def test_the_description_names_a_service_that_is_down(door):
    answer = door.get("/api/v1/openapi.json")

    assert answer.json["x-missing"] == {"gone": "not running"}
    assert "gone" in answer.json["info"]["description"]
    assert "/api/v1/one/things" in answer.json["paths"]
    again = door.get("/api/v1/openapi.json", If_None_Match=answer.one("etag"))
    assert (again.status, again.body) == (304, b"")


def test_a_description_is_asked_for_once_by_many(start_door, service):
    door = start_door({"one": service.origin})

    for _ in range(5):
        assert door.get("/api/v1/openapi.json").status == 200
    assert [seen.target for seen in service.seen] == ["/api/v1/one/openapi.json"]


def test_the_door_is_ready_while_any_service_is(door, start_door):
    told = door.get("/readyz")

    assert (told.status, told.json["status"]) == (200, "degraded")
    assert told.json["services"]["gone"] == "not running"
    alone = start_door({"gone": "http://127.0.0.1:1"})
    assert alone.get("/readyz").status == 503
    assert alone.get("/healthz").status == 200


def test_the_figures_tell_services_and_statuses_apart(start_door, service):
    door = start_door({"one": service.origin})
    door.get("/api/v1/one/teapot")
    door.get("/api/v1/one/teapot")
    door.ask("BREW", "/api/v1/one/x")

    text = door.get("/metrics").body.decode()
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    assert (
        samples['nexafi_gateway_requests_total{method="GET",service="one",status="418"}'] == "2.0"
    )
    assert (
        samples['nexafi_gateway_requests_total{method="other",service="one",status="501"}'] == "1.0"
    )
    assert samples['nexafi_gateway_request_duration_seconds_count{service="one"}'] == "3.0"
    assert samples['nexafi_gateway_circuit_open{service="one"}'] == "0.0"


def test_to_strangers_there_are_no_figures(start_door, running):
    door = start_door({"one": running.origin}, metrics_from=["10.0.0.0/8"])

    assert door.get("/metrics").status == 404


@pytest.mark.parametrize("path", ["/", "/docs", "/healthz", "/api/v1/openapi.json"])
def test_the_pages_can_only_be_read(door, path):
    answer = door.ask("POST", path, b"{}")

    assert (answer.status, answer.problem) == (405, "gateway/method-refused")
    assert door.ask("HEAD", path).body == b""
    assert door.ask("HEAD", path).one("content-length") == str(len(door.get(path).body))


def test_what_is_inside_a_service_stays_inside(door, service):
    for path in ("/metrics", "/readyz", "/healthz"):
        door.get(path)
    assert {seen.target for seen in service.seen} <= {"/readyz"}
    assert json.loads(door.get("/healthz").body) == {"status": "ok"}
