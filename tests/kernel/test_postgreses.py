"""The private servers of the tests do what they say: stop, die, follow, run full."""

from __future__ import annotations

import psycopg
import pytest

from tests.postgreses import needs_mount, needs_server, private

pytestmark = needs_server


def test_a_server_that_was_killed_comes_back_with_what_was_kept():
    with private() as server:
        server.ask("CREATE TABLE kept AS SELECT 7 AS it")
        server.kill()
        assert not server.is_up()

        server.start()

        assert server.ask("SELECT it FROM kept") == 7
        with server.connect() as other:
            assert server.cut_off_all() == 1
            with pytest.raises(psycopg.OperationalError):
                other.execute("SELECT 1")


@needs_mount
def test_a_server_whose_disk_is_full_refuses_and_goes_on_when_there_is_room():
    with private(disk_mib=160) as server:
        server.ask("CREATE TABLE kept (it text)")
        server.fill()

        with pytest.raises(psycopg.Error):
            server.ask("INSERT INTO kept SELECT repeat('x', 1000) FROM generate_series(1, 20000)")

        server.make_room()
        if not server.is_up():  # it gives up where the log of its changes finds no room
            server.stop()
            server.start()
        server.ask("INSERT INTO kept VALUES ('y')")
        assert server.ask("SELECT count(*) FROM kept") == 1
