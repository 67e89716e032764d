"""What an edge writes to standard error where nobody sits at a terminal: one JSON object a line, whoever speaks."""

import json
import subprocess
import sys

SPEAKERS = """
import logging
import structlog
from edge.logging import log_to_stderr

log_to_stderr()
log_to_stderr()
log = structlog.get_logger()
log.info("device_online", device="压机1", age_s=0.5)
log.debug("not worth a line")
logging.getLogger("some.library").warning("cannot %s", "do it")
logging.getLogger("some.library").info("chatter")
logging.getLogger("some.library").error("two\\nlines")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("some.library").exception("failed")
"""


def test_every_line_is_a_json_object_with_an_event_a_level_and_a_time() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SPEAKERS], capture_output=True, text=True, check=True, timeout=60
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert all(line.keys() >= {"event", "level", "timestamp"} for line in lines)
    assert [(line["event"], line["level"]) for line in lines] == [
        ("device_online", "info"),
        ("library_warned", "warning"),
        ("library_warned", "error"),
        ("library_warned", "error"),
    ]
    assert (lines[0]["device"], lines[0]["age_s"]) == ("压机1", 0.5)
    assert (lines[1]["library"], lines[1]["reason"]) == ("some.library", "cannot do it")
    assert lines[2]["reason"] == "two\nlines"
    assert "ZeroDivisionError" in lines[3]["exception"]
