"""A device as it is stored: MessagePack, packed tight, because there are millions of them.

The operating system is its `PushBroadcast` bit, a device id that is a UUID is its 16 bytes, and fields that most
devices leave empty come last and are left out. What is packed stays packed until somebody asks for it.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from clarion.message.option import PushBroadcast
from clarion.registry.device import OS, Device

# What a packed device id starts with: how to write out the 16 bytes that follow, or that it is text.
_LOWER, _UPPER, _TEXT = b"\x00", b"\x01", b"\x02"
_CASES = (
    (_LOWER, re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch),
    (_UPPER, re.compile("[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}").fullmatch),
)
_UUID_LENGTH = 36

_CODES = {os: int(PushBroadcast[os.name]) for os in OS}
_SYSTEMS = {code: os for os, code in _CODES.items()}


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A stored device; answers to the same names as `Device`. New fields are appended, with a default."""

    token: str
    packed_id: bytes
    code: int
    os_version: str
    channels: tuple[str, ...]
    registered_at: int
    expires_at: int | None = None
    user_id: str | None = None
    properties: dict[str, Any] = {}
    environment: str | None = None
    zone: str | None = None

    @property
    def device_id(self) -> str:
        """The app's name for the device."""
        return unpack_id(self.packed_id)

    @property
    def os(self) -> OS:
        """The operating system."""
        return _SYSTEMS[self.code]

    def device(self) -> Device:
        """The device, unpacked."""
        return Device(
            self.token,
            unpack_id(self.packed_id),
            _SYSTEMS[self.code],
            self.os_version,
            self.channels,
            self.registered_at,
            self.expires_at,
            self.user_id,
            self.properties,
            self.environment,
            self.zone,
        )


_encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Record).decode


def encode(device: Device) -> bytes:
    """The stored form; `decode` reads it."""
    head = (
        device.token,
        pack_id(device.device_id),
        _CODES[device.os],
        device.os_version,
        device.channels,
        device.registered_at,
    )
    if device.zone is not None:
        return _encode((*head, device.expires_at, device.user_id, device.properties, device.environment, device.zone))
    if device.environment is not None:
        return _encode((*head, device.expires_at, device.user_id, device.properties, device.environment))
    if device.expires_at is None and device.user_id is None and not device.properties:
        return _encode(head)
    return _encode((*head, device.expires_at, device.user_id, device.properties))


def pack_id(device_id: str) -> bytes:
    """The shortest form of a device id, without loss."""
    if len(device_id) == _UUID_LENGTH:
        for prefix, is_uuid in _CASES:
            if is_uuid(device_id):
                return prefix + bytes.fromhex(device_id.replace("-", ""))
    return _TEXT + device_id.encode()


def unpack_id(packed: bytes) -> str:
    """The device id that `pack_id` packed."""
    if packed[0] == _TEXT[0]:
        return packed[1:].decode()
    digits = packed[1:].hex()
    text = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    return text if packed[0] == _LOWER[0] else text.upper()
