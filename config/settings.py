"""The settings: read once from the environment at a process' start, validated, frozen, and passed in from there.

`docs/configuration.md` describes each of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from clarion.app import App
from clarion.errors import Misconfigured
from config.app_file import read_apps
from config.problem import problem

PREFIX = "CLARION_"


def _redis_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"redis", "rediss"} and parts.hostname and parts.port != 0
    except ValueError:  # its words may repeat the URL
        usable = False
    if not usable:
        raise ValueError("expected redis://host:port/db or rediss://host:port/db")
    return url


def _broker_url(url: str) -> str:
    if "://" not in url:
        raise ValueError("expected a URL that Celery knows, such as redis://host:port/db or amqp://host:port//")
    return url


#: URLs may carry a password, so they stay out of repr.
RedisURL = Annotated[str, AfterValidator(_redis_url)]
BrokerURL = Annotated[str, AfterValidator(_broker_url)]
Port = Annotated[int, Field(ge=1, le=65_535)]


class LogFormat(StrEnum):
    """How a log event is written."""

    #: One JSON object a line.
    JSON = "json"
    #: For a person at a terminal.
    CONSOLE = "console"


class EngineKind(StrEnum):
    """Which HTTP client delivers."""

    #: The same as http2.
    AUTO = "auto"
    #: HTTP/2 of our own, and curl or portable for a server that speaks only HTTP/1.1.
    HTTP2 = "http2"
    #: libcurl's multi interface.
    CURL = "curl"
    #: httpx: slower, runs everywhere.
    PORTABLE = "portable"


class Settings(BaseSettings):
    """Every setting; the variable of `redis_url` is `CLARION_REDIS_URL`. Frozen."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, hide_input_in_errors=True)

    redis_url: RedisURL = Field(default="redis://127.0.0.1:6379/0", repr=False)
    registry_url: RedisURL | None = Field(default=None, repr=False)
    broker_url: BrokerURL | None = Field(default=None, repr=False)
    apps_file: Path = Path("apps.toml")
    state_dir: Path = Path("var")

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: LogFormat = LogFormat.JSON

    shard_size: int = Field(default=2_000, ge=1, le=65_536)
    express_audience: int = Field(default=100, ge=0)
    record_batch: int = Field(default=250, ge=1)
    lease_s: float = Field(default=15, ge=3, le=300)
    rescue_every_s: float = Field(default=2, ge=0.1, le=60)
    visibility_timeout_s: int = Field(default=3_600, ge=5, le=604_800)

    engine: EngineKind = EngineKind.AUTO
    connections: int = Field(default=8, ge=1, le=256)
    streams_per_connection: int = Field(default=100, ge=1, le=1_000)
    request_timeout_s: float = Field(default=15, gt=0, le=120)

    api_host: str = "127.0.0.1"
    api_port: Port = 8080
    flower_port: Port = 5555

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.record_batch > self.shard_size:
            raise ValueError(f"{PREFIX}RECORD_BATCH: expected at most {PREFIX}SHARD_SIZE")
        return self

    @property
    def registry(self) -> str:
        """The URL of the device registry's Redis."""
        return self.registry_url or self.redis_url

    @property
    def broker(self) -> str:
        """The URL of Celery's broker."""
        return self.broker_url or self.redis_url

    @property
    def foreign_broker(self) -> str | None:
        """The URL of Celery's broker when its queues do not live on the main Redis, else None."""
        return None if self.queues_on_main else self.broker

    @property
    def queues_on_main(self) -> bool:
        """Whether Celery's queues live on the main Redis, so that accepting is one atomic step with enqueueing."""
        return self.broker == self.redis_url


def read_settings() -> Settings:
    """The settings of this process' environment.

    Raises:
        Misconfigured: a value cannot be used; the message names the variable and never shows the value.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise Misconfigured(problem(error, lambda path: PREFIX + str(path[0]).upper())) from None


def load_or_exit() -> tuple[Settings, dict[str, App]]:
    """The settings and the applications, at the start of a process.

    A value that cannot be used ends the process: one line on stderr, exit code 2.
    """
    with or_exit():
        settings = read_settings()
        return settings, read_apps(settings.apps_file)


@contextmanager
def or_exit() -> Iterator[None]:
    """Whatever is `Misconfigured` within the block ends the process: one line on stderr, exit code 2."""
    try:
        yield
    except Misconfigured as error:
        print(f"clarion: {error.message}", file=sys.stderr)  # noqa: T201 - logging is not configured yet
        sys.exit(2)
