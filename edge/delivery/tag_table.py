"""The tags of a spool file, by the ids that its entries use.

An id means the same as long as an entry in the file may name it: a tag that is configured no more is *retired*, and
goes when the entries of its time are gone.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import structlog

from edge.contract.datatypes import DataType
from edge.delivery.entries import TagDefinition
from edge.delivery.spool_file import SpoolFile

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TagChanges:
    """What has to be written so that the file knows the wanted tags. Often nothing: a full disk must not stop a start."""

    changed: Sequence[TagDefinition]
    retired: Sequence[tuple[str, str]]
    has_more: bool  # Retired tags of earlier times, which may go now.

    @property
    def is_needed(self) -> bool:
        return bool(self.changed or self.retired or self.has_more)


class TagTable:
    """`tags` is what the file knows, by id. Methods that write expect to be called inside a transaction."""

    def __init__(self, file: SpoolFile) -> None:
        self._file = file
        self.tags: dict[int, TagDefinition] = dict(self._load())

    def changes(
        self, definitions: Sequence[TagDefinition], *, has_backlog: bool, retire: bool = True
    ) -> TagChanges:
        wanted = {(tag.device, tag.name): tag for tag in definitions}
        rows = self._file.connection.execute("SELECT device, name, retired_at FROM tag").fetchall()
        present = {(device, name) for device, name, retired_at in rows if retired_at is None}
        known = {(tag.device, tag.name): tag for tag in self.tags.values()}
        changed = [tag for key, tag in wanted.items() if key not in present or known[key] != tag]
        for tag in changed:
            if has_backlog and known.get((tag.device, tag.name), tag) != tag:
                # What waits was read under the old definition, and will be told under the new.
                log.warning("tag_changed_under_backlog", device=tag.device, tag=tag.name)
        if not retire:
            return TagChanges(changed, (), False)
        return TagChanges(changed, sorted(present - wanted.keys()), len(rows) > len(wanted))

    def write(self, changes: TagChanges, head: int, oldest: int) -> None:
        """`head` and `oldest`: disk numbers of the newest and the oldest entry."""
        connection = self._file.connection
        for tag in changes.changed:
            values = (_packed(tag), tag.device, tag.name)
            if not connection.execute(
                "UPDATE tag SET definition = ?, retired_at = NULL WHERE device = ? AND name = ?", values
            ).rowcount:
                connection.execute("INSERT INTO tag (definition, device, name) VALUES (?, ?, ?)", values)
        connection.executemany(
            "UPDATE tag SET retired_at = ? WHERE device = ? AND name = ?",
            [(head, *key) for key in changes.retired],
        )
        connection.execute("DELETE FROM tag WHERE retired_at < ?", (oldest,))

    def write_with_ids(self, tags: Mapping[int, TagDefinition]) -> None:
        self._file.connection.executemany(
            "INSERT INTO tag (tag_id, device, name, definition) VALUES (?, ?, ?, ?)",
            [(tag_id, tag.device, tag.name, _packed(tag)) for tag_id, tag in tags.items()],
        )

    def reload(self) -> None:
        tags = dict(self._load())
        self.tags.update(tags)  # First: whoever reads beside us finds a tag, be it the old or the new one.
        for gone in self.tags.keys() - tags.keys():
            del self.tags[gone]

    def ids(self, definitions: Sequence[TagDefinition]) -> dict[tuple[str, str], int]:
        """(device, name) -> id of the tags in `definitions`."""
        ids = {(tag.device, tag.name): tag_id for tag_id, tag in self.tags.items()}
        return {(tag.device, tag.name): ids[tag.device, tag.name] for tag in definitions}

    def _load(self) -> Iterator[tuple[int, TagDefinition]]:
        """Raises sqlite3.DatabaseError for a definition that rotted."""
        for tag_id, device, name, body in self._file.connection.execute(
            "SELECT tag_id, device, name, definition FROM tag"
        ):
            try:
                datatype, properties = msgspec.msgpack.decode(body)
                yield tag_id, TagDefinition(device, name, DataType(datatype), properties)
            except (msgspec.DecodeError, TypeError, ValueError) as error:
                raise sqlite3.DatabaseError(f"definition of tag {tag_id}: {error}") from error


def _packed(definition: TagDefinition) -> bytes:
    return msgspec.msgpack.encode([int(definition.datatype), dict(definition.properties)])
