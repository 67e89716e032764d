"""The page comes whole from this server, and nothing else of the disk does."""

import re

import httpx
import pytest

from plant_server.pages.routes import MEDIA_TYPES

FILES = ["/status", *(f"/static/{name}" for name in MEDIA_TYPES if name != "index.html")]


@pytest.mark.parametrize("path", FILES)
async def test_a_file_is_served_under_a_strict_policy(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_page_asks_for_nothing_but_files_that_are_served(client: httpx.AsyncClient) -> None:
    wanted = set()
    for path in FILES:
        text = (await client.get(path)).text
        wanted |= set(re.findall(r'(?:href|src)="([^"]+)"', text))
        wanted |= {f"/static/{name}" for name in re.findall(r'from "\./([^"]+)"', text)}
        assert set(re.findall(r"https?://[^\"'\s]+", text)) <= {"http://www.w3.org/2000/svg"}
        assert "style=" not in text, "the policy forbids inline styles"
    assert wanted == set(FILES) - {"/status"}


@pytest.mark.parametrize("name", ["nothing.js", "..%2froutes.py", "routes.py", "index.html%00"])
async def test_another_file_is_not_served(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/static/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
