"""The simulated devices: on three channels and two operating systems, some with a token that is dead by script."""

from __future__ import annotations

from clarion.registry import OS, Device

#: Who is on which channels, by the last digit of the number.
_CHANNELS = (
    ("default", "offers"),
    *(("default",),) * 3,
    *(("default", "news"),) * 2,
    *(("news",),) * 3,
    ("offers",),
)
#: One device in so many has a dead token. Prime to the ten and the three that channels and systems go by.
_ONE_DEAD_IN = 31
_A_DEAD_ONE = 3
#: What makes the simulator answer that the token is dead.
_DEAD = "sim:UNREGISTERED:"


def population(count: int, now_ms: int) -> list[Device]:
    """`count` devices that register at `now_ms` (epoch milliseconds); always the same ones."""
    return [_device(number, now_ms) for number in range(count)]


def is_dead(device: Device) -> bool:
    """Whether the simulator will call the device's token dead."""
    return device.token.startswith(_DEAD)


def _device(number: int, now_ms: int) -> Device:
    token = f"demo-token-{number:08}"
    return Device(
        token=_DEAD + token if number % _ONE_DEAD_IN == _A_DEAD_ONE else token,
        device_id=f"demo-device-{number:08}",
        os=OS.ANDROID if number % 3 else OS.IOS,
        channels=_CHANNELS[number % len(_CHANNELS)],
        registered_at=now_ms,
    )
