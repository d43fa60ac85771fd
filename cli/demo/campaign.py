"""What the demo publishes, and what must come of it: worked out from the devices alone, without asking Clarion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from clarion.message import DeliveryOptions, PushBroadcast
from clarion.registry import OS, Device
from cli.demo.population import arrival, is_dead

SINGLES = 5


class Door(StrEnum):
    """The two ways in."""

    HTTP = "HTTP API"
    REDIS = "Redis"


@dataclass(frozen=True, slots=True)
class Publish:
    """One publish, and whom it must reach.

    Attributes:
        title: for people.
        door: the way in.
        channel: None is the default channel.
        delivery: to whom.
        audience: the devices that it addresses and that are registered by then.
        delay_ms: how long after it is published it is to start.
    """

    title: str
    door: Door
    channel: str | None
    delivery: DeliveryOptions
    audience: tuple[Device, ...]
    delay_ms: int = 0

    @property
    def dead(self) -> int:
        """How many of the audience have a dead token."""
        return sum(map(is_dead, self.audience))


def campaign(devices: Sequence[Device]) -> list[Publish]:
    """The five publishes, in the order in which they must close: what one finds dead, the next does not address."""
    registered = list(devices)
    planned: list[Publish] = []

    def add(
        title: str,
        door: Door,
        channel: str | None,
        delivery: DeliveryOptions,
        to: Callable[[Device], bool],
        delay_ms: int = 0,
    ) -> None:
        audience = tuple(device for device in registered if to(device))
        planned.append(Publish(title, door, channel, delivery, audience, delay_ms))
        registered[:] = [device for device in registered if not (to(device) and is_dead(device))]

    add("default channel", Door.HTTP, None, DeliveryOptions(), lambda device: "default" in device.channels)
    add("channel news", Door.REDIS, "news", DeliveryOptions(), lambda device: "news" in device.channels)
    android = DeliveryOptions(push_broadcast=PushBroadcast.ANDROID)
    add(
        "Android on offers",
        Door.HTTP,
        "offers",
        android,
        lambda device: device.os is OS.ANDROID and "offers" in device.channels,
    )
    ids = singles(registered)
    add("five devices", Door.REDIS, None, DeliveryOptions(push_singlecast=ids), lambda device: device.device_id in ids)
    to_iphones = DeliveryOptions(push_broadcast=PushBroadcast.IOS)
    add(
        "iPhones, 1 s later",
        Door.HTTP,
        None,
        to_iphones,
        lambda device: device.os is OS.IOS and "default" in device.channels,
        delay_ms=1_000,
    )
    return planned


def singles(devices: Sequence[Device]) -> list[str]:
    """The ids of five devices: one with a dead token if there is one left, the others at even distances."""
    dead = [device for device in devices if is_dead(device)][:1]
    living = [device for device in devices if not is_dead(device)]
    wanted = SINGLES - len(dead)
    chosen = dead + living[:: len(living) // wanted][:wanted]
    return [device.device_id for device in chosen]


def arrivals(publishes: Sequence[Publish]) -> Counter[str]:
    """How often each token must be asked of the provider, over all publishes."""
    return Counter(arrival(device) for publish in publishes for device in publish.audience)
