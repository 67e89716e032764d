"""How the simulated business systems refuse: `{"error": {"code", "message", "details"}}` with an HTTP status.

`code` is stable, `message` is for people.
"""

from typing import Any


class Refused(ValueError):
    """The request is understood and not done. Nothing of it was stored."""

    def __init__(self, status: int, code: str, message: str, /, **details: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    def body(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": self.message, "details": self.details}}


def unknown_code(kind: str, code: object) -> Refused:
    """`kind` says which master data does not know `code`: item, unit, warehouse, …"""
    return Refused(422, "unknown_code", f"there is no {kind} {code}", kind=kind, code=code)


def not_found(kind: str, name: object) -> Refused:
    return Refused(404, "not_found", f"there is no {kind} {name}", kind=kind, name=name)
