"""A living Tryton and a bridge to it."""

from pathlib import Path

import pytest

from tests.erp_bridge.tryton.bridge_to_tryton import BridgeToTryton, tryton_settings
from tests.tryton.living import LivingTryton, erp, erp_template

__all__ = ["erp", "erp_template"]


@pytest.fixture
async def bridge(erp: LivingTryton, bridge_url: str, tmp_path: Path) -> BridgeToTryton:
    return BridgeToTryton(bridge_url, tryton_settings(erp.server.url, erp.database, tmp_path / "secret"))
