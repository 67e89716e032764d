"""The table of README.md names tests that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("README.md")
ROW = re.compile(r"^\| (?P<case>[^|]+) \| (?P<test>[^|]*) \|$")


def named() -> list[str]:
    """The second column, without the head and the sections."""
    rows = [found for line in TABLE.read_text(encoding="utf-8").splitlines() if (found := ROW.match(line))]
    return [row["test"].strip() for row in rows if row["test"].strip() and row["case"] != "Case"]


def names_in(path: Path) -> set[str]:
    """Functions of the module's top that are tests, and the test classes assigned there."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {name for name in names if name.lower().startswith("test")}


def test_every_test_that_the_table_names_exists() -> None:
    rows = named()
    assert len(rows) == TABLE.read_text(encoding="utf-8").count("::"), "a row that cannot be read"
    missing = []
    for row in rows:
        path, _, name = row.partition("::")
        file = ROOT / path
        if not file.is_file() or name not in names_in(file):
            missing.append(row)
    assert missing == []


def test_every_test_of_this_folder_is_in_the_table() -> None:
    here = {
        f"{file.relative_to(ROOT)}::{name}"
        for file in Path(__file__).parent.rglob("test_*.py")
        if file.name != Path(__file__).name
        for name in names_in(file)
    }
    assert here - set(named()) == set()
