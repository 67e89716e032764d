"""The time zone of the site: shifts, business dates and every time on a page are in it, wherever the reader's browser is.

An installation names it by LINESIDE_TIME_ZONE (settings.py).
"""

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LOCALTIME = Path("/etc/localtime")
_ZONES = "/zoneinfo/"


def zone_of_this_machine() -> str:
    """Its name, such as `Asia/Shanghai`; UTC where the system does not tell it."""
    name = str(_LOCALTIME.resolve()).rpartition(_ZONES)[2] if _LOCALTIME.exists() else "UTC"
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"


def checked_zone(name: str) -> str:
    """The name of a zone there is. Raises ValueError."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r}: no time zone of that name, such as Asia/Shanghai") from error
