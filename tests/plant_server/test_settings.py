from pathlib import Path

import pytest

from plant_server.errors import ConfigError
from plant_server.settings import load_settings


def test_the_environment_fills_the_tree(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    monkeypatch.setenv("LINESIDE_DATABASE_URL", "postgresql://lineside_plant@db/lineside")
    monkeypatch.setenv("LINESIDE_MQTT__URL", "mqtt://broker:1884")
    monkeypatch.setenv("LINESIDE_MQTT__USERNAME", "plant")
    monkeypatch.setenv("LINESIDE_MQTT__PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setenv("LINESIDE_GROUPS", "north, south")
    settings = load_settings(shard="north")
    assert settings.database_url == "postgresql://lineside_plant@db/lineside"
    assert (settings.mqtt.host, settings.mqtt.port, settings.mqtt.uses_tls) == ("broker", 1884, False)
    assert settings.mqtt.password() == "secret"
    assert settings.groups == ("north", "south")
    assert settings.shard == "north"


def test_all_mistakes_are_told_at_once_under_the_name_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINESIDE_DATABASE_URL", "mysql://nobody")
    monkeypatch.setenv("LINESIDE_MQTT__URL", "http://broker")
    monkeypatch.setenv("LINESIDE_MQTT__CA", "/nowhere/ca.pem")
    monkeypatch.setenv("LINESIDE_SHARD", "a/b")
    monkeypatch.setenv("LINESIDE_GROUPS", " , ")
    monkeypatch.setenv("LINESIDE_RETENTION_DAYS", "0")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert {mistake.name for mistake in caught.value.mistakes} == {
        "LINESIDE_DATABASE_URL",
        "LINESIDE_MQTT__URL",
        "LINESIDE_MQTT__CA",
        "LINESIDE_SHARD",
        "LINESIDE_GROUPS",
        "LINESIDE_RETENTION_DAYS",
    }


def test_a_certificate_without_its_key_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").touch()
    with pytest.raises(ConfigError, match="cert and key belong together"):
        load_settings(mqtt={"cert": tmp_path / "cert.pem"})


def test_a_value_that_is_no_json_is_a_mistake_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINESIDE_MQTT", "{broken")
    with pytest.raises(ConfigError):
        load_settings()
