"""Where the terminal's buttons send their commands: the addresses of the API, in one place."""

from uuid import UUID

RUNS = "/api/v1/runs"
CALLS = "/api/v1/andon-calls"


def start() -> str:
    return RUNS


def pause(run_id: int) -> str:
    return f"{RUNS}/{run_id}/pause"


def change(run_id: int) -> str:
    return f"{RUNS}/{run_id}/change"


def complete(run_id: int) -> str:
    """The operation is done."""
    return f"{RUNS}/{run_id}/complete"


def complete_order(work_order_id: int) -> str:
    return f"/api/v1/work-orders/{work_order_id}/complete"


def hand_over(run_id: int) -> str:
    return f"{RUNS}/{run_id}/hand-over"


def report(run_id: int) -> str:
    return f"{RUNS}/{run_id}/reports"


def undo_report(run_id: int) -> str:
    """`{key}`: of the report."""
    return f"{RUNS}/{run_id}/reports/{{key}}/undo"


def rework(operation_id: int) -> str:
    """Parts in rework are good now, or scrap."""
    return f"/api/v1/operations/{operation_id}/rework"


def assign() -> str:
    return "/api/v1/not-assigned/assign"


def call() -> str:
    return CALLS


def withdraw_call(call_id: UUID | str) -> str:
    """`{key}`: of the call that was made just now."""
    return f"{CALLS}/{call_id}/withdraw"


def acknowledge_call(call_id: UUID) -> str:
    return f"{CALLS}/{call_id}/acknowledge"


def resolve_call(call_id: UUID) -> str:
    return f"{CALLS}/{call_id}/resolve"


def stop_reason(stop_id: int) -> str:
    return f"/api/v1/stops/{stop_id}/reason"


def split_stop(stop_id: int) -> str:
    return f"/api/v1/stops/{stop_id}/split"


def write_hand_over() -> str:
    return "/api/v1/hand-overs"


def read_hand_over(hand_over_id: int) -> str:
    """Who reads it takes the open run over."""
    return f"/api/v1/hand-overs/{hand_over_id}/read"
