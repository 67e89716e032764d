"""Both simulated systems, freshly seeded for each test, and a bridge that pulls from them."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from erp_bridge.config import BridgeConfig, check_config
from tests.erp_bridge.bridge_here import CODES, core_settings
from tests.erp_bridge.inbound.pulling import PullingBridge
from tests.erp_bridge.inbound.scripted_plant import ScriptedPlant
from tests.erp_bridge.served import served
from tests.plant_server.api_fixture import TOKEN
from tests.simulators.business_process import BusinessProcess, running

MakesBridge = Callable[..., PullingBridge]


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, BusinessProcess]]:
    folder = tmp_path_factory.mktemp("systems")
    with running("core", folder, "--seed-data") as core, running("plm", folder, "--seed-data") as plm:
        yield {"core": core, "plm": plm}


@pytest.fixture
def erp(systems: dict[str, BusinessProcess]) -> Iterator[httpx.Client]:
    with systems["core"].http() as client:
        yield client


@pytest.fixture
def plm(systems: dict[str, BusinessProcess]) -> Iterator[httpx.Client]:
    with systems["plm"].http() as client:
        yield client


@pytest.fixture
def make_bridge(bridge_url: str, systems: dict[str, BusinessProcess], tmp_path: Path) -> MakesBridge:
    """`plant_url`, and wishes for the settings of core and plm."""

    def make(plant_url: str, token: str = TOKEN, **wishes: dict[str, Any]) -> PullingBridge:
        token_file = tmp_path / "token"
        token_file.write_text(token)
        return PullingBridge(bridge_url, _config(plant_url, token_file, systems, wishes))

    return make


@pytest.fixture
async def scripted() -> AsyncIterator[tuple[ScriptedPlant, str]]:
    plant = ScriptedPlant()
    async with served(plant.app()) as url:
        yield plant, url


def _config(
    plant_url: str,
    token_file: Path,
    systems: dict[str, BusinessProcess],
    wishes: dict[str, dict[str, Any]],
) -> BridgeConfig:
    core = core_settings(systems["core"].endpoint, sources=["item", "work_order"], timeout_s=5, settle_s=15)
    codes = {"item": "same", "unit": CODES["unit"]}
    plm = {
        "connector": "plm_sim",
        "endpoint_file": str(systems["plm"].endpoint),
        "sources": ["bom", "change_order", "drawing"],
        "codes": codes,
    }
    return check_config(
        {
            "plant": {"url": plant_url, "token_file": str(token_file)},
            "connectors": {"core": core | wishes.get("core", {}), "plm": plm | wishes.get("plm", {})},
        }
    )
