from __future__ import annotations

from dataclasses import replace

import pytest

from plant_server.domain.reason import BadReasonTree, Reason, ReasonKind, ReasonTree, StopTime

K = ReasonKind
REASONS = [
    Reason("machine", K.STOP, "设备", "Machine"),
    Reason("mould", K.STOP, "模具", "Mould", "machine", ("demo/plant1/area1/press",)),
    Reason("crack", K.STOP, "裂纹", "Crack", "mould"),
    Reason("jam", K.STOP, "卡料", "Jam", "machine"),
    Reason("old", K.STOP, "旧", "Old", "machine", is_retired=True),
    Reason("planned", K.STOP, "计划", "Planned", time=StopTime.PLANNED),
    Reason("break", K.STOP, "休息", "Break", "planned"),
    Reason("change", K.STOP, "换型", "Change-over", "planned", time=StopTime.SETUP),
    Reason("scratch", K.SCRAP, "划伤", "Scratch"),
]
TREE = ReasonTree(REASONS)
PRESS, PRESSURE = "demo/plant1/area1/press/press1", "demo/plant1/area1/pressure1"


def test_a_terminal_shows_what_can_happen_at_its_machine() -> None:
    def shown(parent: str | None, equipment: str) -> list[str]:
        return [one.code for one in TREE.children(parent, K.STOP, equipment)]

    assert shown(None, PRESS) == ["machine", "planned"]
    assert shown("machine", PRESS) == ["mould", "jam"]
    assert shown("machine", PRESSURE) == ["jam"]
    assert shown("mould", PRESSURE) == ["crack"]
    assert [one.code for one in TREE.children(None, K.SCRAP, PRESS)] == ["scratch"]


def test_a_branch_with_nothing_to_choose_is_not_shown() -> None:
    tree = ReasonTree([replace(one, is_retired=True) if one.code == "crack" else one for one in REASONS])
    assert "mould" not in [one.code for one in tree.children("machine", K.STOP, PRESS)]


def test_people_choose_leaves_that_apply() -> None:
    for code, kind, equipment, may in (
        ("jam", K.STOP, PRESS, True),
        ("jam", K.SCRAP, PRESS, False),
        ("machine", K.STOP, PRESS, False),
        ("old", K.STOP, PRESS, False),
        ("crack", K.STOP, PRESS, True),
        ("crack", K.STOP, PRESSURE, False),
        ("nothing", K.STOP, PRESS, False),
    ):
        assert TREE.is_choosable(code, kind, equipment) is may, code


def test_a_retired_reason_keeps_its_name_and_its_place() -> None:
    assert [one.name_en for one in TREE.path("old")] == ["Machine", "Old"]
    old = TREE.get("old")
    assert old is not None
    assert old.name_zh == "旧"
    assert TREE.get("nothing") is None


def test_a_stop_counts_as_its_reason_or_the_nearest_above_says() -> None:
    told = {code: TREE.stop_time(code) for code in ("jam", "break", "change", "planned")}
    assert told == {
        "jam": StopTime.UNPLANNED,
        "break": StopTime.PLANNED,
        "change": StopTime.SETUP,
        "planned": StopTime.PLANNED,
    }


def test_all_mistakes_of_a_tree_are_told_at_once() -> None:
    with pytest.raises(BadReasonTree) as refused:
        ReasonTree(
            [
                Reason("a", K.STOP, "", "", "b"),
                Reason("b", K.STOP, "", "", "a"),
                Reason("c", K.STOP, "", "", "nobody"),
                Reason("d", K.SCRAP, "", "", "a"),
                Reason("e", K.STOP, "", ""),
                Reason("e", K.STOP, "", ""),
            ]
        )
    told = str(refused.value)
    for part in ("a is below itself", "c has no parent nobody", "d is scrap", "e stands there twice"):
        assert part in told
