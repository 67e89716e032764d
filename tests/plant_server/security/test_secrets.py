import stat
import threading
from pathlib import Path

import pytest

from plant_server.security.secrets import secret, write_private_file


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_secret_is_drawn_once_and_found_again(tmp_path: Path) -> None:
    first = secret(tmp_path / "secrets", "postgres-lineside")
    assert len(first) == 32
    assert secret(tmp_path / "secrets", "postgres-lineside") == first
    assert secret(tmp_path / "secrets", "postgres-lineside_bi") != first
    assert secret(tmp_path / "elsewhere", "postgres-lineside") != first


def test_secrets_are_open_to_their_owner_alone_even_after_a_careless_copy(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    secret(folder, "a")
    assert (mode_of(folder), mode_of(folder / "a")) == (0o700, 0o600)
    folder.chmod(0o755)
    (folder / "a").chmod(0o644)
    secret(folder, "a")
    assert (mode_of(folder), mode_of(folder / "a")) == (0o700, 0o600)


def test_threads_that_ask_at_once_get_the_same_secret(tmp_path: Path) -> None:
    ready = threading.Barrier(8)
    drawn: list[str] = []

    def ask() -> None:
        ready.wait(10)
        drawn.append(secret(tmp_path / "secrets", "shared"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(drawn) == 8
    assert len(set(drawn)) == 1
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["shared"]


@pytest.mark.parametrize("name", ["", "../escape", "a/b", ".hidden", "nul\0"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a secret"):
        secret(tmp_path / "secrets", name)


def test_a_private_file_is_replaced_whole_and_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "server.key"
    path.write_text("old, and open")
    path.chmod(0o644)
    write_private_file(path, "new")
    assert path.read_text() == "new"
    assert mode_of(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]
