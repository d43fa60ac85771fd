"""Logging: static event names with fields, JSON or for a terminal, one format for our own and everybody else's loggers.

log = structlog.get_logger()
structlog.contextvars.bind_contextvars(message_id=…, shard=…)   # once, at the start of a task
log.info("shard_delivered", accepted=1990)
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from config.settings import LogFormat, Settings, read_settings

REDACTED = "[redacted]"

#: Fields that are secret, or a person's, whatever they hold.
_SECRET_NAMES = frozenset({"authorization", "body", "headers", "key", "payload", "properties", "url"})
#: So is whatever has one of these in its name: `device_token`, `api_key`, `client_secret`.
_SECRET_PARTS = ("token", "secret", "password", "api_key", "private_key")

#: These write addresses with tokens in them, or headers, at INFO or DEBUG: never below WARNING, whatever the level.
_TALKATIVE = ("httpx", "httpcore", "hpack", "h2", "urllib3", "requests", "google", "kombu", "asyncio")


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send every log record of this process through structlog, once at its start.

    Args:
        settings: level and format.
        stream: where to write; None is stderr.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter(settings.log_format))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    logging.captureWarnings(capture=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def formatter(style: LogFormat) -> logging.Formatter:
    """The formatter of records from any logger, structlog's or not."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(style)],
    )


def formatter_from_environment() -> logging.Formatter:
    """The formatter our settings ask for, where logging is configured from a file (granian's main process)."""
    return formatter(read_settings().log_format)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Processor: replace secret values, at any depth. The event's name is ours and stays."""
    return {name: value if name == "event" else _redacted(name, value) for name, value in event.items()}


def _redacted(name: str, value: Any) -> Any:
    lower = name.lower()
    if lower in _SECRET_NAMES or any(part in lower for part in _SECRET_PARTS):
        return REDACTED
    if isinstance(value, dict):
        return {str(inner): _redacted(str(inner), item) for inner, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redacted("", item) for item in value]
    return value


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]


def _rendering(style: LogFormat) -> list[Processor]:
    # Plain tracebacks in both: the rich ones print local variables, and with them tokens.
    if style is LogFormat.JSON:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
