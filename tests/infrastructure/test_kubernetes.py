"""The manifests for Kubernetes: what a cluster would say of them, and whether our code is so."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import defaultdict

import kubernetes_validate
import pytest
import yaml

from nexafi.cli.platform import Platform, existing
from nexafi.kernel.news.rabbitmq.topology import Names
from nexafi.kernel.service import OUTBOX_FIGURES
from nexafi.kernel.settings import Settings
from tests.infrastructure.conftest import INFRASTRUCTURE, needs
from tests.infrastructure.manifests import PAGES, ports

HERE = INFRASTRUCTURE / "kubernetes"
CUSTOM = {"external-secrets.io/v1"}
"""Kinds that an operator brings; their schema is not that of Kubernetes."""

WITH_SECRETS = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: nexafi
resources: [../overlays/production]
components: [../components/external-secrets, ../components/rabbitmq-autoscaling]
"""

pytestmark = needs("kubectl")


def built(folder: str) -> list[dict]:
    done = subprocess.run(
        [shutil.which("kubectl") or "kubectl", "kustomize", str(HERE / folder)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture(scope="module")
def production() -> list[dict]:
    return built("overlays/production")


@pytest.fixture(scope="module")
def whole() -> list[dict]:
    """Production with all components."""
    made = HERE / "of-the-tests"
    made.mkdir(exist_ok=True)
    try:
        (made / "kustomization.yaml").write_text(WITH_SECRETS)
        return built("of-the-tests")
    finally:
        (made / "kustomization.yaml").unlink()
        made.rmdir()


@pytest.fixture(scope="module")
def secrets(whole) -> list[dict]:
    return [each for each in whole if each["apiVersion"] in CUSTOM]


def of_kind(manifests: list[dict], kind: str) -> dict[str, dict]:
    return {each["metadata"]["name"]: each for each in manifests if each["kind"] == kind}


def pods(manifests: list[dict]) -> dict[str, dict]:
    kinds = of_kind(manifests, "Deployment") | of_kind(manifests, "Job")
    return {name: each["spec"]["template"] for name, each in kinds.items()}


VERSIONS = ("1.37", "1.29") if os.environ.get("NEXAFI_TEST_LONG") else ("1.37",)


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_each_manifest(production, version):
    for each in production:
        kubernetes_validate.validate(each, desired_version=version, strict=True)


def test_the_base_is_whole_without_an_overlay():
    kinds = {each["kind"] for each in built("base")}
    assert {"Namespace", "Deployment", "Service", "Job", "NetworkPolicy"} <= kinds


def test_every_program_has_its_deployment_and_its_port(production):
    deployments = of_kind(production, "Deployment")
    services = of_kind(production, "Service")

    assert set(deployments) == {"nexafi-gateway", "nexafi-worker"} | {
        f"nexafi-{name}" for name in existing()
    }
    for name, pod in pods(production).items():
        (container,) = pod["spec"]["containers"]
        listens = {port["containerPort"] for port in container.get("ports", [])}
        assert listens == ports(container["args"])
        if service := services.get(name):
            (port,) = service["spec"]["ports"]
            assert {port["port"]} == listens
            assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()


def test_probes_ask_for_pages_that_are_there_on_ports_that_are_named(production):
    asked = set()
    for pod in pods(production).values():
        (container,) = pod["spec"]["containers"]
        named = {port["name"] for port in container.get("ports", [])}
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            if probe := container.get(kind):
                assert probe["httpGet"]["port"] in named
                asked.add(probe["httpGet"]["path"])
        if "http" in named:
            assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
            assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert asked == PAGES - {"/metrics"}


def test_every_setting_exists_and_is_taken(production, secrets, read):
    (config,) = of_kind(production, "ConfigMap").values()
    given = {
        "NEXAFI_SECRET": "x" * 40,
        "NEXAFI_REDIS_URL": "rediss://:password@cache:6379/0",
        "NEXAFI_RABBITMQ_URL": "amqps://nexafi:password@broker:5671/nexafi",
    }
    keys = {data["secretKey"] for each in secrets for data in each["spec"]["data"]}
    for name in keys - set(given):
        assert "DATABASE" in name, f"say here what {name} may be"
        given[name] = "postgresql+psycopg://nexafi_app:password@db/nexafi?sslmode=require"
    assert {"NEXAFI_DATABASE_URL", "NEXAFI_DATABASE_OWNER_URL", "NEXAFI_SECRET"} <= keys

    settings, gateway = read({**config["data"], **given})

    services = of_kind(production, "Service")
    for name in existing():
        (origin,) = Platform(settings).origins(name)
        host, port = origin.removeprefix("http://").split(":")
        assert services[host]["spec"]["ports"][0]["port"] == int(port)
    assert gateway.proxies == gateway_networks(gateway.metrics_from)
    grace_s = pods(production)["nexafi-ledger"]["spec"]["terminationGracePeriodSeconds"]
    assert grace_s > settings.drain_s + 5 + 2, "after what preStop waits, and who is ended late"


def gateway_networks(networks: tuple[str, ...]) -> frozenset[str]:
    return frozenset(networks)


def test_secrets_are_made_elsewhere_and_referred_to(production, secrets):
    assert not of_kind(production, "Secret")
    made = {each["spec"]["target"]["name"] for each in secrets}
    wanted = defaultdict(set)
    for name, pod in pods(production).items():
        for source in pod["spec"]["containers"][0]["envFrom"]:
            if reference := source.get("secretRef"):
                wanted[reference["name"]].add(name)

    assert set(wanted) == made
    assert wanted["nexafi-owner"] == {"nexafi-migrate"}, "only who migrates comes as the owner"


def test_pods_may_do_nothing_that_they_need_not(production):
    for pod in pods(production).values():
        spec = pod["spec"]
        (container,) = spec["containers"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]
        mounts = {each["mountPath"] for each in container["volumeMounts"]}
        assert mounts == {Settings.model_fields["data"].default and "/var/lib/nexafi", "/tmp"}  # noqa: S108


def test_one_of_each_stays_while_machines_are_emptied(production):
    deployments = of_kind(production, "Deployment")
    budgets = of_kind(production, "PodDisruptionBudget")
    scalers = of_kind(production, "HorizontalPodAutoscaler")

    assert set(budgets) == set(deployments) == set(scalers)
    for name, deployment in deployments.items():
        assert deployment["spec"]["replicas"] >= 2
        selector = budgets[name]["spec"]["selector"]["matchLabels"]
        assert selector.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
        scaled = scalers[name]["spec"]
        assert scaled["scaleTargetRef"]["name"] == name
        assert scaled["minReplicas"] >= 2


def test_workers_grow_by_a_figure_that_is_shown(production):
    metrics = of_kind(production, "HorizontalPodAutoscaler")["nexafi-worker"]["spec"]["metrics"]
    (asked,) = [
        each["external"]["metric"]["name"] for each in metrics if each["type"] == "External"
    ]
    shown = {f"nexafi_{figure.name}" for figure in OUTBOX_FIGURES}
    rules = yaml.safe_load((HERE / "prometheus-adapter.yaml").read_text())["rules"]["external"]
    (rule,) = [each for each in rules if each["name"]["as"] == asked]

    assert asked in shown
    assert rule["seriesQuery"].startswith(asked)


def test_workers_may_grow_by_what_waits_in_the_broker(whole):
    scaler = of_kind(whole, "HorizontalPodAutoscaler")["nexafi-worker"]
    rules = yaml.safe_load((HERE / "prometheus-adapter.yaml").read_text())["rules"]["external"]
    asked = {each["external"]["metric"]["name"] for each in scaler["spec"]["metrics"]
             if each["type"] == "External"}  # fmt: skip

    kubernetes_validate.validate(scaler, desired_version="1.37", strict=True)
    assert asked == {each["name"]["as"] for each in rules}
    (of_broker,) = [each for each in rules if each["name"]["as"] == "nexafi_queue_ready"]
    pattern = re.search(r'queue=~"([^"]+)"', of_broker["metricsQuery"])[1].replace("\\\\", "\\")
    names = Names("nexafi")
    for service in existing():
        assert re.fullmatch(pattern, names.queue(service))
        assert not re.fullmatch(pattern, names.parked(service))


def test_nobody_speaks_to_anybody_unless_it_is_said(production):
    policies = of_kind(production, "NetworkPolicy")
    everybody = [each for each in policies.values() if each["spec"]["podSelector"] == {}]
    closed = [each for each in everybody if "ingress" not in each["spec"]]
    names = {
        each["metadata"]["labels"]["app.kubernetes.io/name"] for each in pods(production).values()
    }

    assert any(each["spec"]["policyTypes"] == ["Ingress", "Egress"] for each in closed)
    said = set(re.findall(r"'values': \[([^]]*)\]", str(policies)))
    for each in said:
        assert {word.strip(" '") for word in each.split(",")} <= names
