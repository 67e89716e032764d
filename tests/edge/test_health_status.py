"""What is said of an edge, how bad it is, and that there are words for it in both languages."""

from dataclasses import replace
from string import Formatter

import pytest

from edge.configuration.state import Outcome
from edge.errors import BrokerTrouble
from edge.health import EdgeHealth
from edge.health_page import as_json, page
from edge.health_status import findings, status_of
from edge.health_texts import FINDINGS, LANGUAGES, PAGE, Words, language_for
from tests.edge.edge_health import BROKER, WELL, with_broker, with_device, with_spool

BAD: dict[str, tuple[EdgeHealth, str]] = {
    "loop_hangs": (replace(WELL, hangs={"spool": 12.0}), "failed"),
    "clock_wrong": (replace(WELL, clock_mistrust="it says 1970"), "failed"),
    "clock_skewed": (replace(WELL, plant_ahead_s=-3.0), "degraded"),
    **{
        f"configuration_{outcome}": (
            replace(WELL, configuration=str(outcome), configuration_words=("x: is missing", "y")),
            "degraded",
        )
        for outcome in (Outcome.REFUSED, Outcome.NEEDS_RESTART, Outcome.NO_ROOM)
    },
    "spool_refuses": (with_spool(failure="disk is full"), "failed"),
    "disk_hangs": (with_spool(seen_s_ago=None), "degraded"),
    "spool_filling": (with_spool(bytes=1 << 29, max_bytes=1 << 29), "degraded"),
    "disk_full": (with_spool(free_bytes=1 << 20), "degraded"),
    "broker_connecting": (with_broker(connected_ms=None), "degraded"),
    "lagging": (with_spool(backlog=3, lag_s=61.0), "degraded"),
    "no_devices": (replace(WELL, devices=()), "degraded"),
    "device_not_tried": (with_device(online=None), "degraded"),
    "device_silent": (with_device(online=False, error="no answer"), "degraded"),
    "device_refuses": (with_device(online=False, error="no", error_is_refusal=True), "degraded"),
    **{
        f"broker_{trouble}": (with_broker(connected_ms=None, trouble=str(trouble), reason="r"), "degraded")
        for trouble in BrokerTrouble
    },
}


def test_nothing_is_said_of_an_edge_that_is_well() -> None:
    assert (findings(WELL), status_of([])) == ([], "ok")


@pytest.mark.parametrize("code", BAD)
def test_each_trouble_is_said_once_with_its_severity(code: str) -> None:
    health, status = BAD[code]
    found = findings(health)
    assert [finding.code for finding in found] == [code]
    assert status_of(found) == status


@pytest.mark.parametrize("code", BAD)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_trouble_has_words_and_a_next_action(code: str, language: str) -> None:
    words = Words(language_for("", language))
    (finding,) = findings(BAD[code][0])
    text, action = words.finding(finding.code, finding.about, finding.values)
    assert text
    assert action
    assert text in page(BAD[code][0], words).replace("&#x27;", "'")


def test_no_words_stand_for_nothing() -> None:
    assert set(FINDINGS) == set(BAD)


def test_both_languages_fill_the_same_places() -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text)} - {None}

    for english, chinese in PAGE.values():
        assert places(english) == places(chinese)
    for code, words in FINDINGS.items():
        assert places(words["en"][0]) == places(words["zh-CN"][0]), code
        assert not places(words["en"][1]) | places(words["zh-CN"][1]), "an action is a plain sentence"


def test_a_host_that_is_away_is_told_although_the_broker_is_there() -> None:
    away = [findings(with_broker(host_online=online)) for online in (False, None)]
    assert [[one.code for one in found] for found in away] == [
        ["broker_host_offline"],
        ["broker_host_absent"],
    ]
    assert findings(replace(with_broker(host_online=None), primary_host=None)) == []


def test_an_old_trouble_of_a_broker_in_reserve_is_no_reason_while_another_is_connected() -> None:
    other = replace(BROKER, url="mqtts://b2", is_current=False, connected_ms=None, trouble="lost")
    assert findings(replace(WELL, brokers=(BROKER, other))) == []


def test_what_is_worst_comes_first() -> None:
    health = replace(with_device(online=False, error="x"), hangs={"delivery": 1.0})
    assert [finding.code for finding in findings(health)] == ["loop_hangs", "device_silent"]


def test_names_from_outside_are_no_markup() -> None:
    health = with_device(name="<b>x", online=False, error="<script>alert(1)</script>", error_s_ago=1.0)
    shown = page(health, Words("en"))
    assert "<b>x" not in shown
    assert "<script>alert" not in shown


def test_the_json_says_why_and_what_to_do() -> None:
    told = as_json(BAD["device_refuses"][0])
    assert told["status"] == "degraded"
    (reason,) = told["reasons"]
    assert (reason["code"], reason["about"], reason["is_failure"]) == ("device_refuses", "press", False)
    assert "trust" in reason["action"]


@pytest.mark.parametrize(
    ("accepted", "chosen", "language"),
    [
        ("", "", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "", "zh-CN"),
        ("de, zh;q=0.2, en;q=0.7", "", "en"),
        ("zh-TW", "", "zh-CN"),
        ("en", "zh-CN", "zh-CN"),
        ("en;q=x", "xx", "en"),
    ],
)
def test_the_link_wins_over_the_browser(accepted: str, chosen: str, language: str) -> None:
    assert language_for(accepted, chosen) == language
