"""The rows of an organization can live on one node: tables, functions, and all that is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint

from nexafi.cli.platform import Platform
from nexafi.contracts.ledger.permissions import LedgerPermission
from nexafi.kernel.data import distribution, organizations
from nexafi.kernel.data.context import Context, Home, utc_now
from nexafi.kernel.data.distribution import KEY, Spread, spread, stays_inside
from nexafi.kernel.data.ownership import Owned
from nexafi.kernel.settings import Settings
from nexafi.kernel.values.ids import new_id
from tests.cli.conftest import Commands
from tests.house.test_house import SERVICES, each_service
from tests.postgreses import Server, needs_server, private

LEDGER = "/api/v1/ledger"

JUDGE = """
CREATE TABLE public.told (it text PRIMARY KEY, how text NOT NULL);
GRANT ALL ON public.told TO PUBLIC;

CREATE FUNCTION pg_catalog.create_distributed_table(it regclass, by text, colocate_with text)
RETURNS void LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE faults text;
BEGIN
    -- what Citus refuses: a key without the column, a reference that leaves the node
    SELECT string_agg(i.indexrelid::regclass::text, ', ') INTO faults FROM pg_index AS i
     WHERE i.indrelid = it AND i.indisunique AND NOT EXISTS (
           SELECT FROM pg_attribute AS a
            WHERE a.attrelid = it AND a.attname = by AND a.attnum = ANY(i.indkey::int2[]));
    IF faults IS NOT NULL THEN RAISE 'unique without %: %', by, faults; END IF;
    SELECT string_agg(c.conname, ', ') INTO faults FROM pg_constraint AS c
     WHERE c.conrelid = it AND c.contype = 'f'
       AND NOT EXISTS (
           SELECT FROM public.told AS t
            WHERE t.it = c.confrelid::regclass::text AND t.how = 'reference')
       AND (c.confrelid <> it AND NOT EXISTS (
                SELECT FROM public.told AS t
                 WHERE t.it = c.confrelid::regclass::text AND t.how = 'distributed')
            OR NOT EXISTS (
                SELECT FROM unnest(c.conkey, c.confkey) AS k(own, other)
                  JOIN pg_attribute AS a ON a.attrelid = it AND a.attnum = k.own
                  JOIN pg_attribute AS b ON b.attrelid = c.confrelid AND b.attnum = k.other
                 WHERE a.attname = by AND b.attname = by));
    IF faults IS NOT NULL THEN RAISE 'a reference leaves the node: %', faults; END IF;
    IF colocate_with <> 'none' AND NOT EXISTS (
        SELECT FROM public.told AS t WHERE t.it LIKE '%.' || colocate_with) THEN
        RAISE 'there is no group of %', colocate_with;
    END IF;
    INSERT INTO public.told VALUES (it::text, 'distributed');
END $$;
CREATE FUNCTION pg_catalog.create_reference_table(it regclass)
RETURNS void LANGUAGE sql SET search_path = '' AS
$$ INSERT INTO public.told VALUES (it::text, 'reference') $$;
CREATE FUNCTION pg_catalog.citus_add_local_table_to_metadata(it regclass)
RETURNS void LANGUAGE sql SET search_path = '' AS
$$ INSERT INTO public.told VALUES (it::text, 'local') $$;
CREATE FUNCTION pg_catalog.create_distributed_function(
    it regprocedure, distribution_arg_name text DEFAULT NULL, colocate_with text DEFAULT NULL,
    force_delegation boolean DEFAULT NULL) RETURNS void LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    IF distribution_arg_name IS NOT NULL AND NOT EXISTS (
        SELECT FROM pg_proc WHERE oid = it AND distribution_arg_name = ANY(proargnames)) THEN
        RAISE '% has no argument %', it, distribution_arg_name;
    END IF;
    INSERT INTO public.told VALUES (it::text, coalesce(distribution_arg_name, 'everywhere'));
