"""Fresh directory: the README's commands as written. Every code block of README.md is carried out here, or named with the reason why not.

A clone of the last commit, with no `.venv` of its own yet and nothing of the surrounding one. `make demo` begins by `make setup`,
which may use the network; its factory then runs, as the other one, in a network namespace with loopback alone: its usual
ports are free there, whatever runs beside it.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.test_flavours import alone

pytestmark = [pytest.mark.system, pytest.mark.timeout(420)]

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DEMO = "make demo"
JUDGED = re.compile(r"\.venv/bin/lineside demo .*--report (\S+)")
NOT_COMMANDS = ("PLC ──", "made = ")
"""How the blocks begin that nobody types: the drawing, and the three equations."""
NOT_RUN = {"make test": "it is what runs this test"}
LEFT_OUT = (".git", ".venv", ".lineside", "node_modules", "__pycache__", ".*_cache", ".hypothesis")
CTRL_C_WORKS = ["env", "--default-signal=INT"]
"""A shell that runs tests in its background lets them ignore it, and all that they start."""
MAKE_FAILED = re.compile(r"make: \*\*\*.*Error \d+")
"""What make says if the demo did not end with 0 at Ctrl-C; make itself dies of the signal in either case."""
SETUP_S, LIVING_S, STOP_S, JUDGED_S = 180.0, 90.0, 60.0, 240.0


def commands(readme: str) -> list[str]:
    """The lines of all blocks that are commands, as they stand there, without their comments."""
    blocks = [block for block in FENCE.findall(readme) if not block.startswith(NOT_COMMANDS)]
    lines = (re.sub(r"\s+#.*", "", line).strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line]


def test_each_command_of_the_readme_is_run_or_named() -> None:
    found = commands((ROOT / "README.md").read_text(encoding="utf-8"))
    judged = [line for line in found if JUDGED.fullmatch(line)]
    assert DEMO in found
    assert len(judged) == 1
    assert set(found) == {DEMO, *judged, *NOT_RUN}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme") / "lineside"
    command = ["git", "clone", "--quiet", str(ROOT), str(folder)]
    cloned = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if cloned.returncode != 0:
        print(f"copied, not cloned: {cloned.stderr}")
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    assert not (folder / ".venv").exists()
    return folder


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """A newcomer's: nothing of the Python that runs this test."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LINESIDE_", "VIRTUAL_ENV", "PYTHON", "PYTEST_", "MAKE", "MFLAGS", "COV_"))
    }
    own = {str(Path(sys.prefix) / "bin"), str(Path(sys.executable).parent)}
    places = [place for place in os.environ["PATH"].split(os.pathsep) if place not in own]
    return inherited | {"PATH": os.pathsep.join(places)}


def test_the_commands_of_the_readme_do_what_it_says(clone: Path, environment: dict[str, str]) -> None:
    found = commands((clone / "README.md").read_text(encoding="utf-8"))
    judged = next(line for line in found if JUDGED.fullmatch(line))
    make_setup(clone, environment)
    with Shell(DEMO, clone, environment) as demo:
        page = demo.sees(r"plant +(http://\S+)", LIVING_S)
        demo.sees(r"(living after)", LIVING_S)
        demo.sees(r"(Ctrl-C ends it)", LIVING_S)
        assert "<title>" in demo.gets(page + "/")
        assert list(running_in(clone)), "no process is recognised by its folder"
        demo.interrupt()
    assert (clone / ".lineside").is_dir()
    with Shell(judged, clone, environment) as demo:
        assert demo.ends(JUDGED_S) == 0, demo.output()
    report = json.loads((clone / "r.json").read_text(encoding="utf-8"))
    assert report["balanced"] is True, report
    assert (report["lost"], report["duplicated"], report["seconds"]) == (0, 0, 120), report
    assert report["parts_made"] > 0


def make_setup(clone: Path, environment: dict[str, str]) -> None:
    """What `make demo` does first, outside of the namespace because it installs; then nothing is left of it to do."""
    assert "pip sync" in planned(clone, environment)
    subprocess.run(["make", "setup"], cwd=clone, env=environment, check=True, timeout=SETUP_S)
    assert planned(clone, environment).split() == [".venv/bin/lineside", "demo"]
    python = str(clone / ".venv/bin/python")
    where = subprocess.run(
        [python, "-c", "import sys, plant_server; print(sys.prefix, plant_server.__path__[0])"],
        cwd=clone.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert where.stdout.split() == [str(clone / ".venv"), str(clone / "plant_server")]


def planned(clone: Path, environment: dict[str, str]) -> str:
    command = ["make", "--dry-run", "--no-print-directory", "demo"]
    done = subprocess.run(
        command, cwd=clone, env=environment, capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout


class Shell:
    """A command in a terminal of its own: a process group, as a terminal makes one. Leaving ends what still runs."""

    def __init__(self, command: str, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._file = folder.parent / "output.txt"
        with self._file.open("wb") as output:
            self._process = subprocess.Popen(
                [*alone(), *CTRL_C_WORKS, "bash", "-c", f"exec {command}"],
                cwd=folder,
                env=environment | {"COLUMNS": "160"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> "Shell":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(STOP_S)

    def sees(self, pattern: str, within_s: float) -> str:
        deadline = time.monotonic() + within_s
        while not (found := re.search(pattern, self.output())):
            assert self._process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.1)
        return found[1]

    def gets(self, url: str) -> str:
        """The page, asked for where the factory runs: in its namespace."""
        inside = ["nsenter", f"--net=/proc/{self._process.pid}/ns/net"] if os.geteuid() == 0 else []
        program = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=20).read().decode())"
        done = subprocess.run(
            [*inside, sys.executable, "-c", program, url], capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def interrupt(self) -> None:
        """Ctrl-C: a signal to the whole group. It ends in good order, and afterwards nothing of the folder runs."""
        os.killpg(self._process.pid, signal.SIGINT)
        status = self._process.wait(STOP_S)
        assert status == -signal.SIGINT, f"{status}\n{self.output()}"
        assert not MAKE_FAILED.search(self.output()), self.output()
        assert "Traceback" not in self.output(), self.output()
        deadline = time.monotonic() + STOP_S
        while left := list(running_in(self._folder)):
            assert time.monotonic() < deadline, left
            time.sleep(0.1)

    def ends(self, within_s: float) -> int:
        return self._process.wait(within_s)

    def output(self) -> str:
        return self._file.read_text(encoding="utf-8", errors="replace")


def running_in(folder: Path) -> Iterator[str]:
    """Command lines of the living processes that name the folder: programs of its `.venv`, servers of its `.lineside`."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue  # It ended meanwhile.
        if str(folder) in line:
            yield line
