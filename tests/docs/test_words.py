"""Guides call a button what the page calls it, in each language."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
GUIDES = (
    "plant_server/terminal/OPERATOR",
    "plant_server/terminal/SHIFT_LEAD",
    "dashboards/MANAGER",
    "erp_bridge/INTEGRATOR",
)
ELSEWHERE = (
    "erp_bridge/pages/static/words.js",
    "plant_server/pages/static/words.js",
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "dashboards" / "boards").glob("*.py"))),
)
"""Words of pages that are not the terminal's."""
FILLED = re.compile(r"%\(\w+\)s|\{\w+\}|……")
QUOTED = {"md": re.compile(r"(?<!\*)\*([^*\n]+)\*(?!\*)"), "zh-CN.md": re.compile(r"“([^”\n]+)”")}


def words(language: str) -> str:
    """All that pages say in a language, one a line; what is filled in is an ellipsis."""
    with (ROOT / "plant_server/terminal/locale/zh_CN/LC_MESSAGES/messages.po").open("rb") as file:
        messages = [one for one in read_po(file) if one.id]
    said = [str(one.id if language == "md" else one.string) for one in messages]
    said += [(ROOT / name).read_text(encoding="utf-8") for name in ELSEWHERE]
    return FILLED.sub("…", "\n".join(said))


@pytest.mark.parametrize("language", QUOTED)
@pytest.mark.parametrize("guide", GUIDES)
def test_what_a_guide_quotes_stands_on_a_page(guide: str, language: str) -> None:
    quoted = QUOTED[language].findall((ROOT / f"{guide}.{language}").read_text(encoding="utf-8"))
    assert quoted
    said = words(language)
    assert [one for one in quoted if FILLED.sub("…", one) not in said] == []
