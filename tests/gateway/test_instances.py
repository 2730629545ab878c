"""A service that runs as several instances behind the door."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from contextlib import closing

import pytest
from pydantic import ValidationError

from nexafi.contracts.users.client import Far
from nexafi.gateway import errors
from nexafi.gateway.publisher import UsersService
from nexafi.gateway.settings import GatewaySettings
from nexafi.gateway.upstreams import Upstream, client
from tests.gateway import upstream
from tests.gateway.conftest import free_port


def several(count: int = 2, **settings: object) -> Upstream:
    origins = [f"http://instance-{number}" for number in range(count)]
    return Upstream("one", origins, GatewaySettings(**settings))


def test_instances_are_given_with_commas_or_as_a_list():
    given = {"ledger": "http://a:5002, http://b:5002", "users": ["http://c:5001"]}

    settings = GatewaySettings(upstreams=given)

    assert settings.upstreams["ledger"] == ("http://a:5002", "http://b:5002")
    assert settings.upstreams["users"] == ("http://c:5001",)
    for bad in ("", "http://a,", "a:5002", "http://a/path"):
        with pytest.raises(ValidationError):
            GatewaySettings(upstreams={"ledger": bad})


def test_even_instances_take_turns():
    service = several(3)

    asked = Counter(service.choose().origin for _ in range(30))

    assert set(asked.values()) == {10}


def test_the_instance_that_has_least_to_do_is_asked():
    service = several()
    with service.visit() as first, service.visit() as second:
        assert first.instance is not second.instance
        first.instance.in_flight += 1
        assert {service.choose() for _ in range(4)} == {second.instance}


def test_one_that_is_not_ready_is_left_out_unless_none_is():
    service = several()
    away, there = service.instances
    away.is_ready = False
    assert {service.choose() for _ in range(4)} == {there}
    assert service.out == 1

    there.is_ready = False
    assert {service.choose() for _ in range(4)} == {away, there}


def test_a_full_service_is_busy_and_a_failing_one_rests():
    service = several(in_flight_max=1, failures_max=1, rest_s=5)
    with service.visit(), service.visit(), pytest.raises(errors.ServiceBusy):
        service.choose()
    for each in service.instances:
        each.circuit.failed(time.monotonic())
    assert service.is_resting
    with pytest.raises(errors.ServiceResting):
        service.choose()
    assert service.in_flight == 0


def test_who_moves_on_has_left_nothing_behind_and_comes_nowhere_twice():
    service = several(3)
    with service.visit() as visit:
        seen = [visit.instance]
        while visit.move_on():
            seen.append(visit.instance)
        assert len(set(seen)) == 3
        assert service.in_flight == 1
    assert service.in_flight == 0


def test_requests_are_shared(start_door):
    with closing(upstream.start()) as first, closing(upstream.start()) as second:
        door = start_door({"one": f"{first.origin},{second.origin}"}, health_s=0.1)
        path = "/api/v1/one/x"

        for _ in range(10):
            assert door.get(path).status == 200

        for each in (first, second):
            assert len([seen for seen in each.seen if seen.target == path]) == 5


def test_an_instance_that_is_gone_is_not_noticed_even_by_who_writes(start_door):
    gone = f"http://127.0.0.1:{free_port()}"
    with closing(upstream.start()) as there:
        door = start_door({"one": f"{gone},{there.origin}"}, health_s=60)

        answers = [door.ask("POST", "/api/v1/one/x", b"{}") for _ in range(20)]

        assert {answer.status for answer in answers} == {200}
        posted = [seen for seen in there.seen if seen.method == "POST"]
        assert len(posted) == 20, "each once"
        assert metric(door, "instances_out") == 1


def test_an_instance_is_asked_again_once_it_says_that_it_is_ready(start_door):
    port = free_port()
    with closing(upstream.start()) as there:
        door = start_door({"one": f"http://127.0.0.1:{port},{there.origin}"}, health_s=0.1)
        for _ in range(8):
            assert door.get("/api/v1/one/x").status == 200
        state = door.get("/readyz")
        assert state.json["status"] == "degraded"
        assert state.json["services"]["one"] == "ready (1 of 2)"

        with closing(upstream.start(port)) as late:
            wait_for(lambda: metric(door, "instances_out") == 0)
            for _ in range(8):
                assert door.get("/api/v1/one/x").status == 200
            assert [seen for seen in late.seen if seen.target == "/api/v1/one/x"]


def test_one_that_drains_gets_no_more_requests(start_door):
    with closing(upstream.start()) as there, closing(upstream.start()) as leaving:
        door = start_door({"one": f"{leaving.origin},{there.origin}"}, health_s=0.1)
        leaving.is_draining = True
        wait_for(lambda: metric(door, "instances_out") == 1)
        leaving.rest()

        for _ in range(6):
            assert door.get("/api/v1/one/x").status == 200

        assert not [seen for seen in leaving.seen if seen.target == "/api/v1/one/x"]


def test_where_all_instances_are_gone_it_is_said_once_and_nothing_is_left(start_door):
    gone = ",".join(f"http://127.0.0.1:{free_port()}" for _ in range(2))
    door = start_door({"one": gone}, health_s=0.1)

    answer = door.ask("POST", "/api/v1/one/x", b"{}")

    assert (answer.status, answer.problem) == (502, "gateway/service-unreachable")
    assert metric(door, "in_flight") == 0


def test_the_users_service_is_asked_at_another_address_when_one_is_gone():
    gone = f"http://127.0.0.1:{free_port()}"
    with closing(upstream.start()) as there:
        far = Far(gone, there.origin)
        assert far.keys() == {"said": True}
        assert far.keys() == {"said": True}
        far.close()

        async def ask() -> object:
            async with client(GatewaySettings()) as asking:
                return await UsersService(asking, (gone, there.origin)).keys()

        assert asyncio.run(ask()) == {"said": True}


def metric(door, name: str) -> float:
    for line in door.get("/metrics").body.decode().splitlines():
        if line.startswith(f'nexafi_gateway_{name}{{service="one"}}'):
            return float(line.split()[-1])
    raise AssertionError(name)


def wait_for(condition) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(json.dumps("it did not come"))
