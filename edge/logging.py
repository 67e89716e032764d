"""Logs as events with fields, one line each, on standard error."""

import sys

import structlog


def log_to_stderr() -> None:
    """For humans on a terminal, as JSON otherwise."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=_to_present_stderr,
    )


def _to_present_stderr(*_: object) -> structlog.PrintLogger:
    """Looked up for each line: the stderr of the start may be closed by then, and a line lost must not end a request."""
    return structlog.PrintLogger(sys.stderr)
