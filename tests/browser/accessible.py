"""What axe finds wrong with the page as it stands: nothing, on any of them."""

from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

_RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}}


async def violations(page: Page) -> list[tuple[Any, list[str]]]:
    """Of WCAG 2.2 AA: each broken rule with the elements that break it."""
    found = (await Axe().run(page, options=_RULES)).response["violations"]
    return [(one["id"], [node["html"][:100] for node in one["nodes"]]) for one in found]
