"""Facts on both sides of the edge of every alert rule: the smallest that fires, the largest that does not.

`now()` stands still within a transaction, so that an edge is met to the microsecond of PostgreSQL's clock: a fact and the
question after it have the same now.
"""

# ruff: noqa: S608 - statements are put together from the constants below alone.

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edge:
    """SQL that states facts in the plant of SHOP, and whether the rule fires on them."""

    facts: str
    fires: bool


SHOP = """
INSERT INTO plant.edge (group_id, node, online, last_message, clock_skew_s) VALUES ('demo', 'edge1', true, now(), 0);
INSERT INTO plant.device (edge_id, name, path, online) SELECT edge_id, 'press1', 'demo/line1/press1', true FROM plant.edge;
INSERT INTO plant.equipment (path, name) VALUES ('demo/line1/press1', 'press1');
INSERT INTO plant.equipment_proposal (device_id, path, state, equipment_id)
SELECT device_id, path, 'accepted', equipment_id FROM plant.device JOIN plant.equipment USING (path);
INSERT INTO plant.tag (device_id, name, datatype, role) SELECT device_id, 'state', 3, 'state' FROM plant.device;
INSERT INTO plant.reason (kind, code, name_en, name_zh, stop_time) VALUES ('stop', 'jam', 'Jam', '卡料', 'unplanned');
INSERT INTO plant.item (code, name_en, name_zh, unit) VALUES ('PART', 'Part', '零件', 'C62');
"""


def contact(last: str) -> str:
    return f"UPDATE plant.edge SET last_message = {last}"


def clock(skew_s: str) -> str:
    return f"UPDATE plant.edge SET clock_skew_s = {skew_s}"


def stop(begin: str, end: str = "NULL", reason: str = "NULL", micro_below_s: int = 120) -> str:
    return (
        "WITH stop AS (INSERT INTO plant.stop (device_id, from_ts, to_ts, micro_below_s, states)"
        f" SELECT device_id, {begin}, {end}, {micro_below_s}, '{{fault}}' FROM plant.device RETURNING *)"
        f" INSERT INTO plant.stop_piece (stop_id, from_ts, to_ts, reason) SELECT stop_id, from_ts, to_ts, {reason} FROM stop"
    )


def call(raised: str, *, state: str = "open", late: bool = False) -> str:
    return (
        "INSERT INTO plant.andon_call (call_id, path, line, type, note, raised_by, raised_time, heard_time, is_late, state,"
        " level, version) VALUES (gen_random_uuid(), 'demo/line1/press1', 'demo/line1', 'maintenance', '', 'person:1',"
        f" {raised}, now(), {late}, '{state}', 0, 1)"
    )


def hour(begin: str, made: int, scrap: int, rework: int = 0) -> str:
    return (
        "INSERT INTO plant.machine_hour (device_id, from_ts, to_ts, as_of, producing_s, setup_s, unplanned_s, blocked_s,"
        " unexplained_s, planned_s, unknown_s, made, scrap, rework, rejected, setup_scrap, not_assigned, planned_run_s, unrated)"
        f" SELECT device_id, {begin}, {begin} + interval '1 hour', now(), 3600, 0, 0, 0, 0, 0, 0, {made}, {scrap}, {rework},"
        " 0, 0, 0, 0, 0 FROM plant.device"
    )


def order(
    due: str, state: str = "released", *, quantity: int = 1, cycle_time_s: float = 0, count: int = 1
) -> str:
    """`count` orders of so many parts, each of which takes so long at the last operation."""
    return (
        "WITH made AS (INSERT INTO plant.work_order (number, source, item_id, quantity, unit, ordered_quantity, ordered_unit,"
        f" due_time, state) SELECT format('MO-%s-%s', {quantity}, n), 'plant', item_id, {quantity}, 'C62', {quantity}, 'C62',"
        f" {due}, '{state}' FROM plant.item, generate_series(1, {count}) AS n RETURNING work_order_id)"
        " INSERT INTO plant.operation (work_order_id, position, name_en, name_zh, cycle_time_s, is_last, state)"
        f" SELECT work_order_id, 10, 'press', '冲压', {cycle_time_s}, true, 'ready' FROM made"
    )


def message(received: str) -> str:
    return (
        "INSERT INTO plant.quarantine (edge_id, topic, payload, reason, detail, received_time)"
        f" SELECT edge_id, 't', '', 'undecodable', '', {received} FROM plant.edge"
    )


def sample(stored: str) -> str:
    return (
        "INSERT INTO plant.sample_quarantine (time_ms, tag_id, quality, reason, stored_time)"
        f" SELECT 0, tag_id, 192, 'no_time', {stored} FROM plant.tag"
    )


def gap(stored: str) -> str:
    return (
        "INSERT INTO plant.gap (edge_id, epoch, first, last, reason, count, stored_time)"
        f" SELECT edge_id, gen_random_uuid(), 1, 1, 'dropped', 1, {stored} FROM plant.edge"
    )


def spool(used_bytes: str, free_bytes: str = "NULL", bound_bytes: int = 1_000_000) -> str:
    return (
        "INSERT INTO plant.edge_spool (edge_id, waiting, used_bytes, bound_bytes, disk_free_bytes, received_time)"
        f" SELECT edge_id, 1, {used_bytes}, {bound_bytes}, {free_bytes}, now() FROM plant.edge"
    )


def commits(minute: str, lag_s: float) -> str:
    return (
        "INSERT INTO plant.commit_minute (edge_id, minute, commits, samples, lag_p50_s, lag_p95_s)"
        f" SELECT edge_id, {minute}, 1, 1, 0, {lag_s} FROM plant.edge"
    )


