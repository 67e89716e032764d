"""`lineside bridge check` signs in to a living Tryton and says which record it misses."""

from pathlib import Path

import pytest
import typer

from erp_bridge.check import check
from erp_bridge.errors import ConfigError
from erp_bridge.settings import Settings
from tests.erp_bridge.tryton.bridge_to_tryton import BridgeToTryton
from tests.tryton.living import LivingTryton

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


async def test_a_missing_place_for_scrap_and_a_wrong_password_are_said_in_words(
    erp: LivingTryton, bridge: BridgeToTryton, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(bridge_database_url=bridge.url)
    await check(settings, bridge.config)
    said = capsys.readouterr().out
    assert "erp: signed in; 0 productions wait" in said
    assert "erp: is not told stock_move: not under documents in bridge.yaml" in said

    wrong = bridge.settings["tryton"] | {"scrap_location": "NOWHERE"}
    with pytest.raises(typer.Exit):
        await check(settings, bridge.configured(tryton=wrong))
    assert "no stock.location with code 'NOWHERE'" in capsys.readouterr().out

    other = bridge.settings["tryton"] | {"currency": "EUR"}
    token = Path(bridge.settings["secret_file"])
    bridge = BridgeToTryton(
        bridge.url, bridge.settings, {"url": "http://127.0.0.1:1", "token_file": str(token)}
    )
    with pytest.raises(typer.Exit):
        await check(settings, bridge.configured(tryton=other, sources=["price"]))
    assert "the company reckons in CNY" in capsys.readouterr().out

    Path(bridge.settings["secret_file"]).write_text("wrong\n")  # noqa: ASYNC240  (a line in a test)
    with pytest.raises(typer.Exit):
        await check(settings, bridge.configured())
    assert "erp: NotSignedIn: erp: user, password or database is wrong" in capsys.readouterr().out


def test_settings_of_tryton_belong_to_tryton(erp: LivingTryton, bridge: BridgeToTryton) -> None:
    with pytest.raises(ConfigError, match="tryton: settings for the connector tryton"):
        bridge.configured(tryton=None)
