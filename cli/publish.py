"""`clarion publish`."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import msgspec
import typer

from clarion.clock import wall_clock_ms
from clarion.message import (
    BROADCAST_NAMES,
    Appearance,
    MessageStatus,
    Misfire,
    PublishOptions,
    PublishPolicy,
    PushBroadcast,
)
from cli import access, book, follow, screen
from cli.message import report_end
from cli.moment import parse_duration
from cli.option import AppOption, JSONOption
from cli.timing import (
    AtOption,
    CountOption,
    CronOption,
    EveryOption,
    LocalOption,
    MisfireOption,
    UntilOption,
    ZoneOption,
    own_words,
    timing,
)

MessageText = Annotated[str, typer.Argument(metavar="MESSAGE", help="What to publish; - reads it from stdin.")]
ChannelOption = Annotated[str | None, typer.Option(metavar="NAME", help="The channel; `default` when left out.")]
HeaderOption = Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A header; repeatable.")]
TitleOption = Annotated[str | None, typer.Option(metavar="TEXT", help="The line above the message.")]
SubtitleOption = Annotated[str | None, typer.Option(metavar="TEXT", help="A second line.")]
ImageOption = Annotated[str | None, typer.Option(metavar="URL", help="A picture.")]
SoundOption = Annotated[str | None, typer.Option(metavar="NAME", help="A sound; `default` is the device's own.")]
BadgeOption = Annotated[int | None, typer.Option(metavar="NUMBER", help="The number on the icon; 0 takes it away.")]
ClickOption = Annotated[
    str | None, typer.Option(metavar="ACTION", help="What a touch opens: a URL, or the app's word.")
]
SilentOption = Annotated[bool, typer.Option("--silent", help="Show nothing: the app wakes and works.")]
SensitiveOption = Annotated[bool, typer.Option("--time-sensitive", help="Break through where the user allows that.")]
SystemsOption = Annotated[
    str | None, typer.Option(metavar="OS,OS", help=f"Only these operating systems: {', '.join(BROADCAST_NAMES)}.")
]
DeviceOption = Annotated[
    list[str] | None, typer.Option(metavar="ID", help="Only this device, whatever its channels; repeatable.")
]
TTLOption = Annotated[
    int | None, typer.Option(metavar="SECONDS", help="Give up a device that was not reached after so long.")
]
PriorityOption = Annotated[str | None, typer.Option(metavar="PRIORITY", help="high or normal.")]
CollapseOption = Annotated[
    str | None, typer.Option(metavar="KEY", help="A newer message with the same key replaces this one.")
]
IdempotencyOption = Annotated[
    str | None, typer.Option(metavar="KEY", help="A second publish with the same key and content is this one.")
]
PolicyOption = Annotated[PublishPolicy, typer.Option(case_sensitive=False, help="Devices, live listeners, or both.")]
QuietOption = Annotated[
    str | None, typer.Option(metavar="FROM-TO", help="22:00-08:00: send after it, by each device's own clock; or none.")
]
FreezeOption = Annotated[
    bool, typer.Option("--freeze-audience", help="Settle now who is addressed, not when it is sent.")
]
RateOption = Annotated[float | None, typer.Option(metavar="NUMBER", help="Devices a second at most.")]
SpreadOption = Annotated[
    str | None, typer.Option(metavar="SECONDS", help="Spread the audience over so long, in the forms of --every.")
]
JSONMessageOption = Annotated[bool, typer.Option("--json-message", help="MESSAGE is JSON instead of text.")]
WatchOption = Annotated[bool, typer.Option("--watch", help="Follow it until it is over.")]


def publish(  # noqa: PLR0913, PLR0917  # a publish has that many options
    message: MessageText,
    channel: ChannelOption = None,
    title: TitleOption = None,
    subtitle: SubtitleOption = None,
    image: ImageOption = None,
    sound: SoundOption = None,
    badge: BadgeOption = None,
    click_action: ClickOption = None,
    silent: SilentOption = False,
    time_sensitive: SensitiveOption = False,
    header: HeaderOption = None,
    os: SystemsOption = None,
    device: DeviceOption = None,
    ttl: TTLOption = None,
    priority: PriorityOption = None,
    collapse_key: CollapseOption = None,
    idempotency_key: IdempotencyOption = None,
    policy: PolicyOption = PublishPolicy.BOTH,
    at: AtOption = None,
    time_zone: ZoneOption = None,
    every: EveryOption = None,
    cron: CronOption = None,
    until: UntilOption = None,
    count: CountOption = None,
    misfire: MisfireOption = Misfire.COALESCE,
    local_time: LocalOption = False,
    quiet_hours: QuietOption = None,
    freeze_audience: FreezeOption = False,
    rate: RateOption = None,
    spread_over: SpreadOption = None,
    json_message: JSONMessageOption = False,
    app: AppOption = None,
    watch: WatchOption = False,
    as_json: JSONOption = False,
) -> None:
    """Publish a message to a channel, to operating systems, or to single devices: now, later, or repeatedly."""
    body = read_body(message, as_json=json_message)
    when = timing(at, time_zone, every, cron, until, count, misfire, local_time=local_time, now_ms=wall_clock_ms())
    delivery = msgspec.structs.replace(
        when,
        publish_policy=policy,
        push_broadcast=parse_systems(os),
        push_singlecast=device or [],
        quiet_hours=quiet_hours,
        freeze_audience=freeze_audience,
        rate_per_s=rate,
        spread_over=parse_duration("--spread-over", spread_over),
        ttl=ttl,
        priority=priority,
        collapse_key=collapse_key,
        idempotency_key=idempotency_key,
    )
    appearance = Appearance(
        title=title,
        subtitle=subtitle,
        image=image,
        sound=sound,
        badge=badge,
        click_action=click_action,
        silent=silent,
        time_sensitive=time_sensitive,
    )
    options = PublishOptions(headers=parse_headers(header or []), appearance=appearance)
    with access.access(app) as way:
        with own_words():
            status = way.transport.publish(body, channel, options, delivery)
        _show(status, as_json=as_json)
        if watch:
            show = follow.lines if as_json else follow.watch
            report_end(show(lambda: way.transport.progress(status.message_id)), as_json=as_json)


def _show(status: MessageStatus, *, as_json: bool) -> None:
    if as_json:
        screen.emit(book.status_document(status))
    else:
        screen.out.print(status.message_id)


def read_body(message: str, *, as_json: bool) -> Any:
    """The body that the argument stands for.

    Raises:
        typer.BadParameter: it is not JSON, although it should be.
    """
    text = sys.stdin.read().removesuffix("\n") if message == "-" else message
    if not as_json:
        return text
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise typer.BadParameter("expected JSON, because of --json-message") from None


def parse_headers(pairs: list[str]) -> dict[str, str]:
    """Headers from `name=value`.

    Raises:
        typer.BadParameter: one of them has no `=`.
    """
    for pair in pairs:
        if "=" not in pair:
            raise typer.BadParameter(f"--header {pair}: expected NAME=VALUE")
    return dict(pair.split("=", 1) for pair in pairs)


def parse_systems(text: str | None) -> PushBroadcast | None:
    """The mask from names with commas between them.

    Raises:
        typer.BadParameter: a name that is not an operating system.
    """
    if text is None:
        return None
    mask = PushBroadcast(0)
    for name in text.upper().split(","):
        if name.strip() not in BROADCAST_NAMES:
            raise typer.BadParameter(f"--os {text}: expected {', '.join(BROADCAST_NAMES)}, with commas between them")
        mask |= BROADCAST_NAMES[name.strip()]
    return mask
