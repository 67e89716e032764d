"""Checks of the doctor that need no database: certificates, disk; and its words."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plant_server.installation.check_broker import check_broker
from plant_server.installation.check_files import (
    LAST_BACKUP,
    check_backups,
    check_certificates,
    check_disk,
    note_backup,
)
from plant_server.installation.doctor_texts import TEXTS
from plant_server.security.certificate_authority import CertificateAuthority
from plant_server.settings import MqttSettings


@pytest.mark.parametrize(
    ("days_left", "expected"),
    [(400, ("ok", "broker-ok")), (20, ("warn", "broker-ending")), (-1, ("bad", "broker-refused"))],
)
def test_a_broker_whose_certificate_ends(tmp_path: Path, days_left: int, expected: tuple[str, str]) -> None:
    issued = datetime.now(UTC) - timedelta(days=825 - days_left)
    authority = CertificateAuthority(tmp_path / "ca", now=lambda: issued)
    pair = authority.server_pair()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        answering = threading.Thread(target=_answer_once, args=(server, context))
        answering.start()
        mqtt = MqttSettings(url=f"mqtts://127.0.0.1:{server.getsockname()[1]}", ca=authority.certificate)
        (finding,) = check_broker(mqtt, datetime.now(UTC))
        answering.join(timeout=10)
    assert (finding.level, finding.code) == expected


def _answer_once(server: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = server.accept()
    try:
        context.wrap_socket(connection, server_side=True).close()
    except (ssl.SSLError, ConnectionError):
        connection.close()  # The client did not like the certificate.


def test_a_broker_without_tls_is_for_trials(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        mqtt = MqttSettings(url=f"mqtt://127.0.0.1:{server.getsockname()[1]}")
        (finding,) = check_broker(mqtt, datetime.now(UTC))
    assert (finding.level, finding.code) == ("warn", "broker-plain")


@pytest.mark.parametrize(
    ("days_left", "expected"),
    [(400, "certificates-ok"), (20, "certificates-ending"), (-1, "certificates-ended")],
)
def test_certificates_that_end(tmp_path: Path, days_left: int, expected: str) -> None:
    issued = datetime.now(UTC) - timedelta(days=825 - days_left)
    CertificateAuthority(tmp_path / "ca", now=lambda: issued).client_pair("shop1:press-shop")
    (finding,) = check_certificates(tmp_path, datetime.now(UTC))
    assert finding.code == expected
    assert str(finding.values["file"]).endswith("shop1%3Apress-shop.pem")


def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca/ca.pem").write_text("-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----\n")
    assert [finding.code for finding in check_certificates(tmp_path, datetime.now(UTC))] == [
        "certificates-damaged"
    ]


@pytest.mark.parametrize(
    ("free_gib", "expected"),
    [
        (50, ("ok", "disk-ok")),
        (10, ("warn", "disk-low")),
        (4, ("bad", "disk-full")),
        (0.5, ("bad", "disk-full")),
    ],
)
def test_a_disk_that_fills(tmp_path: Path, free_gib: float, expected: tuple[str, str]) -> None:
    gib = 1 << 30
    (finding,) = check_disk(tmp_path, lambda _: (100 * gib, 0, int(free_gib * gib)))
    assert (finding.level, finding.code) == expected


def test_everything_said_is_said_in_both_languages() -> None:
    for code, texts in TEXTS.items():
        assert set(texts) == {"en", "zh-CN"}, code
        english, chinese = texts["en"], texts["zh-CN"]
        assert bool(english[1]) == bool(chinese[1]), code
        assert not code.endswith("-ok") or not english[1], code


def test_a_note_of_a_backup_counts_only_where_backups_are_hidden(tmp_path: Path) -> None:
    noted, folder = tmp_path / LAST_BACKUP, tmp_path / "backups"
    note_backup(tmp_path)
    assert not noted.exists(), "an earlier release prepared it, and the backup is good all the same"
    noted.parent.mkdir()
    note_backup(tmp_path)
    now = datetime.now(UTC)
    assert [one.code for one in check_backups(folder, now, noted)] == ["backup-ok"]
    week_later = now + timedelta(days=8)
    assert [one.level for one in check_backups(folder, week_later, noted)] == ["bad"]
    folder.mkdir()
    assert [one.code for one in check_backups(folder, now, noted)] == ["backup-none"], "somebody deleted it"
