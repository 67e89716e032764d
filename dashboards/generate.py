"""Boards and alert rules as files: grafana/<language>/<uid>.json and provisioning/alerting/lineside.yaml.

Committed is what this makes; `lineside dashboards generate --check` says whether it still is.
"""

import json
from pathlib import Path

import yaml

from dashboards.alerts import rule_groups
from dashboards.board import LANGUAGES, render, uid_of
from dashboards.boards import BOARDS

HERE = Path(__file__).parent
GRAFANA = HERE / "grafana"
ALERTING = HERE / "provisioning" / "alerting" / "lineside.yaml"
_HEAD = "# Made by `lineside dashboards generate` from dashboards/alerts.py: change it there.\n"


def files() -> dict[Path, str]:
    """Path -> text of everything that is generated."""
    made = {
        GRAFANA / language / f"{uid_of(board, language)}.json": json.dumps(
            render(board, language), ensure_ascii=False, indent=1, sort_keys=True
        )
        + "\n"
        for language in LANGUAGES
        for board in BOARDS
    }
    rules = yaml.safe_dump(rule_groups(), allow_unicode=True, sort_keys=False, width=1000)
    made[ALERTING] = _HEAD + rules
    return made


def differing() -> list[Path]:
    """Files that are not as they would be generated, and boards that would not be made any more."""
    made = files()
    differ = [
        path for path, text in made.items() if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    return differ + [path for path in GRAFANA.rglob("*.json") if path not in made]


def write() -> list[Path]:
    """Bring the files up to date; return those that were not."""
    changed, made = differing(), files()
    for path in changed:
        if path in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[path], encoding="utf-8")
        else:
            path.unlink()
    return changed
