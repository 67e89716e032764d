"""Which screen is right: a page says with which one it was drawn, and the stream whether that still is the one."""

from hashlib import blake2s

from plant_server.terminal.reading import Agenda, Counts


def shape_of(counts: Counts, agenda: Agenda) -> str:
    """A short word that is another one as soon as the page has to be drawn anew. Counts that merely grow do not matter."""
    running, machine = counts.running, counts.machine
    decides = (
        (running.run_id, running.order_state, running.state, sorted(running.people)) if running else None,
        machine.state if machine else None,
        bool(counts.not_assigned),
        [stop.stop_id for stop in counts.stops],
        [call.call_id for call in counts.calls],
        agenda,
    )
    return blake2s(repr(decides).encode(), digest_size=8).hexdigest()
