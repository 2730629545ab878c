"""The private servers of the tests do what they say: die, hang, forget, follow, lead."""

from __future__ import annotations

import pytest

from tests.redises import RedisError, needs_server, private

pytestmark = needs_server


def test_a_server_hangs_dies_and_comes_back_empty():
    with private() as server:
        server.ask("SET", "kept", "7")
        server.pause()
        assert not server.is_up(timeout_s=0.2)
        server.resume()
        assert server.ask("GET", "kept") == "7"

        server.kill()
        assert not server.is_up()
        server.start()

        assert server.ask("GET", "kept") is None


def test_a_server_speaks_tls_and_asks_for_its_password():
    with private(password="of-the-tests", tls=True) as server:
        assert server.ask("PING") == "PONG"
        assert server.url().startswith("rediss://:of-the-tests@127.0.0.1:")

        server.password = None
        with pytest.raises(RedisError, match="NOAUTH"):
            server.ask("PING")


def test_a_replica_has_what_its_master_had_and_takes_its_place():
    with private() as master, private() as replica:
        master.ask("SET", "kept", "7")
        replica.follow(master)
        with pytest.raises(RedisError, match="READONLY"):
            replica.ask("SET", "kept", "8")

        master.kill()
        replica.lead()

        assert replica.ask("GET", "kept") == "7"
        assert replica.ask("SET", "kept", "8") == "OK"
