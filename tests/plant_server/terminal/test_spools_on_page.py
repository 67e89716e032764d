"""How full spools are, from the edge over a broker through ingest to the integrator's page."""

import html
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import AsyncConnection

from edge.contract.spool_fill import FULL_RATIO, SpoolFill
from edge.delivery.spool import SpoolLimits
from edge.delivery.spool_fill import fill_of
from plant_server.embedded.broker import Broker, running_broker
from plant_server.installation.doctor_texts import TEXTS
from plant_server.settings import MqttSettings, Settings
from tests.edge.delivery.running_edge import NOTE, RunningEdge, now_ms, reading, running_edge, settings_for
from tests.edge.delivery.scripted_plant import eventually
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.ingest.running_ingest import running
from tests.plant_server.terminal.shop import furnish

LANGUAGES = ("en", "zh-CN")
LIMITS = SpoolLimits(max_bytes=1 << 20)
MIB = 1 << 20


async def spools(client: httpx.AsyncClient, language: str = "en") -> str:
    text = (await client.get("/integrator", headers={"Accept-Language": language})).text
    return text[text.index('id="fills"') : text.index('id="devices"')]


async def to_do(client: httpx.AsyncClient, language: str = "en") -> str:
    text = (await client.get("/integrator", headers={"Accept-Language": language})).text
    return html.unescape(text[text.index('id="to-do"') : text.index('id="edges"')])


def numbers(section: str) -> list[int]:
    return [int(value) for value in re.findall(r'<data value="(\d+)">', section)]


def words(section: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]*>", " ", section)))


async def tell(
    connection: AsyncConnection,
    node: str = "press-shop",
    *,
    used_bytes: int,
    free_bytes: int | None = 31 << 30,
) -> None:
    await connection.execute(
        "INSERT INTO plant.edge_spool SELECT edge_id, 41250, 5400, %s, %s, %s, now() FROM plant.edge WHERE node = %s"
        " ON CONFLICT (edge_id) DO UPDATE SET used_bytes = EXCLUDED.used_bytes, disk_free_bytes = EXCLUDED.disk_free_bytes",
        (used_bytes, 1000 * MIB, free_bytes, node),
    )


