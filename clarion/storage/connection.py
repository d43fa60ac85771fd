"""Connections to Redis: one for messages, ledgers and queues, one for the device registry (by default the same)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, OutOfMemoryError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from clarion.errors import Misconfigured, Unavailable
from clarion.storage.script import Script, all_scripts, script

#: A reply slower than this is a broken connection: every command and script here takes milliseconds.
SOCKET_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 3.0
#: A lost reply may be asked for again: scripts take effect once, or lose nothing when they do twice.
RETRIES = 3

Call = tuple[Sequence[str], Sequence[Any]]
#: A `redis.Redis`. Its annotations promise bytes or str or an awaitable for every reply; ours are always bytes.
Client = Any


@dataclass(frozen=True, slots=True)
class Storage:
    """The two stores. `main` also carries the broker's queues unless a separate broker is configured."""

    main: Client
    registry: Client
    #: True when Celery's queues live on `main`, so that a script can push a task in the same atomic step.
    queues_on_main: bool = True

    def close(self) -> None:
        """Close both connection pools."""
        for client in {id(c): c for c in (self.main, self.registry)}.values():
            client.close()
            client.connection_pool.disconnect()


def open_storage(url: str, *, registry_url: str | None = None, queues_on_main: bool = True) -> Storage:
    """Open the stores at `url` (`redis://`, `rediss://` or `unix://`); nothing is sent until the first command.

    Raises:
        Misconfigured: the URL cannot be parsed.
    """
    main = _client(url)
    registry = main if registry_url in (None, url) else _client(str(registry_url))
    return Storage(main, registry, queues_on_main)


def _client(url: str) -> Client:
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=SOCKET_TIMEOUT_S,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            socket_keepalive=True,
            health_check_interval=30,
            retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), RETRIES),
            retry_on_error=[RedisConnectionError, RedisTimeoutError],
        )
    except ValueError as error:
        raise Misconfigured("Invalid Redis URL: expected redis://, rediss:// or unix://.") from error


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn redis-py's errors into `Unavailable`, without the command or its arguments."""
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError) as error:
        raise Unavailable("Redis cannot be reached.") from error
    except (OutOfMemoryError, ReadOnlyError) as error:
        raise Unavailable("Redis refuses writes.") from error
    except ResponseError as error:
        if str(error).startswith(("OOM", "MISCONF", "READONLY", "LOADING", "BUSY")):
            raise Unavailable("Redis refuses writes.") from error
        raise


def call(client: Client, name: str, keys: Sequence[str], args: Sequence[Any] = ()) -> Any:
    """Run one script, loading it when the server does not know it yet."""
    lua = script(name)
    with storage_errors():
        try:
            return client.evalsha(lua.sha, len(keys), *keys, *args)
        except NoScriptError:
            return client.eval(lua.text, len(keys), *keys, *args)


def call_many(client: Client, name: str, calls: Iterable[Call]) -> list[Any]:
    """Run one script once per (keys, args), pipelined, not atomic together. Replies in the order of the calls."""
    lua = script(name)
    todo = list(calls)
    with storage_errors():
        replies = _pipelined(client, lua, todo)
        unknown = [i for i, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if unknown:
            load_scripts(client)
            for i, reply in zip(unknown, _pipelined(client, lua, [todo[i] for i in unknown]), strict=True):
                replies[i] = reply
        for reply in replies:
            if isinstance(reply, RedisError):
                raise reply
    return replies


def _pipelined(client: Client, lua: Script, calls: Sequence[Call]) -> list[Any]:
    pipe = client.pipeline(transaction=False)
    for keys, args in calls:
        pipe.evalsha(lua.sha, len(keys), *keys, *args)
    return list(pipe.execute(raise_on_error=False))


def load_scripts(client: Client) -> None:
    """Load every script, so that pipelines may refer to them by digest."""
    with storage_errors():
        for lua in all_scripts():
            client.script_load(lua.text)
