"""Files are named one by one, what is vendored is what it says, and a page weighs little."""

import gzip
import hashlib
import re
from importlib.resources import files

import httpx
import pytest

from plant_server.terminal.assets import ASSETS, PARTS, address

STATIC = files("plant_server.terminal").joinpath("static")
VENDOR = STATIC.joinpath("vendor")


@pytest.mark.parametrize("name", sorted(ASSETS))
async def test_a_file_is_served_compressed_and_kept_for_ever(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(address(name), headers={"Accept-Encoding": "gzip"})
    assert answer.content == ASSETS[name].content
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    plain = await client.get(address(name), headers={"Accept-Encoding": "identity"})
    assert plain.content == ASSETS[name].content


async def test_another_file_is_not_served(client: httpx.AsyncClient) -> None:
    assert (await client.get("/terminal/routes.py")).status_code == 404


async def test_the_service_worker_is_asked_for_anew(client: httpx.AsyncClient) -> None:
    assert (await client.get("/sw.js")).headers["cache-control"] == "no-cache"


def test_vendored_files_are_those_of_the_readme() -> None:
    told = set(re.findall(r"`([0-9a-f]{64})`", VENDOR.joinpath("README.md").read_text(encoding="utf-8")))
    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.iterdir()
        if file.name.endswith(".js")
    }
    assert set(found.values()) == told
    assert len(found) == 2


def test_no_script_loads_from_another_origin() -> None:
    for name in ("terminal.js", "sw.js", "terminal.css"):
        assert not re.search(rb"https?://", ASSETS[name].content), name


def test_the_outbox_is_small() -> None:
    assert len(gzip.compress(STATIC.joinpath("outbox.js").read_bytes(), mtime=0)) < 4500


def test_every_script_is_served_alone_or_in_one_place_of_another() -> None:
    found = {file.name for file in STATIC.iterdir() if file.name.endswith(".js")}
    parts = [name for names in PARTS.values() for name in names]
    assert len(parts) == len(set(parts))
    assert found == set(parts) | {"sw.js"}
