"""Every applicable Sparkplug assertion on a session of Lineside's own edge and ingest, recorded a moment ago."""

import asyncio
from collections.abc import Iterator

import pytest

from plant_server.embedded.postgres import PostgresServer
from tests.contract.capture import Capture
from tests.contract.live_session import LiveSession
from tests.contract.tck.every_rule import CHECKS, MUTANTS
from tests.plant_server.database_fixture import database_server, fresh_database  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

# A test below sees that it did not. Lineside never writes to a machine: its host sends no DCMD.
DOES_NOT_OCCUR = (
    "tck-id-operational-behavior-data-commands-dcmd-metric-name",
    "tck-id-operational-behavior-data-commands-dcmd-metric-value",
    "tck-id-operational-behavior-data-commands-dcmd-verb",
    "tck-id-payloads-dcmd-qos",
    "tck-id-payloads-dcmd-retain",
    "tck-id-payloads-dcmd-seq",
    "tck-id-payloads-dcmd-timestamp",
    "tck-id-topics-dcmd-mqtt",
    "tck-id-topics-dcmd-payload",
    "tck-id-topics-dcmd-timestamp",
    "tck-id-topics-dcmd-topic",
    # A node of ours has no values of its own: its NDATA carries the delivery's numbering alone.
    "tck-id-operational-behavior-data-publish-nbirth-change",
)


@pytest.fixture(scope="module")
def own_session(
    database_server: PostgresServer,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Capture]:
    with fresh_database(database_server, template="lineside") as database:
        yield asyncio.run(LiveSession(tmp_path_factory.mktemp("live"), database.url).record())


@pytest.mark.parametrize("tck_id", sorted(set(CHECKS) - set(DOES_NOT_OCCUR)))
def test_tck(tck_id: str, own_session: Capture) -> None:
    CHECKS[tck_id](own_session)


# The next server of a list of one is the same again: nothing to break.
_NEEDS_TWO_SERVERS = {"tck-id-operational-behavior-primary-application-state-with-multiple-servers-walk"}


@pytest.mark.parametrize("tck_id", sorted(set(MUTANTS) - set(DOES_NOT_OCCUR) - _NEEDS_TWO_SERVERS))
def test_mutated_capture_is_refused(tck_id: str, own_session: Capture) -> None:
    with pytest.raises(AssertionError):
        CHECKS[tck_id](MUTANTS[tck_id](own_session))


@pytest.mark.parametrize("tck_id", sorted(DOES_NOT_OCCUR))
def test_what_does_not_occur_really_did_not(tck_id: str, own_session: Capture) -> None:
    with pytest.raises(AssertionError, match="nothing to check"):
        CHECKS[tck_id](own_session)
