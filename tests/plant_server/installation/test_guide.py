"""The guide in its two languages: the same commands, all of them ours, all files where it says."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import lineside

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "plant_server/installation"
ENGLISH, CHINESE = FOLDER / "README.md", FOLDER / "README.zh-CN.md"
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
UNITS = {path.name for path in (FOLDER / "systemd").iterdir()}


def blocks(guide: Path) -> list[str]:
    return re.findall(r"^```\n(.*?)^```$", guide.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def lines(guide: Path) -> list[str]:
    """Commands, a continued one as one line, without comments."""
    joined = "".join(blocks(guide)).replace("\\\n", " ")
    return [re.sub(r"\s+#.*", "", line).strip() for line in joined.splitlines() if line.strip()]


def ours(line: str) -> list[str] | None:
    """The words after `lineside` of a command line, whatever stands before it."""
    words = shlex.split(line)
    for index, word in enumerate(words):
        if word == "lineside" or word.endswith("/bin/lineside"):
            following = words[index + 1 :]
            return following if following and following[0] in lineside.PACKAGES else None
    return None


def composed(line: str) -> tuple[str, list[str]] | None:
    """Service and words of a `docker compose run`."""
    found = re.search(r"docker compose run (?:--[a-z-]+ )*(\w+)(.*)", line)
    return (found[1], shlex.split(found[2])) if found else None


def test_both_languages_say_the_same_commands() -> None:
    assert len(lines(ENGLISH)) > 25
    assert lines(CHINESE) == lines(ENGLISH)
    headings = [
        len(re.findall(r"^## ", guide.read_text(encoding="utf-8"), re.MULTILINE))
        for guide in (ENGLISH, CHINESE)
    ]
    assert headings[0] == headings[1]


@pytest.mark.parametrize("line", sorted({line for line in lines(ENGLISH) if ours(line)}))
def test_a_command_of_ours_is_one(line: str, tmp_path: Path) -> None:
    words = ours(line)
    assert words is not None
    done = CliRunner().invoke(lineside.app, [*words, "--help"])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    "part", sorted({part for line in lines(ENGLISH) for part in line.split(" && ") if composed(part)})
)
def test_a_container_that_is_run_is_a_service_and_takes_the_words(part: str) -> None:
    found = composed(part)
    assert found is not None
    name, words = found
    service = SERVICES[name]
    entry = service.get("entrypoint", ["lineside"])[1:]
    done = CliRunner().invoke(lineside.app, [*entry, *(words or service.get("command", [])), "--help"])
    assert done.exit_code == 0, done.output


def test_units_and_files_that_are_named_are_there() -> None:
    text = ENGLISH.read_text(encoding="utf-8")
    for unit in re.findall(
        r"\blineside-(\w+)(\.timer)?", " ".join(line for line in lines(ENGLISH) if "systemctl" in line)
    ):
        assert f"lineside-{unit[0]}{unit[1] or '.service'}" in UNITS, unit
    for path in re.findall(r"(?<![\w-])(?:plant_server|erp_bridge|edge)/[\w/.-]+\w", text):
        assert list(ROOT.glob(path)) or list(ROOT.glob(f"{path}*")), path
    for variable in set(re.findall(r"LINESIDE_[A-Z_]+", text)):
        assert (
            f"${{{variable}:" in (ROOT / "docker-compose.yml").read_text()
            or variable == "LINESIDE_HOME"
            or any(
                variable in path.read_text(encoding="utf-8") for path in (ROOT / "plant_server").rglob("*.py")
            )
        ), variable
