"""Tag names out of what machines call their values: short, tidy, one per value. Pure."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from edge.acquisition.profile import HEARTBEAT

LENGTH_MAX = 80
"""A tag name may have 120 characters; the rest is for what makes it unique."""
NAMELESS = "value"

# What machines in Chinese factories call their values; longer words first where one holds another.
_CHINESE = {
    "良品": "good",
    "合格": "good",
    "不良": "reject",
    "废品": "scrap",
    "报废": "scrap",
    "产量": "output",
    "产品": "product",
    "计数": "count",
    "件数": "parts",
    "数量": "quantity",
    "总数": "total",
    "周期": "cycle",
    "节拍": "cycle",
    "温度": "temperature",
    "压力": "pressure",
    "速度": "speed",
    "转速": "speed",
    "电压": "voltage",
    "电流": "current",
    "功率": "power",
    "电能": "energy",
    "电量": "energy",
    "能耗": "energy",
    "频率": "frequency",
    "状态": "state",
    "模式": "mode",
    "报警": "alarm",
    "故障": "fault",
    "心跳": "heartbeat",
    "时间": "time",
    "工单": "order",
    "订单": "order",
    "机器": "machine",
    "设备": "machine",
}
_WORD = re.compile(r"[A-Z]+[0-9]*(?![a-z])|[A-Z]?[a-z]+[0-9]*|[0-9]+")


def words_of(text: str) -> list[str]:
    """Its words in lower-case ASCII: `ProdProcessedCount` → prod, processed, count; `良品计数` → good, count."""
    for chinese, english in _CHINESE.items():
        text = text.replace(chinese, f" {english} ")
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return [word.lower() for word in _WORD.findall(ascii_text)]


def tidy(text: str) -> str:
    """A tag name made of its words; empty if it has none that can stand in a name."""
    name = "_".join(words_of(text))[:LENGTH_MAX].strip("_")
    return name if not name or name[0].isalpha() else f"n{name}"


def names_of(paths: Sequence[Sequence[str]]) -> list[str]:
    """One name for each path (its browse names from the root), all different also when case is ignored.

    The last part alone where it is the only one of its kind, else with as many of its parents as tell it apart;
    what still shares a name is numbered.
    """
    names = [_joined(path, 1) for path in paths]
    for parts in range(2, 5):
        shared = Counter(names)
        names = [
            _joined(path, parts) if shared[name] > 1 else name
            for path, name in zip(paths, names, strict=True)
        ]
    taken = {HEARTBEAT.name}
    return [_numbered(name, taken) for name in names]


def _joined(path: Sequence[str], parts: int) -> str:
    named = [name for part in path[-parts:] if (name := tidy(part))]
    return "_".join(named)[-LENGTH_MAX:].strip("_") or NAMELESS


def _numbered(name: str, taken: set[str]) -> str:
    name = name if name[0].isalpha() else f"n{name}"
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    taken.add(candidate)
    return candidate
