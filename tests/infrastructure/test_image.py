"""The Dockerfile without an engine: its steps are run; what they make runs on a read-only disk."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from nexafi.cli.platform import GATEWAY, Platform, existing
from nexafi.kernel.settings import Settings
from tests.infrastructure.conftest import INFRASTRUCTURE

ROOT = INFRASTRUCTURE.parent
TEXT = (INFRASTRUCTURE / "Dockerfile").read_text(encoding="utf-8")
LINES = re.sub(r"\\\n\s*", " ", TEXT).splitlines()
is_root = hasattr(os, "geteuid") and os.geteuid() == 0
NOBODY = 10_001


def instructions(name: str) -> list[str]:
    return [line.split(None, 1)[1] for line in LINES if line.startswith(f"{name} ")]


def allowed(path: str) -> bool:
    """Return whether .dockerignore lets a file of the repository into the build."""
    found = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!")
        if not line or line.startswith("#"):
            continue
        parents = [path, *(str(each) for each in Path(path).parents)]
        if any(fnmatch(each, pattern.removeprefix("**/")) or fnmatch(each, pattern)
               for each in parents):  # fmt: skip
            found = not line.startswith("!")
    return not found


def test_only_what_the_image_is_made_of_is_sent_to_the_engine():
    git = shutil.which("git") or "git"
    listed = subprocess.run([git, "ls-files"], check=True, capture_output=True, text=True, cwd=ROOT)
    sent = {path for path in listed.stdout.splitlines() if allowed(path)}

    assert {path.split("/")[0] for path in sent} == {
        "pyproject.toml", "requirements.lock", "README.md", "LICENSE", "src",
    }  # fmt: skip
    copied = " ".join(instructions("COPY")).split()
    for path in {path.split("/")[0] for path in sent}:
        assert path in copied, "sent and not used"
    assert not allowed(".env")
    assert not allowed("var/secret")


def test_the_image_says_what_the_code_does():
    assert instructions("USER") == ["10001:10001"]
    exposed = {int(port) for port in " ".join(instructions("EXPOSE")).split()}
    assert exposed == {Platform(Settings()).port(name) for name in (GATEWAY, *existing())}
    tag = instructions("ARG")[0]
    assert re.fullmatch(r"PYTHON=3\.1[1-4]-slim-bookworm", tag)
    assert "@sha256" not in TEXT
    assert 'ENTRYPOINT ["nexafi"]' in TEXT
    pinned = next(line for line in instructions("RUN") if "requirements.lock" in line)
    assert "--require-hashes" in pinned


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the build stage leaves in /opt/nexafi, made by the same steps."""
    place = Path("/tmp") / f"nexafi-image-{os.getpid()}"  # noqa: S108 - others may enter it
    place.mkdir(mode=0o755)
    source, made = place / "source", place / "nexafi"
    for name in ("pyproject.toml", "requirements.lock", "README.md", "LICENSE"):
        source.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "src", source / "src",
                    ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))  # fmt: skip
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not here; pip would take too long")
    install = [uv, "pip", "install", "-q", "--python", str(made / "bin" / "python")]
    for command in (
        [uv, "venv", "-q", "--python", getattr(sys, "_base_executable", sys.executable), str(made)],
        [*install, "--require-hashes", "--only-binary", ":all:", "-r", "requirements.lock"],
        [uv, "build", "-q", "--wheel", "--out-dir", str(place / "wheels"), "."],
    ):
        subprocess.run(command, check=True, cwd=source, capture_output=True, text=True)
    (wheel,) = (place / "wheels").glob("*.whl")
    subprocess.run([*install, "--no-deps", str(wheel)], check=True, capture_output=True)
    yield made
    shutil.rmtree(place)


def test_what_the_steps_make_has_all_that_runs(image):
    (packages,) = image.glob("lib/python*/site-packages/nexafi")

    for path in (ROOT / "src" / "nexafi").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert (packages / path.relative_to(ROOT / "src" / "nexafi")).exists(), (
                f"{path}: name it in pyproject.toml, package-data"
            )
    assert not (packages.parent / "pytest").exists()


READ_ONLY = """
set -eu
if [ -n "{closed}" ]; then  # let nobody into the folder of Python, and into nothing else there
    mkdir {held}
    mount --bind {python} {held}
    mount -t tmpfs -o mode=0755 tmpfs {closed}
    mkdir -p {python}
    mount --bind {held} {python}
fi
mount -t tmpfs -o mode=0700,uid={who},gid={who} tmpfs {data}
mount -t tmpfs tmpfs /dev/shm 2>/dev/null || true
mount -o remount,bind,ro / 2>/dev/null || mount -o remount,ro,bind /
cd {data}
exec setpriv --reuid {who} --regid {who} --clear-groups --no-new-privs --bounding-set=-all \\
    env -i PATH={image}/bin:/usr/bin:/bin NEXAFI_HOST=127.0.0.1 NEXAFI_DATA={data} \\
    NEXAFI_BCRYPT_COST=4 NEXAFI_PORT_BASE={base} PYTHONDONTWRITEBYTECODE=1 sh -c '{script}'
"""


@pytest.mark.skipif(
    not is_root or not shutil.which("unshare") or not shutil.which("setpriv"),
    reason="only root may make a disk read-only",
)
@pytest.mark.timeout(120)
def test_it_runs_as_nobody_on_a_read_only_disk_and_says_how_it_is(image):
    data = image.parent / "data"
    data.mkdir()
    python = Path(sys.base_prefix).resolve()
    parents = [each for each in reversed(python.parents) if not each.stat().st_mode & 0o001]
    closed = next(iter(parents), "")
    script = """
        nexafi --help > /dev/null &&
        (touch /opt/x 2>/dev/null && exit 9 || true) &&
        nexafi serve --all & pid=$!
        for n in $(seq 100); do nexafi serve --status && break; sleep 0.5; done
        nexafi serve --status --json; code=$?
        kill $pid; wait $pid; exit $code
    """
    given = {"who": NOBODY, "data": data, "image": image, "base": 25_060, "script": script}
    given |= {"python": python, "closed": closed, "held": image.parent / "python"}

    ended = subprocess.run(
        [shutil.which("unshare") or "unshare", "--mount", "sh", "-c", READ_ONLY.format(**given)],
        check=False, capture_output=True, text=True, timeout=110,
    )  # fmt: skip

    if "permission denied" in ended.stderr and "mount" in ended.stderr:
        pytest.skip("this container may not mount")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert '"ledger": "ready"' in ended.stdout, ended.stdout + ended.stderr