END $$;
"""
"""Stands in for Citus, which is not installed here: it refuses what Citus is known to refuse."""


@each_service
def test_what_is_an_organizations_is_spread_by_it_with_all_its_keys_and_references(service):
    database = service.database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    ordered = distribution.tables(database)
    where = {table.name: spread(table) for table in ordered}
    owned = {
        each.local_table.name
        for each in service.tables.registry.mappers
        if issubclass(each.class_, Owned)
    }

    assert all(where[name] is Spread.BY_ORGANIZATION for name in owned)
    for table in ordered:
        for constraint in table.constraints:
            if isinstance(constraint, CheckConstraint) or where[table.name] is Spread.COORDINATOR:
                continue
            columns = [column.name for column in constraint.columns]
            if isinstance(constraint, ForeignKeyConstraint):
                to = where[constraint.referred_table.name]
                assert to is not Spread.COORDINATOR, f"{constraint.name} leaves the node"
            elif isinstance(constraint, UniqueConstraint) or where[table.name] is Spread.EVERYWHERE:
                continue
            if where[table.name] is Spread.BY_ORGANIZATION:
                assert columns[0] == KEY, f"{constraint.name} must begin with the organization"
        for index in table.indexes:
            if index.unique and where[table.name] is Spread.BY_ORGANIZATION:
                assert KEY in index.columns, f"{index.name} must have the organization"
    database.close()


JOINED = "SELECT * FROM entries AS e JOIN lines AS l"
SAME = "l.organization_id = e.organization_id"


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("SELECT * FROM entries WHERE entries.organization_id = $1", None),
        ("SELECT * FROM entries WHERE date = $1", "entries as entries"),
        (f"{JOINED} ON l.entry_id = e.id WHERE e.organization_id = $1", "lines as l"),
        (f"{JOINED} ON {SAME} AND l.entry_id = e.id WHERE e.organization_id = $1", None),
        ("SELECT 1 FROM entries, lines WHERE entries.organization_id = $1", "lines as lines"),
        ("INSERT INTO lines (organization_id, id) VALUES ($1, $2)", None),
        ("INSERT INTO lines (id) VALUES ($2)", "lines"),
        ("DELETE FROM fresh WHERE organization_id = $1 AND id = $2", None),
        ("UPDATE entries SET date = $1 WHERE id = $2", "entries as entries"),
        ("SELECT * FROM outbox", None),
    ],
)
def test_the_judge_of_statements_sees_which_table_leaves_the_node(statement, found):
    assert stays_inside(statement, ["entries", "lines", "fresh"]) == found


@dataclass
class Told:
    """A platform on a server that writes down every statement it is sent."""

    server: Server
    commands: Commands

    def statements(self, role: str) -> list[str]:
        """Return what *role* has sent."""
        log = self.server.log.read_text(encoding="utf-8", errors="replace")
        found: list[str] = []
        for line in re.split(r"\n(?=\[)", log):
            head, _, said = line.partition("LOG:  ")
            if f"[{role}@" in head and (
                match := re.match(r"(?:statement|execute [^:]*): (.*)", said, re.DOTALL)
            ):
                found += [part for part in match[1].split(";") if part.strip()]
        return found


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("distribution")
    settings = {
        "log_statement": "all",
        "log_line_prefix": "[%u@%d] ",
        "allow_system_table_mods": "on",  # for who stands in for Citus
    }
    with private(**settings) as server, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("NEXAFI_DATA", str(folder))
        commands = Commands(folder)
        admin = server.url().replace("+psycopg", "")
        for name, url in commands.json("database", "roles", "--apply", admin).items():
            patch.setenv(name, url)
        commands.run("migrate")
        yield Told(server, commands)


@needs_server
def test_the_hot_paths_never_leave_the_node_of_their_organization(told):
    _live(Platform(Settings()))
    database = Platform(Settings()).bare("ledger").database("postgresql+psycopg://x@127.0.0.1:1/x")
    inside = [t.name for t in distribution.tables(database) if spread(t) is Spread.BY_ORGANIZATION]
    database.close()

    sent = set(told.statements("nexafi_app"))
    astray = {said: where for said in sent if (where := stays_inside(said, inside)) is not None}

    assert len(sent) > 60, "the paths were walked"
    assert any("post_entries" in said for said in sent)
    assert astray == {}
    locking = [
        said
        for said in told.statements("nexafi_steward")
        if re.search(r"\b(UPDATE|DELETE|INSERT)\b", said)
        and any(re.search(rf"\b{name}\b", said) for name in inside)
    ]
    assert locking == [], "who looks across organizations only reads"


@needs_server
def test_functions_and_triggers_ask_only_about_the_organization_that_they_work_for(told):
    database = Platform(Settings()).owner_database("ledger")
    inside = [t.name for t in distribution.tables(database) if spread(t) is Spread.BY_ORGANIZATION]
    with closing(database), database.engine.connect() as connection:
        sources = connection.exec_driver_sql(
            "SELECT proname, prosrc FROM pg_proc"
            " WHERE pronamespace = current_schema()::regnamespace"
        ).all()

    assert {"post_entries", "check_entry", "check_lines"} <= {name for name, _ in sources}
    for name, source in sources:
        for part in source.split(";"):
            assert stays_inside(part, inside) is None, f"{name}: {part}"


@needs_server
def test_citus_is_told_all_of_it_or_the_command_says_what_is_missing(told):
    for name in ("users", "ledger"):
        refused = told.commands.run("distribute", name, "--apply", code=2)
        assert "CREATE EXTENSION IF NOT EXISTS citus" in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 1
    script = told.commands.run("distribute", "ledger").stdout
    assert "create_distributed_table('entries', 'organization_id'" in script
    assert "distribution_arg_name => 'organization'" in script

    told.server.ask(JUDGE, "nexafi")
    told.commands.run("distribute", "--apply")

    with told.server.connect("nexafi") as connection:
        found = dict(connection.execute("SELECT it, how FROM told").fetchall())
    assert found["ledger.entries"] == found["ledger.idempotency"] == "distributed"
    assert found["ledger.organizations"] == "reference"
    assert found["ledger.outbox"] == found["users.sessions"] == "local"
    assert found["ledger.post_entries(uuid,jsonb,boolean)"] == "organization"
    for service in SERVICES:
        tables = service.tables.metadata.tables
        assert {f"{service.name}.{name}" for name in tables} <= found.keys()
    again = told.commands.run("distribute", "ledger", "--apply", code=2)
    assert "Citus refused" in again.stderr


def _live(platform: Platform) -> None:
    """Do what a company does on a busy day: post, look, report, prove, export, seal."""
    database = platform.database("ledger")
    home = Home(new_id(), "Ada", "DE", "Europe/Berlin", "EUR", "01-01")
    context = Context("ada", utc_now(), home.id, home, frozenset(LedgerPermission))
    organizations.make_known(database, context)
    client = platform.service("ledger").app(database, lambda: context).test_client()
    calls = [
        ("POST", "/accounts", {"code": "1", "name": "Cash", "type": "asset", "subtype": "cash"}),
        ("POST", "/accounts", {"code": "2", "name": "Sales", "type": "income"}),
        ("GET", "/accounts", None),
        *[("POST", "/entries", _entry(number)) for number in range(3)],
        ("POST", "/entries/batch", {"mode": "all", "entries": [_entry(7), _entry(8)]}),
        ("GET", "/entries", None),
        ("GET", "/entries?account=1&text=sale", None),
        ("POST", "/drafts", _entry(9)),
        ("GET", "/drafts", None),
        ("GET", "/periods", None),
        ("GET", "/rates", None),
        ("GET", "/check", None),
        ("GET", "/chain/verify", None),
        ("GET", "/export?format=hledger", None),
        ("GET", "/reports/trial-balance", None),
        ("GET", "/reports/income-statement?from=2026-01-01&as_of=2026-12-31", None),
        ("GET", "/reports/balance-sheet", None),
        ("GET", "/reports/cash?from=2026-01-01&as_of=2026-12-31", None),
        ("GET", "/reports/general-ledger?from=2026-01-01&as_of=2026-12-31", None),
        ("GET", "/reports/register?account=1", None),
        ("GET", "/bank-accounts", None),
        ("GET", "/statement-lines", None),
    ]
    answers = {}
    for method, path, body in calls:
        headers = {"Idempotency-Key": new_id().hex} if method == "POST" else {}
        answer = client.open(f"{LEDGER}{path}", method=method, json=body, headers=headers)
        answers[f"{method} {path}"] = (answer.status_code, answer.json)
    while platform.do_round("ledger"):
        pass
    for path in ("/entries", "/reports/trial-balance", "/check"):
        assert client.get(f"{LEDGER}{path}").status_code == 200
    platform.close()
    failed = {call: said for call, said in answers.items() if said[0] not in {200, 201}}
    assert failed == {}


def _entry(number: int) -> dict[str, object]:
    return {
        "date": "2026-03-31",
        "description": f"Sale {number}",
        "source": f"invoice/{number}",
        "lines": [
            {"account": "1", "amount": {"amount": "1.00", "currency": "EUR"}},
            {"account": "2", "amount": {"amount": "-1.00", "currency": "EUR"}},
        ],
    }