@pytest.mark.parametrize("language", LANGUAGES)
async def test_below_80_percent_numbers_stand_there_without_an_action_and_from_there_on_with_one(
    client: httpx.AsyncClient, connection: AsyncConnection, language: str
) -> None:
    await furnish(connection)
    action = TEXTS["spools-filling"][language][1]
    await tell(connection, used_bytes=1000 * MIB * 8 // 10 - 1)
    section = await spools(client, language)
    assert numbers(section) == [41_250, 1000 * MIB * 8 // 10 - 1, 1000 * MIB, 31 << 30]
    assert (
        "press-shop 80 % 41250 90 min 800 MiB / 1000 MiB 31.0 GiB" if language == "en" else "41250 90 分"
    ) in words(section)
    assert 'class="mark warn"' not in section
    assert action not in await to_do(client, language)
    await tell(connection, used_bytes=1000 * MIB * 8 // 10)
    assert 'class="mark warn"' in await spools(client, language)
    text = await to_do(client, language)
    assert action in text
    assert TEXTS["spools-filling"][language][0].format(edges="press-shop 80 %") in text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_of_an_edge_out_of_contact_the_last_word_stays_grey_with_its_age_and_another_action(
    client: httpx.AsyncClient, connection: AsyncConnection, language: str
) -> None:
    await furnish(connection)
    await tell(connection, used_bytes=850 * MIB)
    assert "is-old" not in await spools(client, language)
    await connection.execute("UPDATE plant.edge SET last_message = now() - interval '30 min'")
    await connection.execute("UPDATE plant.edge_spool SET received_time = now() - interval '40 min'")
    section = await spools(client, language)
    assert '<tr class="is-old">' in section
    assert ("press-shop ✕ as it was 30 min ago" if language == "en" else "✕ 30 分前的状态") in words(section)
    assert ("41250 2 h" if language == "en" else "41250 2 小时") in words(section), "it goes on waiting"
    text = await to_do(client, language)
    assert TEXTS["spools-away"][language][1] in text
    assert TEXTS["spools-filling"][language][1] not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("used_bytes", "free_bytes", "low"),
    [(MIB, 100 * MIB - 1, True), (MIB, 100 * MIB, False), (MIB, None, False)],
)
async def test_a_disk_with_less_than_a_tenth_of_the_bound_is_said(
    client: httpx.AsyncClient,
    connection: AsyncConnection,
    used_bytes: int,
    free_bytes: int | None,
    low: bool,
    language: str,
) -> None:
    await furnish(connection)
    await tell(connection, used_bytes=used_bytes, free_bytes=free_bytes)
    assert (TEXTS["spools-disk-low"][language][1] in await to_do(client, language)) is low
    assert ('class="mark warn"' in await spools(client, language)) is low


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_edge_that_does_not_tell_says_so_and_stands_last(
    client: httpx.AsyncClient, connection: AsyncConnection, language: str
) -> None:
    await furnish(connection)
    await connection.execute("INSERT INTO plant.edge (group_id, node) VALUES ('demo', 'a-stranger')")
    await tell(connection, used_bytes=MIB)
    text = words(await spools(client, language))
    assert text.index("press-shop") < text.index("a-stranger")
    assert ("does not tell" if language == "en" else "未上报") in text


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with running_broker(
        tmp_path / "b", prefer="mosquitto", tls=False, port=0, edges=[("demo", "press-shop")]
    ) as broker:
        yield broker


@contextmanager
def ingest(broker: Broker, database: PlantDatabase, folder: Path) -> Iterator[None]:
    credentials = broker.credentials_for_host("plant")
    password_file = folder / "password"
    password_file.write_text(credentials.password or "")
    mqtt = MqttSettings(url=broker.url, username=credentials.username, password_file=password_file)
    with running(Settings(database_url=database.url, mqtt=mqtt, backoff_min_s=0.1, backoff_max_s=1)):
        yield


@asynccontextmanager
async def nothing_is_stored(database: PlantDatabase) -> AsyncIterator[None]:
    """Births are heard; what carries entries waits for the lock of its cursor."""
    async with await AsyncConnection.connect(database.url) as connection:
        await connection.execute("LOCK TABLE plant.edge_cursor IN EXCLUSIVE MODE")
        yield


async def own_words(edge: RunningEdge) -> SpoolFill:
    return await edge.writer.call(fill_of, now_ms())


def told(database: PlantDatabase) -> tuple[int, int] | None:
    with psycopg.connect(database.url) as session:
        return session.execute("SELECT waiting, used_bytes FROM plant.edge_spool").fetchone()


def is_online(database: PlantDatabase) -> bool:
    with psycopg.connect(database.url) as session:
        return session.execute("SELECT online FROM plant.edge").fetchone() == (True,)


@pytest.mark.system
async def test_what_filled_up_while_the_plant_was_away_is_on_the_page_as_the_spool_has_it(
    client: httpx.AsyncClient, broker: Broker, plant_database: PlantDatabase, tmp_path: Path
) -> None:
    settings = settings_for(broker, "press-shop", "plant", tmp_path / "spool.db")
    async with AsyncExitStack() as held, running_edge(settings, "press1", limits=LIMITS) as edge:
        filled = await fill_up(edge, now_ms() - 3_600_000)
        await held.enter_async_context(nothing_is_stored(plant_database))
        with ingest(broker, plant_database, tmp_path):
            await eventually(lambda: told(plant_database))
            own = await own_words(edge)
            assert own.waiting == edge.spool.head > 100
            section = await spools(client)
            assert numbers(section)[:3] == [own.waiting, own.used_bytes, own.bound_bytes]
            assert 'class="mark warn"' in section
            assert f"press-shop {100 * filled:.0f} %" in await to_do(client)
            assert f" {own.waiting} 60 min " in words(section)
            await held.aclose()
            await eventually(lambda: (told(plant_database) or (1, 0))[0] == 0)
            assert numbers(await spools(client))[:2] == [0, (await own_words(edge)).used_bytes]
            await edge.stop()
            await eventually(lambda: not is_online(plant_database))
    section = await spools(client)
    assert numbers(section)[0] == 0
    assert "as it was" in section


async def fill_up(edge: RunningEdge, oldest_ms: int) -> float:
    """Notes of 4 KiB until more than FULL_RATIO of the bound is in use; returns how much."""
    for number in range(0, 1000, 10):
        for one in range(number, number + 10):
            await edge.read("press1", reading(NOTE, f"{one:04}" * 1024, oldest_ms + one))
        await eventually(lambda n=number: edge.spool.head == n + 10)  # type: ignore[misc]
        own = await own_words(edge)
        if own.used_bytes > FULL_RATIO * own.bound_bytes:
            return own.used_bytes / own.bound_bytes
    raise AssertionError("it does not fill")
