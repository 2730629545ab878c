"""compose.yaml: what Docker Compose would say of it, and whether our code and images are so."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import yaml
from scripts.infrastructure import compose
from scripts.infrastructure.parts import PARTS

from nexafi.cli.platform import Platform, existing
from nexafi.kernel.data import roles
from nexafi.kernel.settings import SERVICES
from tests.infrastructure.conftest import INFRASTRUCTURE, needs
from tests.infrastructure.manifests import ports

PASSWORDS = dict.fromkeys(compose.VARIABLES, "x" * 40)


def config(*names: str) -> dict:
    files = [part for name in names for part in ("-f", str(INFRASTRUCTURE / name))]
    done = subprocess.run(
        [shutil.which("docker-compose") or "docker-compose", *files, "config"],
        check=False, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", **PASSWORDS},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    return yaml.safe_load(done.stdout)


@pytest.fixture(scope="module")
def platform() -> dict:
    return config("compose.yaml")["services"]


def ours(services: dict) -> dict[str, dict]:
    return {name: each for name, each in services.items() if each["image"].startswith("nexafi:")}


@needs("docker-compose")
def test_all_of_it_is_there_each_service_twice(platform):
    assert {part.name for part in PARTS} <= set(platform)
    assert set(ours(platform)) == {"gateway", "migrate", "worker-1", "worker-2"} | {
        f"{name}-{number}" for name in existing() for number in (1, 2)
    }


@needs("docker-compose")
def test_every_setting_exists_and_leads_to_what_listens(platform, read):
    for name, service in ours(platform).items():
        settings, gateway = read(service["environment"])
        listens = ports(service["command"])
        assert bool(listens) == (name != "migrate")
        for published in service.get("ports", []):
            assert published["target"] in listens if isinstance(published, dict) else True
        for other in existing():
            origins = Platform(settings).origins(other)
            assert len(origins) == 2
            for origin in origins:
                host, port = origin.removeprefix("http://").split(":")
                assert int(port) in ports(platform[host]["command"])
        assert gateway.proxies == frozenset()
        hosts = {settings.address("ledger").split("@")[1].split("/")[0]}
        assert hosts <= set(platform)


@needs("docker-compose")
def test_only_who_migrates_comes_as_the_owner(platform):
    owners = {
        name for name, each in ours(platform).items()
        if "NEXAFI_DATABASE_OWNER_URL" in each["environment"]
    }  # fmt: skip

    assert owners == {"migrate"}


@needs("docker-compose")
def test_containers_of_ours_may_write_nowhere_and_nobody_else_gets_in(platform):
    for each in ours(platform).values():
        assert each["read_only"] is True
        assert each["cap_drop"] == ["ALL"]
        assert each["security_opt"] == ["no-new-privileges:true"]
        assert {mount.split(":")[0] for mount in each["tmpfs"]} == {"/var/lib/nexafi", "/tmp"}  # noqa: S108
    for each in platform.values():
        for published in each.get("ports", []):
            assert str(published).startswith("127.0.0.1:"), "a load balancer is in front, or nobody"
    for name in ("postgres", "redis", "rabbitmq", "elasticsearch"):
        assert "ports" not in platform[name]


@needs("docker-compose")
def test_the_servers_alone_are_reached_where_the_script_says():
    services = config(*compose.FILES)["services"]

    for part in PARTS:
        published = [str(each).rsplit(":", 1)[0] for each in services[part.name]["ports"]]
        assert f"127.0.0.1:{part.port}" in published


@needs("docker-compose")
def test_images_are_named_by_a_version_and_what_is_mounted_is_there(platform):
    for each in platform.values():
        tag = each["image"].partition(":")[2]
        assert any(letter.isdecimal() for letter in tag), each["image"]
        for volume in each.get("volumes", []):
            source = volume.split(":")[0] if isinstance(volume, str) else volume["source"]
            assert not source.startswith("/") or INFRASTRUCTURE.joinpath(source).exists(), source


def test_the_roles_are_those_that_the_code_makes():
    made = (INFRASTRUCTURE / "postgres" / "roles.sql").read_text(encoding="utf-8")

    assert made == roles.script("nexafi", SERVICES), "nexafi database roles > .../roles.sql"


def test_prometheus_asks_all_of_ours():
    text = (INFRASTRUCTURE / "docker" / "prometheus.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["scrape_configs"]
    services = yaml.safe_load((INFRASTRUCTURE / "compose.yaml").read_text(encoding="utf-8"))[
        "services"
    ]

    asked = {
        target for job in jobs for config in job["static_configs"] for target in config["targets"]
    }

    assert all(job["job_name"].startswith("nexafi-") for job in jobs)
    for each in asked:
        host, port = each.split(":")
        assert int(port) in ports(services[host]["command"])
    running = {name for name, each in services.items() if "command" in each and name != "redis"}
    assert {each.split(":")[0] for each in asked} == running - {"migrate"}
