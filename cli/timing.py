"""The options that say when, of `clarion publish` and `clarion schedule preview`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from clarion.errors import InvalidField
from clarion.message import DeliveryOptions, Misfire
from clarion.message.form import camel
from cli.moment import TIME, parse_duration, parse_moment

AtOption = Annotated[str | None, typer.Option(metavar="TIME", help=f"When: {TIME}.")]
ZoneOption = Annotated[
    str | None, typer.Option(metavar="ZONE", help="IANA name of the zone of --cron, and of times without an offset.")
]
EveryOption = Annotated[
    str | None, typer.Option(metavar="SECONDS", help="Repeat it so often: seconds, or 90s, 10m, 2h, 1d.")
]
CronOption = Annotated[
    str | None, typer.Option(metavar="CRON", help="Repeat it by five fields of cron, or an alias such as @daily.")
]
UntilOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="No run starts then or later; in the forms of --at.")
]
CountOption = Annotated[int | None, typer.Option(metavar="NUMBER", help="So many runs at most.")]
MisfireOption = Annotated[
    Misfire, typer.Option(case_sensitive=False, help="Runs that nobody started in time: one for all of them, or none.")
]
LocalOption = Annotated[bool, typer.Option("--local-time", help="Times are what each device's own clock shows.")]

#: Options of a publish whose names here are not those of `DeliveryOptions`.
_NAMES = {
    "publish_at": "at",
    "repeat_every": "every",
    "repeat_cron": "cron",
    "repeat_expires_at": "until",
    "repeat_count": "count",
    "rate_per_s": "rate",
    "push_broadcast": "os",
    "push_singlecast": "device",
    "publish_policy": "policy",
}
_WORDS = {
    camel(name): f"--{_NAMES.get(name, name).replace('_', '-')}"
    for name in DeliveryOptions.__struct_fields__
    if name != "segment_query"
}
#: In a sentence others are the language's own: `ttl`.
_in_sentence = re.compile("[a-z]+[A-Z][A-Za-z]*")


def timing(
    at: str | None,
    time_zone: str | None,
    every: str | None,
    cron: str | None,
    until: str | None,
    count: int | None,
    misfire: Misfire,
    *,
    local_time: bool,
    now_ms: int,
) -> DeliveryOptions:
    """When a message is to be sent, from the words of the options; `now_ms` is epoch milliseconds.

    Raises:
        typer.BadParameter: names an option that cannot be read.
    """
    return DeliveryOptions(
        publish_at=parse_moment("--at", at, now_ms=now_ms, local=local_time),
        time_zone=time_zone,
        repeat_every=parse_duration("--every", every),
        repeat_cron=cron,
        repeat_expires_at=parse_moment("--until", until, now_ms=now_ms, local=local_time),
        repeat_count=count,
        misfire=misfire,
        local_time=local_time,
    )


@contextmanager
def own_words(**others: str) -> Iterator[None]:
    """Within the block, what cannot be used is named as it is here: `--at`, where the wire has `publishAt`.

    Args:
        others: what members of the wire are called instead, such as `publishAt="TIME"`.

    Raises:
        InvalidField: of the class that it had.
    """
    words = _WORDS | others
    try:
        yield
    except InvalidField as error:
        expected = _in_sentence.sub(lambda found: words.get(found[0], found[0]), error.error_data["expected"])
        raise type(error)(words.get(error.field, error.field), expected) from None
