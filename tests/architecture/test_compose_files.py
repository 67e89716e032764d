"""Files that docker-compose.yml mounts: they are there, and nobody sees a key that is not its own."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from cryptography import x509

from plant_server.installation.check_files import LAST_BACKUP, check_backups, check_certificates, note_backup
from tests.architecture.compose_file import (
    COMPOSE,
    EDGES,
    OURS,
    ROOT,
    SERVICES,
    TOOLS,
    mounts_of,
    service,
    words_of,
)
from tests.architecture.passwords_seen import PASSWORDS, roles_in

BY_A_PERSON = {"bridge.yaml": "bridge", "lineside.yaml": "edge"}
"""Files that the one who installs writes, and the profile that needs them."""


@service()
def test_a_mounted_file_is_there(name: str, home: Path) -> None:
    for source, _ in mounts_of(SERVICES[name]):
        if source == "/dev/null":
            continue
        if not source.startswith("./"):
            assert source in COMPOSE["volumes"], source
        elif source.startswith("./.lineside"):
            assert (home.parent / source).exists(), source
        elif (written := source.removeprefix("./")) in BY_A_PERSON:
            assert SERVICES[name]["profiles"] == [BY_A_PERSON[written]]
        else:
            assert (ROOT / source).exists(), source


@service(*OURS)
def test_a_path_that_is_named_is_mounted(name: str) -> None:
    targets = [target for _, target in mounts_of(OURS[name])] + OURS[name].get("tmpfs", [])
    named = [*words_of(OURS[name]), *map(str, OURS[name].get("environment", {}).values())]
    for path in (word for word in named if word.startswith("/") and word != "/lineside"):
        assert any(path == target or path.startswith(f"{target}/") for target in targets), path


def test_the_key_of_the_authority_is_seen_by_those_alone_that_need_it() -> None:
    seeing = {
        name
        for name, one in SERVICES.items()
        for source, _ in mounts_of(one)
        if source in ("./.lineside", "./.lineside/ca", "./.lineside/ca/ca.key")
    }
    assert seeing == {"prepare", "doctor", "backup", "restore"}


def secrets_seen(name: str, home: Path) -> set[str]:
    """Of the files in `secrets`, those that the service can read: mounted, and not covered by nothing."""
    mounts = list(mounts_of(SERVICES[name]))
    covered = {Path(target).name for source, target in mounts if source == "/dev/null"}
    seen: set[str] = set()
    for source, _ in mounts:
        mounted = home.parent / source
        if source.startswith("./.lineside") and mounted.is_relative_to(home / "secrets"):
            seen |= (
                {path.name for path in mounted.iterdir()} - covered if mounted.is_dir() else {mounted.name}
            )
    return seen


def test_a_lasting_service_sees_no_password_of_another_role(home: Path) -> None:
    lasting = set(SERVICES) - TOOLS - {"migrate"}
    seen = {name: roles_in(home, secrets_seen(name, home)) for name in lasting}
    assert {name: roles for name, roles in seen.items() if roles} == {"api": {"lineside_plant"}}
    assert roles_in(home, secrets_seen("migrate", home)) == set(PASSWORDS)


def test_certificates_name_the_hosts_that_are_asked_for(home: Path) -> None:
    certificate = x509.load_pem_x509_certificate((home / "broker/installation/server.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"broker", "api", "plant.local"} <= set(names.get_values_for_type(x509.DNSName))


def keys_seen(name: str, home: Path) -> Iterator[str]:
    """Private keys, by content and not by name, in what the service mounts."""
    for source, _ in mounts_of(SERVICES[name]):
        if source.startswith("./.lineside"):
            mounted = home.parent / source
            for path in mounted.rglob("*") if mounted.is_dir() else [mounted]:
                if path.is_file() and b"PRIVATE KEY" in path.read_bytes():
                    yield path.relative_to(home).as_posix()


def test_no_lasting_service_sees_a_key_that_is_not_its_own(home: Path) -> None:
    seen = {name: set(keys_seen(name, home)) for name in SERVICES if name not in TOOLS}
    assert {name: keys for name, keys in seen.items() if keys} == {
        "broker": {"broker/installation/server.key"},
        "ingest": {"ca/clients/host%3Aplant.key"},
        "api": {"ca/server.key"},
        "grafana": {"ca/server.key"},
        "edge": {"ca/clients/shop1%3Apress-shop.key"},
    }


def test_backups_hold_every_key_and_are_seen_by_nobody_that_lasts() -> None:
    for name in set(SERVICES) - TOOLS:
        assert not [
            source for source, _ in mounts_of(SERVICES[name]) if source.startswith("./.lineside/backups")
        ]


def as_the_api_sees_it(home: Path, view: Path) -> Path:
    for source, target in mounts_of(SERVICES["api"]):
        seen = view / Path(target).relative_to("/lineside")
        seen.parent.mkdir(parents=True, exist_ok=True)
        if (home.parent / source).is_dir():
            shutil.copytree(home.parent / source, seen)
        elif source != "/dev/null":
            shutil.copy2(home.parent / source, seen)
    return view


def test_the_page_of_the_integrator_knows_of_backups_and_of_certificates(home: Path, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    before = as_the_api_sees_it(home, tmp_path / "before")
    (backup,) = check_backups(before / "backups", now, before / LAST_BACKUP)
    assert backup.code == "backup-none"
    note_backup(home)
    after = as_the_api_sees_it(home, tmp_path / "after")
    (backup,) = check_backups(after / "backups", datetime.now(UTC), after / LAST_BACKUP)
    assert backup.code == "backup-ok"
    (certificates,) = check_certificates(after, now)
    assert certificates.values["count"] == len(["ca", "server", "host:plant", "press-shop", "paint"])


def test_the_example_of_an_edge_names_what_its_service_mounts() -> None:
    targets = {target for _, target in mounts_of(SERVICES["edge"])}
    example = yaml.safe_load((ROOT / "plant_server/installation/lineside.yaml").read_text(encoding="utf-8"))
    assert {example["broker"][file] for file in ("ca", "cert", "key")} <= targets
    assert str(Path(example["spool"]["path"]).parent) in targets
    assert f"{example['edge']['group']}:{example['edge']['name']}" == EDGES[0]
    for url in (*example["broker"]["urls"], *(device["url"] for device in example["devices"])):
        host = urlsplit(url).hostname
        assert set(SERVICES["edge"]["networks"]) & set(SERVICES[host]["networks"]), url
