"""The little company both simulated systems know: three finished goods, six components, three machines.

FG-100 has BOM revisions A and B; change order ECO-1001 replaces its seal, SEAL-10, revision A by B.
"""

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from simulators.business_amounts import Amount

CHANGE_ORDER = "ECO-1001"


class SeedOrder(BaseModel):
    """How much of everything. Seeding again adds what is not there and changes nothing else."""

    model_config = ConfigDict(extra="forbid")
    orders: int = Field(default=3, ge=0, le=1000)
    order_quantity: Amount = "120"
    stock_quantity: Amount = "5000"
    machines: list[str] = ["press1", "mould1", "cell1"]
    change_effective_from: AwareDatetime | None = Field(
        default=None, description="Releases BOM B and ECO-1001 (PLM) at once, to take effect then."
    )


# code, zh, en, unit, kind, kept by lot, standard cost per unit (CNY)
ITEMS = (
    ("FG-100", "DN20 水阀", "Water valve DN20", "pcs", "finished", False, "48.20"),
    ("FG-200", "泵盖", "Pump cover", "pcs", "finished", False, "17.35"),
    ("FG-300", "法兰阀体", "Flanged valve body", "pcs", "finished", False, "29.90"),
    ("BODY-10", "阀体", "Valve body", "pcs", "component", True, "21.40"),
    ("STEM-10", "阀杆", "Valve stem", "pcs", "component", True, "6.85"),
    ("SEAL-10", "密封圈", "Seal ring", "pcs", "component", True, "0.92"),
    ("BOLT-M6", "M6 螺栓", "Bolt M6", "pcs", "component", False, "0.115"),
    ("RESIN-PP", "聚丙烯颗粒", "PP resin", "kg", "component", True, "9.60"),
    ("GREASE-1", "润滑脂", "Grease", "kg", "component", False, "33.00"),
)
UNITS = (
    ("pcs", "件", "pieces"),
    ("box", "盒", "box"),
    ("kg", "千克", "kilogram"),
    ("g", "克", "gram"),
    ("s", "秒", "second"),
    ("min", "分", "minute"),
    ("h", "小时", "hour"),
    ("kWh", "千瓦时", "kilowatt hour"),
    ("Wh", "瓦时", "watt hour"),
)
# item or "" for all, from, to, numerator, denominator
CONVERSIONS = (
    ("BOLT-M6", "box", "pcs", "100", "1"),
    ("", "g", "kg", "1", "1000"),
    ("", "min", "s", "60", "1"),
    ("", "h", "s", "3600", "1"),
    ("", "Wh", "kWh", "1", "1000"),
)
# code, zh, en, account
WAREHOUSES = (
    ("RAW", "原料仓", "Raw materials", "1403"),
    ("LINE", "线边仓", "Line side", "1403"),
    ("FG", "成品仓", "Finished goods", "1405"),
)
LOCATIONS = (("RAW", "A-01"), ("RAW", "A-02"), ("LINE", "L1"), ("FG", "F-01"))
# kind, code, base unit, CNY per base unit, zh, en
RATES = (
    ("labor", "OPERATOR", "s", "0.01", "操作工", "Operator"),
    ("labor", "SETTER", "s", "0.0125", "调机工", "Setter"),
    ("energy", "peak", "kWh", "1.12", "峰", "Peak"),
    ("energy", "flat", "kWh", "0.68", "平", "Flat"),
    ("energy", "valley", "kWh", "0.31", "谷", "Valley"),
)
MACHINE_RATE = "0.015"
REASONS = (
    ("burr", "毛刺", "Burr"),
    ("crack", "裂纹", "Crack"),
    ("double_hit", "重复冲压", "Double hit"),
    ("short_shot", "缺料", "Short shot"),
    ("flash", "飞边", "Flash"),
    ("sink_mark", "缩痕", "Sink mark"),
    ("dimension", "尺寸超差", "Dimension out of tolerance"),
    ("set_up", "调机废品", "Set-up scrap"),
    ("other", "其他", "Other"),
)
CUSTOMERS = (("C-1001", "华东水务", "East Water"), ("C-1002", "北方泵业", "North Pumps"))
# item, lot, revision, warehouse; each holds the stock quantity
LOTS = (
    ("BODY-10", "L-BODY-1", "A", "RAW"),
    ("BODY-10", "L-BODY-2", "A", "LINE"),
    ("STEM-10", "L-STEM-1", "A", "RAW"),
    ("STEM-10", "L-STEM-2", "A", "LINE"),
    ("SEAL-10", "L-SEAL-A1", "A", "LINE"),
    ("SEAL-10", "L-SEAL-B1", "B", "LINE"),
    ("BOLT-M6", "", None, "LINE"),
    ("RESIN-PP", "L-RESIN-1", "A", "LINE"),
    ("GREASE-1", "", None, "LINE"),
)

# item, revision: position, component, component revision, quantity per 1 pcs, unit
BOMS: dict[tuple[str, str], tuple[tuple[int, str, str, str, str], ...]] = {
    ("FG-100", "A"): (
        (10, "BODY-10", "A", "1", "pcs"),
        (20, "STEM-10", "A", "1", "pcs"),
        (30, "SEAL-10", "A", "2", "pcs"),
        (40, "BOLT-M6", "A", "4", "pcs"),
        (50, "GREASE-1", "A", "1.5", "g"),
    ),
    ("FG-100", "B"): (
        (10, "BODY-10", "A", "1", "pcs"),
        (20, "STEM-10", "A", "1", "pcs"),
        (30, "SEAL-10", "B", "2", "pcs"),
        (40, "BOLT-M6", "A", "4", "pcs"),
        (50, "GREASE-1", "A", "1.5", "g"),
    ),
    ("FG-200", "A"): (
        (10, "RESIN-PP", "A", "85", "g"),
        (20, "BOLT-M6", "A", "6", "pcs"),
        (30, "GREASE-1", "A", "0.5", "g"),
    ),
    ("FG-300", "A"): (
        (10, "BODY-10", "A", "1", "pcs"),
        (20, "BOLT-M6", "A", "4", "pcs"),
    ),
}
CHANGE: dict[str, Any] = {
    "number": CHANGE_ORDER,
    "title_zh": "密封圈改为氟橡胶",
    "title_en": "Seal ring changed to FKM",
    "reason": "leak complaints at 90 °C",
    "requirement": "REQ-301",
    "affected": [
        {"item": "FG-100", "old_revision": "A", "new_revision": "B"},
        {"item": "SEAL-10", "old_revision": "A", "new_revision": "B"},
    ],
    "disposition": "scrap",
}