def waiting(not_before: str, created: str) -> str:
    return (
        "INSERT INTO plant.outbox (event_id, kind, body, not_before, created_time)"
        f" VALUES (gen_random_uuid(), 'completion', '{{}}', {not_before}, {created})"
    )


def document(state: str) -> str:
    return (
        "INSERT INTO bridge.document (document_id, connector, kind, lane, position, body, event_time, posting_date, state)"
        f" VALUES (gen_random_uuid(), 'core', 'completion', 'x', 1, '{{}}', now(), current_date, '{state}')"
    )


def minutes_to_make(count: int) -> str:
    return (
        "INSERT INTO plant.dirty (tag_id, minute)"
        f" SELECT tag_id, now() - n * interval '1 min' FROM plant.tag, generate_series(1, {count}) AS n"
    )


def ago(span: str) -> str:
    return f"now() - interval '{span}'"


def just_over(span: str) -> str:
    return f"now() - interval '{span}' - interval '1 us'"


def just_within(span: str) -> str:
    return f"now() - interval '{span}' + interval '1 us'"


def fires(*facts: str) -> Edge:
    return Edge("; ".join(facts), True)


def silent(*facts: str) -> Edge:
    return Edge("; ".join(facts), False)


EDGES: dict[str, tuple[Edge, ...]] = {
    "lineside-edge-silent": (
        fires(contact(just_over("120 s"))),
        silent(contact(ago("120 s"))),
        fires(contact("NULL")),  # Never heard of.
    ),
    "lineside-stop-unexplained": (
        fires(stop(just_over("600 s"))),
        silent(stop(ago("600 s"))),
        silent(stop(ago("9 hours"), reason="'jam'")),
        silent(stop(ago("9 hours"), end=ago("1 s"))),
        silent(stop(ago("900 s"), micro_below_s=901)),
        fires(stop(ago("900 s"), micro_below_s=900)),
    ),
    "lineside-andon-unanswered": (
        fires(call(just_over("180 s"))),
        silent(call(ago("180 s"))),
        silent(call(ago("1 hour"), state="acknowledged")),
        silent(call(ago("1 hour"), late=True)),
    ),
    "lineside-scrap-high": (
        fires(hour(just_within("2 hours"), 1_000_000, 50_001)),
        silent(hour(just_within("2 hours"), 1_000_000, 50_000)),
        silent(hour(ago("2 hours"), 10_000, 10_000)),
        fires(hour(ago("1 hour"), 50, 2, rework=1)),
        silent(hour(ago("1 hour"), 49, 49)),
        # 6 of 1010, not the mean of 0 % and 60 %.
        silent(hour(ago("1 hour"), 1000, 0), hour(ago("30 min"), 10, 6)),
    ),
    "lineside-order-late": (
        fires(order(just_over("30 min"))),
        silent(order(ago("30 min"))),
        # Is not late, but will be: 3600 parts of 1 s last until 30 min and 1 µs after it is due.
        fires(order("now() + interval '30 min' - interval '1 us'", quantity=3600, cycle_time_s=1)),
        silent(order("now() + interval '30 min'", quantity=3600, cycle_time_s=1)),
        silent(order(ago("9 days"), "closed")),
        silent(order("NULL")),
        # However many are due before it.
        fires(
            order("now() + interval '1 hour'", count=201),
            order("now() + interval '2 hours'", quantity=9001, cycle_time_s=1),
        ),
    ),
    "lineside-quarantine": (
        fires(message(just_within("1 hour"))),
        silent(message(ago("1 hour"))),
        fires(sample(just_within("1 hour"))),
        silent(sample(ago("1 hour"))),
    ),
    "lineside-gap": (
        fires(gap(just_within("1 hour"))),
        silent(gap(ago("1 hour"))),
    ),
    "lineside-spool": (
        fires(spool("800001")),
        silent(spool("800000")),
        # Its last word stays, however long ago.
        fires(spool("800001"), contact("now() - interval '9 days'")),
    ),
    "lineside-edge-disk": (
        fires(spool("1", "67108863")),
        silent(spool("1", "67108864")),
        fires(spool("1", "99999999", bound_bytes=1_000_000_000)),
        silent(spool("1", "100000000", bound_bytes=1_000_000_000)),
        silent(spool("1")),
    ),
    "lineside-lag": (
        fires(commits(just_within("5 min"), 60.001)),
        silent(commits(just_within("5 min"), 60)),
        silent(commits(ago("5 min"), 3600)),
        fires(commits(ago("2 min"), 61), commits(ago("1 min"), 1)),
    ),
    "lineside-clock": (
        fires(clock("2.001")),
        fires(clock("-2.001")),
        silent(clock("2")),
        silent(clock("-2")),
        silent(clock("NULL")),
    ),
    "lineside-bridge-behind": (
        fires(waiting(just_over("300 s"), just_over("300 s"))),
        silent(waiting(ago("300 s"), ago("1 day"))),  # It may be undone until 300 s ago.
        silent(waiting(ago("1 day"), ago("300 s"))),
    ),
    "lineside-documents-wait": (
        fires(document("refused")),
        fires(document("unknown")),
        *(
            silent(document(state))
            for state in ("ready", "sending", "accepted", "modified", "by_hand", "skipped")
        ),
    ),
    "lineside-keeper-behind": (
        fires(minutes_to_make(50_001)),
        silent(minutes_to_make(50_000)),
    ),
}
