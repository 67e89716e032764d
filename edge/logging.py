"""Logs as events with fields, one line each, on standard error."""

import logging
import sys

import structlog


def log_to_stderr() -> None:
    """For humans on a terminal, as JSON otherwise. What libraries warn of becomes such a line too."""
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
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_to_present_stderr,
    )
    logging.basicConfig(handlers=[_FromLibraries()], level=logging.WARNING, force=True)


class _FromLibraries(logging.Handler):
    """Not in the library's words alone: a reader of JSON must not stumble over a traceback of many lines."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = max(logging.WARNING, min(record.levelno // 10 * 10, logging.CRITICAL))
            structlog.get_logger().log(
                level,
                "library_warned",
                library=record.name,
                reason=record.getMessage(),
                exc_info=record.exc_info,
            )
        except (TypeError, ValueError):  # Its arguments do not fit its own text.
            self.handleError(record)


def _to_present_stderr(*_: object) -> structlog.PrintLogger:
    """Looked up for each line: the stderr of the start may be closed by then, and a line lost must not end a request."""
    return structlog.PrintLogger(sys.stderr)
