"""Lines of the log get to Elasticsearch once each, whatever happens to it, us and the files."""

from __future__ import annotations

import json
import threading

import pytest

from nexafi.kernel.watch import shipping
from nexafi.kernel.watch.elasticsearch import Access, Documents, set_up
from nexafi.kernel.watch.fields import template
from nexafi.kernel.watch.logfile import LogFile
from nexafi.kernel.watch.shipping import Away, Shipper
from nexafi.kernel.watch.tailing import Tail
from tests.elastic import Elastic
from tests.system.test_outage import free_ports
from tests.system.test_start import wait_until


@pytest.fixture
def elastic():
    made = Elastic(free_ports(1)[0])
    made.start()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(shipping, "PAUSE_S", 0.01)
    monkeypatch.setattr(shipping, "PAUSE_MAX_S", 0.05)
    monkeypatch.setattr(shipping, "POLL_S", 0.01)


class Ship:
    """A log, and what ships it."""

    def __init__(self, folder, elastic: Elastic, **access: object) -> None:
        self.path = folder / "nexafi.log"
        self.log = LogFile(self.path, bytes_max=20_000)
        self.elastic = elastic
        self.client = Access(elastic.url, **access).client()
        self.written = 0
        self.shipper = self.anew()

    def anew(self) -> Shipper:
        """Return a shipper as a process that is started again would have it."""
        tail = Tail(self.path, self.path.with_name("shipped.json"))
        self.shipper = Shipper(tail, Documents(self.client).create)
        return self.shipper

    def write(self, count: int) -> None:
        for _ in range(count):
            line = {"@timestamp": "2026-03-01T12:00:00.000Z", "message": f"Nº {self.written}"}
            self.log.write(json.dumps(line, ensure_ascii=False) + "\n")
            self.written += 1

    def all(self) -> list[str]:
        return [f"Nº {number}" for number in range(self.written)]

    def figure(self, name: str) -> float:
        return self.shipper.figures()[f"nexafi_shipper_{name}"]


@pytest.fixture
def ship(tmp_path, elastic):
    made = Ship(tmp_path, elastic)
    yield made
    made.client.close()


def finish(shipper: Shipper) -> None:
    while shipper.round():
        pass


def test_every_line_is_there_once_and_in_its_order(ship, elastic):
    ship.write(3_000)

    finish(ship.shipper)

    assert elastic.messages() == ship.all()
    assert ship.figure("lines_shipped_total") == 3_000
    assert ship.figure("behind_bytes") == 0


def test_what_comes_too_fast_is_told_again_and_only_that(ship, elastic):
    elastic.is_too_busy = lambda number: number % 3 == 0
    ship.write(1_500)

    finish(ship.shipper)

    assert sorted(elastic.messages()) == sorted(ship.all())
    assert elastic.rejected > 500
    assert elastic.conflicts == 0
    assert ship.figure("lines_dropped_total") == 0


def test_after_an_outage_it_catches_up_from_the_files(ship, elastic):
    ship.write(100)
    elastic.stop()
    running = threading.Thread(target=ship.shipper.run, daemon=True)
    running.start()
    wait_until(lambda: not ship.figure("up"), lambda: "it has not noticed")

    ship.write(2_000)  # nobody waits for Elasticsearch
    assert ship.figure("behind_bytes") > 100_000
    elastic.start()

    wait_until(lambda: len(elastic.documents) == 2_100, lambda: str(len(elastic.documents)))
    ship.shipper.stop()
    running.join(10)
    assert elastic.messages() == ship.all()
    assert ship.figure("up") == 1
    assert elastic.conflicts == 0


def test_one_that_died_after_telling_tells_again_and_nothing_is_there_twice(ship, elastic):
    ship.write(1_200)
    tail = ship.shipper._tail
    done = tail.done
    tail.done = lambda _: None  # killed between the answer and the note
    ship.shipper.round()
    assert len(elastic.documents) > 100
    tail.done = done

    finish(ship.anew())

    assert elastic.messages() == ship.all()
    assert elastic.conflicts > 100
    assert ship.figure("lines_repeated_total") == elastic.conflicts


