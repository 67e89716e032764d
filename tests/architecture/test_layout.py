"""What stands at the top level, and what names may not."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("edge", "plant_server", "erp_bridge", "dashboards", "simulators")
TOP_LEVEL = {
    *PACKAGES,
    *("tests", "docker-compose.yml", "README.md", "README.zh-CN.md"),
    *("pyproject.toml", "requirements.lock", "Makefile", "LICENSE", "CHANGELOG.md", "SECURITY.md"),
    *(".ci", ".gitignore", "lineside.py"),
}
NO_SUBJECT = re.compile(r"(^|/)(utils?|helpers?|common|misc|base|manager)(\.py|/)")


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    return listed.stdout.splitlines()


def test_nothing_else_stands_at_the_top_level() -> None:
    assert {path.split("/")[0] for path in tracked()} == TOP_LEVEL


def test_every_module_is_named_after_its_subject() -> None:
    assert [path for path in tracked() if NO_SUBJECT.search(path)] == []


def test_every_package_says_what_it_is_and_what_is_not_there_yet() -> None:
    for package in PACKAGES:
        text = (ROOT / package / "README.md").read_text(encoding="utf-8")
        assert "Not there yet" in text, f"{package}/README.md"


def test_the_lock_file_holds_hashes_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "--hash=sha256:" in lock
    assert not re.search(r"https?://", lock)
