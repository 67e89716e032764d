"""How a state machine here says no."""

from __future__ import annotations


class TransitionRefused(Exception):
    """The state does not allow the command; nothing has changed. `code` and `params` make the text in the reader's
    language. Do not retry before somebody has changed the state."""

    def __init__(self, code: str, **params: str) -> None:
        self.code = code
        self.params = params
        super().__init__(f"{code} {params}" if params else code)
