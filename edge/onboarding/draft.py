"""A draft of a profile, as YAML that loads as it stands and says with CONFIRM what is a guess. Pure.

A draft is `verified: draft`: `edge check` says so until a person has gone through it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from edge.acquisition.located_yaml import parse_yaml
from edge.acquisition.profile import Profile
from edge.acquisition.profile_file import parse_profile
from edge.onboarding.names import tidy

CONFIRM = "CONFIRM"
"""The word that stands at every guess."""

HEAD = """\
Each line below with {confirm} holds a guess: what the tag means, or how fast it may count. Look at the machine,
mend or delete the line, and take the word away. Delete what nobody needs. Then write `verified: device`.
"""

Fields = Mapping[str, str | int | float | list[str | int]]


@dataclass(frozen=True, slots=True)
class DraftTag:
    """One tag of a draft. `fields` are written as they are, the name first; `seen` is what the device showed."""

    name: str
    fields: Fields
    seen: str
    guess: str = ""  # What a person has to confirm, and why it was guessed; empty: the device itself says so.


@dataclass(frozen=True, slots=True)
class Draft:
    """All that becomes the file. `left_out` says in words what was found and cannot be a tag."""

    name: str
    driver: str
    document: str
    revision: str
    page: str
    tags: Sequence[DraftTag]
    namespace: str | None = None
    modbus: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    left_out: Sequence[str] = ()

    @property
    def guesses(self) -> int:
        return sum(bool(tag.guess) for tag in self.tags)


def profile_name(text: str) -> str:
    """A valid name of a profile out of any text."""
    return tidy(text) or "drafted"


def as_yaml(draft: Draft) -> str:
    """The text of the file. Raises ConfigError if it would not load, which is a mistake of ours."""
    lines = [f"# {line}" for line in HEAD.format(confirm=CONFIRM).splitlines()]
    head: dict[str, Any] = {
        "name": draft.name,
        "driver": draft.driver,
        "document": _comment(draft.document) or "unknown",
        "revision": _comment(draft.revision) or "unknown",
        "page": _comment(draft.page) or "unknown",
        "verified": "draft",
    }
    if draft.namespace is not None:
        head["namespace"] = draft.namespace
    lines += [f"{key}: {_plain(value)}" for key, value in head.items()]
    if draft.modbus:
        lines.append(f"modbus: {_plain(dict(draft.modbus))}")
    lines.append("tags:")
    for tag in draft.tags:
        lines.append(f"  # {_comment(tag.seen)}")
        written = _plain({"name": tag.name, **tag.fields})
        lines.append(f"  - {written}{f'  # {CONFIRM} {_comment(tag.guess)}' if tag.guess else ''}")
    if draft.left_out:
        lines += ["# Found, and not a tag:", *(f"#   {_comment(one)}" for one in draft.left_out)]
    text = "\n".join(lines) + "\n"
    loaded(text)
    return text


def loaded(text: str) -> Profile:
    """The profile that a draft is. Raises ConfigError."""
    return parse_profile(parse_yaml(text, source="draft"))


def _plain(value: Any) -> str:
    """On one line, quoted and escaped where YAML needs it."""
    written = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9)
    return written.removesuffix("\n").removesuffix("\n...")


def _comment(text: str) -> str:
    """One line, and nothing a YAML reader refuses."""
    return "".join(character if character.isprintable() else " " for character in text).strip()
