"""A fresh PostgreSQL is prepared by one command, and its roles may do what they must, no more."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from cryptography.hazmat.primitives import serialization
from sqlalchemy import make_url

from nexafi.cli.platform import Platform
from nexafi.kernel.data import organizations
from nexafi.kernel.data.context import Context, Home, utc_now
from nexafi.kernel.settings import Settings
from nexafi.kernel.values.ids import new_id
from nexafi.ledger.tables import Account
from tests.cli.conftest import Commands
from tests.postgreses import Server, needs_server, private, programs

pytestmark = needs_server


@dataclass
class Installed:
    """A platform on a server that was fresh, with two organizations in it."""

    server: Server
    settings: dict[str, str]
    homes: list[Home]

    def as_role(self, variable: str, home: Home | None = None) -> psycopg.Connection:
        """Connect as a role, in a transaction that works for *home*."""
        url = make_url(self.settings[variable]).set(drivername="postgresql")
        connection = psycopg.connect(url.render_as_string(hide_password=False))
        connection.execute("SET search_path = ledger")
        if home is not None:
            connection.execute("SELECT set_config('nexafi.organization', %s, true)", [str(home.id)])
        return connection


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with private() as made:
        yield made


@pytest.fixture(scope="module")
def installed(server: Server, tmp_path_factory) -> Installed:
    """Two organizations with an account each, on a database made by the command."""
    folder = tmp_path_factory.mktemp("installed")
    commands = Commands(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("NEXAFI_DATA", str(folder))
        admin = server.url().replace("+psycopg", "")
        server.ask("CREATE ROLE nexafi_app NOLOGIN")  # as a migration of before has left it
        given = commands.json("database", "roles", "--apply", admin)
        for variable, url in given.items():
            patch.setenv(variable, url)
        commands.run("migrate")
        platform = Platform(Settings())
    homes = [Home(new_id(), name, "DE", "Europe/Berlin", "EUR", "01-01") for name in "AB"]
    for home in homes:
        context = Context("test", utc_now(), home.id, home)
        organizations.make_known(platform.database("ledger"), context)
        with platform.database("ledger").work(context) as work:
            work.session.add(Account(code=home.name, name="x", type="asset", normal_side="debit"))
    platform.close()
    return Installed(server, given, homes)


def test_the_app_owns_nothing_and_sees_one_organization(installed):
    ours, theirs = installed.homes
    with installed.as_role("NEXAFI_DATABASE_URL", ours) as app:
        owned = app.execute(
            "SELECT count(*) FROM pg_shdepend WHERE refobjid = current_user::regrole"
            " AND deptype = 'o'"
        ).fetchone()
        codes = app.execute("SELECT code FROM accounts").fetchall()
        changed = app.execute("UPDATE accounts SET name = 'y'").rowcount

    assert (owned, codes, changed) == ((0,), [("A",)], 1)
    with (
        installed.as_role("NEXAFI_DATABASE_URL", ours) as app,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
    ):
        app.execute(
            "INSERT INTO accounts SELECT %s, gen_random_uuid(), 'C', 'x', 'asset', 'debit'",
            [theirs.id],
        )
    with installed.as_role("NEXAFI_DATABASE_URL") as app:
        assert app.execute("SELECT count(*) FROM accounts").fetchone() == (0,)


def test_keys_and_audit_records_of_others_are_not_seen_either(installed):
    columns = "organization_id, id, at, actor, deed, target, request_id"
    for home in installed.homes:
        with installed.as_role("NEXAFI_DATABASE_URL", home) as app:
            app.execute(
                f"INSERT INTO audit ({columns})"
                " VALUES (%s, gen_random_uuid(), now(), 'x', 'x', 'x', 'x')",
                [home.id],
            )
            app.execute(
                "INSERT INTO idempotency (organization_id, key, fingerprint, started_at)"
                " VALUES (%s, 'k', 'f', now())",
                [home.id],
            )

    for table in ("audit", "idempotency"):
        with installed.as_role("NEXAFI_DATABASE_URL", installed.homes[0]) as app:
            found = app.execute(f"SELECT organization_id FROM {table}").fetchall()
        assert set(found) == {(installed.homes[0].id,)}
        with installed.as_role("NEXAFI_DATABASE_URL") as nobody:
            assert nobody.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


@pytest.mark.parametrize(
    "attack",
    [
        "ALTER TABLE entries DISABLE TRIGGER ALL",
        "ALTER TABLE entries DISABLE TRIGGER append_only",
        "ALTER TABLE accounts DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE accounts NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY own_rows ON accounts",
        "CREATE POLICY all_rows ON accounts USING (true)",
        "DROP TRIGGER append_only ON entries",
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "UPDATE entries SET description = 'other'",
        "DELETE FROM lines",
        "TRUNCATE entries CASCADE",
        "SET session_replication_role = replica",
        "SET ROLE nexafi_owner",
        "SET SESSION AUTHORIZATION nexafi_steward",
        "ALTER ROLE nexafi_app BYPASSRLS",
        "GRANT nexafi_steward TO nexafi_app",
        "CREATE TABLE ledger.mine (id int)",
        "CREATE TABLE public.mine (id int)",
        "CREATE TEMPORARY TABLE accounts (id int)",
        "CREATE SCHEMA mine",
        "UPDATE outbox SET sent_at = now()",
        "SELECT * FROM outbox",
        "COPY accounts TO '/tmp/accounts'",
        "COPY accounts FROM PROGRAM 'id'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user",
    ],
)
def test_the_app_cannot_take_down_what_guards_the_books(installed, attack):
    with (
        installed.as_role("NEXAFI_DATABASE_URL", installed.homes[0]) as app,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        app.execute(attack)


def test_the_steward_sees_all_and_changes_no_books(installed):
    with installed.as_role("NEXAFI_DATABASE_STEWARD_URL") as steward:
        assert steward.execute("SELECT count(*) FROM accounts").fetchone() == (2,)
    for deed in ("UPDATE accounts SET name = 'y'", "DELETE FROM accounts", "CREATE SCHEMA mine"):
        with (
            installed.as_role("NEXAFI_DATABASE_STEWARD_URL") as steward,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            steward.execute(deed)


def test_others_may_not_even_connect(installed):
    installed.server.ask("DROP ROLE IF EXISTS stranger")
    installed.server.ask("CREATE ROLE stranger LOGIN")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(host="127.0.0.1", port=installed.server.port, user="stranger",
                        dbname="nexafi")  # fmt: skip


def test_run_again_it_keeps_passwords_and_the_doctor_is_content(installed, commands, monkeypatch):
    admin = installed.server.url().replace("+psycopg", "")
    for variable, url in installed.settings.items():
        monkeypatch.setenv(variable, url)

    again = commands.json("database", "roles", "--apply", admin)

    assert all("..." in url for url in again.values())
    found = {each["what"]: each["is_well"] for each in commands.json("doctor", code=0)}
    assert found["database of ledger"]


def test_the_script_for_psql_does_the_same(server, commands, tmp_path):
    script = commands.run("database", "roles", "--database", "other").stdout
    given = [f"-v{name}_password=it's" for name in ("owner", "app", "steward")]
    folder = programs()
    assert folder is not None
    command = [folder / "psql", "-h127.0.0.1", f"-p{server.port}", "-Upostgres", "-q", *given]

    for _ in range(2):
        done = subprocess.run(
            command, input=script, text=True, check=False, capture_output=True, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr

    assert server.ask("SELECT pg_get_userbyid(nspowner) FROM pg_namespace"
                      " WHERE nspname = 'ledger'", "other") == "nexafi_owner"  # fmt: skip


@pytest.mark.parametrize(
    "words", [("--database", "my books; DROP"), ("--apply", "mysql://root@db")]
)
def test_what_cannot_be_is_told_in_a_line(commands, words):
    refused = commands.run("database", "roles", *words, code=2)

    assert len(refused.stderr.strip().splitlines()) == 1


def test_what_the_address_says_of_tls_reaches_the_driver(tmp_path):
    certificate, key = _certificate()
    authority = tmp_path / "authority.pem"
    authority.write_bytes(certificate)
    with private() as server:
        for name, content in (("server.crt", certificate), ("server.key", key)):
            file = server.data / name
            file.write_bytes(content)
            file.chmod(0o600)
            if server.is_ours_to_run_as:
                subprocess.run(["/bin/chown", server.is_ours_to_run_as, file], check=True)
        server.settings["ssl"] = "on"
        server.restart()

        assert _is_encrypted(server, f"sslmode=verify-full&sslrootcert={authority}") is True
        other = tmp_path / "other.pem"
        other.write_bytes(_certificate()[0])
        with pytest.raises(Exception, match="certificate verify failed"):
            _is_encrypted(server, f"sslmode=verify-full&sslrootcert={other}")


def _is_encrypted(server: Server, query: str) -> object:
    settings = Settings(database_url=server.url(query=query), _env_file=None)
    database = Platform(settings).database("ledger")
    asked = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    try:
        with database.engine.connect() as connection:
            return connection.exec_driver_sql(asked).scalar()
    finally:
        database.close()


def _certificate() -> tuple[bytes, bytes]:
    """Return a certificate for 127.0.0.1 that signs itself, and its key."""
    import datetime as dt  # noqa: PLC0415
    import ipaddress  # noqa: PLC0415

    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    private_key = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return made.public_bytes(serialization.Encoding.PEM), private_key
