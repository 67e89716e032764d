"""bridge.yaml and settings: checked whole, every mistake at once and with its place."""

from pathlib import Path
from typing import Any

import pytest

from erp_bridge.config import check_config, load_config
from erp_bridge.errors import ConfigError
from erp_bridge.settings import load_settings


def connector(tmp_path: Path, **wishes: Any) -> dict[str, Any]:
    endpoint = tmp_path / "endpoint.json"
    endpoint.write_text("{}")
    return {"connector": "core", "endpoint_file": str(endpoint)} | wishes


def mistakes(told: Any) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        check_config(told)
    return [str(mistake) for mistake in refused.value.mistakes]


def test_all_mistakes_are_told_at_once_with_their_place(tmp_path: Path) -> None:
    told = {
        "site": {"time_zone": "Mars/Olympus", "shifts": ["14:00", "06:00"]},
        "connectors": {
            "core": connector(tmp_path, connector="sap", timeout_s=-1),
            "other": connector(tmp_path, secret_file="/nowhere", documents={"completion": "daily"}),
        },
        "surprise": 1,
    }
    found = mistakes(told)
    places = {one.split(": ")[1] for one in found}
    assert places >= {
        "site.time_zone",
        "site.shifts",
        "connectors.core.connector",
        "connectors.core.timeout_s",
        "connectors.other.secret_file",
        "connectors.other.documents.completion",
        "surprise",
    }


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"timeout_s": 10, "settle_s": 20}, "at least 3"),
        ({"documents": {"order_progress": "shift"}}, "never merged"),
        ({"documents": {"scrap": "lot"}}, "for completions"),
        ({"url": "http://127.0.0.1:1"}, "endpoint_file"),
        ({"sources": ["work_order"]}, "sources need plant"),
    ],
)
def test_what_does_not_fit_together_is_a_mistake(tmp_path: Path, wishes: dict[str, Any], words: str) -> None:
    assert words in "\n".join(mistakes({"connectors": {"core": connector(tmp_path, **wishes)}}))


def test_prices_need_the_currency_the_plant_reckons_in(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    tryton = {"connector": "tryton", "url": "http://127.0.0.1:1", "secret_file": str(tmp_path / "secret")}
    tryton |= {"sources": ["price", "stock"], "tryton": {"database": "works"}}
    plant = {"url": "http://127.0.0.1:1", "token_file": str(tmp_path / "secret")}
    (found,) = mistakes({"connectors": {"erp": tryton}, "plant": plant})
    assert "the source price needs tryton.currency" in found
    check_config(
        {"connectors": {"erp": tryton | {"tryton": {"database": "works", "currency": "CNY"}}}, "plant": plant}
    )


def test_one_kind_of_master_data_has_one_source(tmp_path: Path) -> None:
    both = {name: connector(tmp_path, sources=["item"]) for name in ("one", "two")}
    plant = {"url": "http://127.0.0.1:8080", "token_file": str(tmp_path / "endpoint.json")}
    assert "one source only" in mistakes({"plant": plant, "connectors": both})[0]


def test_a_shift_that_yaml_took_for_a_number_is_a_mistake(tmp_path: Path) -> None:
    endpoint = connector(tmp_path)["endpoint_file"]
    file = tmp_path / "bridge.yaml"
    file.write_text(
        f"site: {{shifts: [14:00]}}\nconnectors: {{core: {{connector: core, endpoint_file: {endpoint}}}}}\n"
    )
    with pytest.raises(ConfigError, match="in quotes"):
        load_config(file)


def test_a_file_that_is_no_yaml_or_not_there_is_said_in_words(tmp_path: Path) -> None:
    for text in ("a: [", None):
        file = tmp_path / "broken.yaml"
        if text is None:
            file.unlink()
        else:
            file.write_text(text)
        with pytest.raises(ConfigError, match=r"broken\.yaml"):
            load_config(file)


def test_codes_of_the_file_are_rows_and_same_is_a_declaration(tmp_path: Path) -> None:
    codes = {"item": "same", "unit": {"H87": "pcs"}, "reason": "map"}
    config = check_config({"connectors": {"core": connector(tmp_path, codes=codes)}})
    assert config.same_codes("core") == {"item"}
    assert config.written_codes("core") == [("unit", "H87", "pcs")]


def test_settings_name_the_variable_that_is_wrong() -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(bridge_database_url="mysql://x", bridge_poll_s=0)
    assert {mistake.name for mistake in refused.value.mistakes} == {
        "LINESIDE_BRIDGE_DATABASE_URL",
        "LINESIDE_BRIDGE_POLL_S",
    }
