"""The API key stands in every path of the wire, and HTTP clients log paths: here it is kept out of a web app's log."""

from __future__ import annotations

import logging

#: Whose records may show a path: the client, and what it stands on. A logger's filters do not see its children's.
_LOGGERS = (
    "httpx",
    "httpcore",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)


class Discretion(logging.Filter):
    """Keeps one path out of these loggers' records until `end`."""

    def __init__(self, path: str) -> None:
        """Begin; `path` is `/app id/API key/`, written as in requests."""
        super().__init__()
        self._path = path
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without the path."""
        text = record.getMessage()
        if self._path in text:
            record.msg, record.args = text.replace(self._path, "/…/"), None
        return True

    def end(self) -> None:
        """Watch no longer."""
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self)