def test_one_that_is_started_again_goes_on_where_it_was(ship, elastic):
    ship.write(500)
    finish(ship.shipper)
    ship.write(500)

    finish(ship.anew())

    assert elastic.messages() == ship.all()
    assert elastic.conflicts == 0


def test_a_line_that_comes_late_to_a_file_put_aside_is_not_lost(ship, elastic):
    ship.write(500)
    finish(ship.shipper)
    (aside, *_) = sorted(ship.path.parent.glob("nexafi.log.2*"))

    with aside.open("a", encoding="utf-8") as file:
        file.write('{"@timestamp": "2026-03-01T12:00:00.000Z", "message": "late"}\n')
    finish(ship.shipper)

    assert elastic.messages() == [*ship.all(), "late"]


def test_half_a_line_waits_for_its_other_half(ship, elastic):
    ship.write(1)
    with ship.path.open("a", encoding="utf-8") as file:
        file.write('{"@timestamp": "2026-03-01T12:00:00.000Z", "mess')
    finish(ship.shipper)
    assert elastic.messages() == ["Nº 0"]

    with ship.path.open("a", encoding="utf-8") as file:
        file.write('age": "whole"}\n')
    finish(ship.shipper)

    assert elastic.messages() == ["Nº 0", "whole"]


def test_what_is_refused_for_good_is_counted_and_holds_up_nothing(ship, elastic, caplog):
    elastic.refuses = lambda document: document["message"] == "Nº 7"
    ship.write(20)
    ship.log.write("no JSON\n")
    ship.write(1)

    finish(ship.shipper)

    assert elastic.messages() == [each for each in ship.all() if each != "Nº 7"]
    assert ship.figure("lines_dropped_total") == 2
    assert "document_parsing_exception" in caplog.text


def test_files_that_were_removed_unread_are_counted(ship, elastic):
    elastic.status = 503
    ship.write(1_000)
    assert ship.figure("behind_bytes") > 60_000
    for aside in ship.path.parent.glob("nexafi.log.2*"):
        aside.unlink()
    elastic.status = 200

    finish(ship.shipper)

    assert elastic.messages() == ship.all()[-len(elastic.documents) :]
    assert ship.figure("bytes_missed_total") > 40_000


def test_a_batch_that_is_too_large_goes_in_parts(ship, elastic):
    elastic.bytes_max = 20_000
    ship.write(800)

    finish(ship.shipper)

    assert sorted(elastic.messages()) == sorted(ship.all())
    assert ship.figure("lines_dropped_total") == 0


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_server_that_takes_nothing_is_asked_again_and_nothing_is_lost(ship, elastic, status):
    elastic.status = status
    ship.write(10)
    running = threading.Thread(target=ship.shipper.run, daemon=True)
    running.start()
    wait_until(lambda: len(elastic.requests) > 2, lambda: "asked no more")
    assert not elastic.documents
    assert ship.figure("up") == 0

    elastic.status = 200

    wait_until(lambda: elastic.messages() == ship.all(), lambda: str(elastic.messages()))
    ship.shipper.stop()
    running.join(10)


def test_another_program_in_its_place_gets_nothing(ship, elastic):
    elastic.product = ""
    ship.write(1)

    with pytest.raises(Away, match="not Elasticsearch"):
        Documents(ship.client).create([("1", "{}")])


def test_we_come_with_our_key(tmp_path, elastic):
    elastic.credentials = "ApiKey of-the-tests"
    stranger, known = Ship(tmp_path, elastic), Ship(tmp_path, elastic, api_key="of-the-tests")

    with pytest.raises(Away, match="401"):
        Documents(stranger.client).create([("1", "{}")])
    Documents(known.client).create([("1", '{"@timestamp": "2026-03-01", "message": ""}')])

    assert list(elastic.documents) == ["1"]
    stranger.client.close()
    known.client.close()


def test_the_template_is_installed_and_says_how_long_all_is_kept(ship, elastic):
    set_up(ship.client, 30)

    installed = elastic.templates["logs-nexafi"]
    assert installed == {("_meta" if k == "meta" else k): v for k, v in template(30).items()}
    assert installed["template"]["lifecycle"] == {"data_retention": "30d"}
