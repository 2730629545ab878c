"""A service that keeps failing is left alone, then tried by one."""

from __future__ import annotations

import time

from nexafi.gateway.circuit import Circuit
from tests.gateway import upstream
from tests.gateway.conftest import free_port


def test_a_service_is_left_alone_after_failures_in_a_row():
    circuit = Circuit(failures_max=3, rest_s=1, rest_max_s=4)

    for _ in range(2):
        circuit.failed(0.0)
    circuit.succeeded()
    for _ in range(2):
        circuit.failed(0.0)
    assert circuit.rests_s(0.0) == 0
    circuit.failed(0.0)
    assert circuit.is_open
    assert circuit.rests_s(0.25) == 0.75


def test_after_its_rest_one_caller_tries_and_the_others_wait():
    circuit = Circuit(failures_max=1, rest_s=1, rest_max_s=4)
    circuit.failed(0.0)

    assert circuit.rests_s(1.0) == 0
    assert circuit.rests_s(1.5) == 0.5
    circuit.succeeded()
    assert not circuit.is_open
    assert circuit.rests_s(1.5) == 0


def test_each_trial_that_fails_doubles_the_rest_up_to_a_limit():
    circuit = Circuit(failures_max=1, rest_s=1, rest_max_s=4)
    circuit.failed(0.0)
    now, rests = 0.0, []
    for _ in range(4):
        rest = circuit.rests_s(now)
        rests.append(rest)
        now += rest
        assert circuit.rests_s(now) == 0
        circuit.failed(now)
    assert rests == [1, 2, 4, 4]


def test_a_trial_that_never_tells_holds_nobody_up_for_long():
    circuit = Circuit(failures_max=1, rest_s=1, rest_max_s=4)
    circuit.failed(0.0)

    assert circuit.rests_s(1.0) == 0
    assert circuit.rests_s(2.0) == 0


def test_late_failures_of_before_do_not_lengthen_the_rest():
    circuit = Circuit(failures_max=1, rest_s=1, rest_max_s=4)
    circuit.failed(0.0)
    circuit.failed(0.5)

    assert circuit.rests_s(0.5) == 0.5


def test_a_failing_service_is_not_asked_and_found_again_when_it_is_back(start_door):
    port = free_port()
    door = start_door({"late": f"http://127.0.0.1:{port}"}, failures_max=2, rest_s=0.5)

    first = [door.ask("POST", "/api/v1/late/x", b"{}") for _ in range(3)]
    assert [answer.status for answer in first] == [502, 502, 503]
    assert first[-1].problem == "gateway/service-resting"
    assert first[-1].one("retry-after") == "1"

    service = upstream.start(port)
    try:
        assert door.ask("POST", "/api/v1/late/x", b"{}").status == 503
        assert service.seen == []
        time.sleep(0.6)
        assert door.ask("POST", "/api/v1/late/x", b"{}").status == 200
        assert door.ask("POST", "/api/v1/late/x", b"{}").status == 200
    finally:
        service.close()


def test_a_busy_service_takes_nobody_else_with_it(start_door, service):
    door = start_door({"one": service.origin, "two": service.origin}, in_flight_max=1)
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - here only

    with ThreadPoolExecutor(1) as others:
        waiting = others.submit(door.get, "/api/v1/one/slow")
        while not service.seen:
            time.sleep(0.01)
        refused = door.get("/api/v1/one/x")
        assert (refused.status, refused.problem) == (503, "gateway/service-busy")
        assert door.get("/api/v1/two/x").status == 200
        assert waiting.result().status == 200
    assert [seen.target for seen in service.seen] == ["/api/v1/one/slow", "/api/v1/two/x"]
