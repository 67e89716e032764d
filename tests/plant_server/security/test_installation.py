import stat
from pathlib import Path

from plant_server.security.access_control import EdgeNode, Host
from plant_server.security.installation import Places, prepare

PRESS, CELL = EdgeNode("shop1", "press-shop"), EdgeNode("shop1", "cell-shop")


def test_every_secret_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    prepare(tmp_path, edges=[PRESS], hosts=[Host("plant")], server_names=["plant.local"])
    private = [
        path for path in tmp_path.rglob("*") if path.is_file() and path.suffix in (".key", ".env", ".sql")
    ]
    private += list((tmp_path / "secrets").glob("postgres-*"))
    assert len(private) >= 8
    assert [path for path in private if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_no_password_is_the_same_in_two_installations(tmp_path: Path) -> None:
    for name in ("one", "two"):
        prepare(tmp_path / name, edges=[PRESS], hosts=[Host("plant")], server_names=[])
    files = ("postgres-lineside", "postgres-lineside_plant", "postgres-lineside_bi")
    for file in files:
        one, two = ((tmp_path / name / "secrets" / file).read_text() for name in ("one", "two"))
        assert one != two


def test_one_more_edge_keeps_the_rights_and_certificates_of_the_others(tmp_path: Path) -> None:
    first = prepare(tmp_path, edges=[PRESS], hosts=[Host("plant")], server_names=[])
    certificate = first.clients[PRESS.identity][1].read_bytes()
    second = prepare(tmp_path, edges=[CELL], hosts=[Host("plant")], server_names=[])
    acl = (second.broker / "acl").read_text()
    assert f"user {PRESS.identity}" in acl
    assert f"user {CELL.identity}" in acl
    assert second.clients[PRESS.identity][1].read_bytes() == certificate


def test_one_more_edge_keeps_the_names_of_the_broker(tmp_path: Path) -> None:
    prepare(tmp_path, edges=[PRESS], hosts=[Host("plant")], server_names=["plant.local", "10.0.0.7"])
    certificate = (tmp_path / "broker/installation/server.pem").read_bytes()
    prepare(tmp_path, edges=[CELL], hosts=[Host("plant")], server_names=[])
    assert (tmp_path / "broker/installation/server.pem").read_bytes() == certificate


def test_paths_and_hosts_are_those_of_the_machine(tmp_path: Path) -> None:
    places = Places("db.plant.local:5433", "/etc/mosquitto/lineside", "/var/lib/mosquitto")
    prepared = prepare(tmp_path, edges=[PRESS], hosts=[Host("plant")], server_names=[], places=places)
    configuration = (prepared.broker / "mosquitto.conf").read_text()
    assert "cafile /etc/mosquitto/lineside/ca.pem" in configuration
    assert "persistence_location /var/lib/mosquitto/" in configuration
    variables = (tmp_path / "secrets/lineside_plant.env").read_text()
    assert variables.startswith("LINESIDE_DATABASE_URL=postgresql://lineside_plant:")
    assert variables.rstrip().endswith("@db.plant.local:5433/lineside")


def test_certificates_of_clients_lie_without_their_keys_where_the_api_may_look(tmp_path: Path) -> None:
    prepare(tmp_path, edges=[PRESS], hosts=[Host("plant")], server_names=[])
    prepare(tmp_path, edges=[CELL], hosts=[Host("plant")], server_names=[])
    public, own = tmp_path / "public/clients", tmp_path / "ca/clients"
    assert {path.name: path.read_bytes() for path in public.iterdir()} == {
        path.name: path.read_bytes() for path in own.glob("*.pem")
    }
    assert len(list(public.iterdir())) == 3
    for path in own.glob("*press-shop*"):
        path.unlink()
    prepare(tmp_path, edges=[CELL], hosts=[Host("plant")], server_names=[])
    assert len(list(public.iterdir())) == 2, "an edge that is gone is not warned of"
