"""The XML of toasts, tiles and badges. Text enters it through ElementTree only, which escapes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

from clarion.message.appearance import Appearance, Button

#: Windows shows five buttons of a toast.
BUTTONS_MAX = 5
#: The pictures that a badge may be instead of a number.
GLYPHS = frozenset(
    {
        "none",
        "activity",
        "alarm",
        "alert",
        "attention",
        "available",
        "away",
        "busy",
        "error",
        "newMessage",
        "paused",
        "playing",
        "unavailable",
    }
)
_SYSTEM_SOUNDS = re.compile(r"Default|IM|Mail|Reminder|SMS|Looping\.(Alarm|Call)\d{0,2}")
_URL = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
_LINK = re.compile("[A-Za-z][A-Za-z0-9+.-]*://")
#: What XML 1.0 cannot say at all, not even escaped.
_UNSAYABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def toast(shown: Appearance, arguments: Mapping[str, str]) -> bytes:
    """A toast; `arguments` is what the app is told when it is touched, or one of its buttons."""
    root = Element("toast", _activation(shown.click_action, arguments))
    if shown.time_sensitive:
        root.set("scenario", "urgent")
    binding = SubElement(SubElement(root, "visual"), "binding", template="ToastGeneric")
    _texts(binding, (shown.title, shown.subtitle, shown.body))
    if shown.image:
        SubElement(binding, "image", placement="hero", src=clean(shown.image))
    if shown.buttons:
        actions = SubElement(root, "actions")
        for button in shown.buttons[:BUTTONS_MAX]:
            SubElement(actions, "action", _action(button, arguments))
    if shown.sound and shown.sound != "default":
        SubElement(root, "audio", src=_sound(clean(shown.sound)))
    return _written(root)


def tile(shown: Appearance, peek: str | None, more: Iterable[str | None]) -> bytes:
    """A tile in two sizes; `peek` is a picture that slides in, `more` are lines that only the wide one has."""
    root = Element("tile")
    visual = SubElement(root, "visual")
    for template, lines in (("TileMedium", ()), ("TileWide", tuple(more))):
        binding = SubElement(visual, "binding", template=template)
        for placement, source in (("background", shown.image), ("peek", peek)):
            if source:
                SubElement(binding, "image", placement=placement, src=clean(source))
        _texts(binding, (shown.title, shown.subtitle, shown.body, *lines), {"hint-wrap": "true"})
    return _written(root)


def badge(value: str) -> bytes:
    """A badge: a number, where 0 takes it away, or one of the glyphs."""
    return _written(Element("badge", value=value))


def clean(text: str) -> str:
    """Text without the characters that no XML document can have."""
    return _UNSAYABLE.sub("", text)


def spell(arguments: Mapping[str, str]) -> str:
    """Pairs as `key=value;…`, the form that Windows' own libraries read."""
    return ";".join(f"{_escape(name)}={_escape(value)}" for name, value in arguments.items())


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace(";", "%3B").replace("=", "%3D")


def _activation(target: str | None, arguments: Mapping[str, str]) -> dict[str, str]:
    if target and _LINK.match(target):
        return {"activationType": "protocol", "launch": clean(target)}
    return {"launch": clean(spell(dict(arguments) | ({"action": target} if target else {})))}


def _action(button: Button, arguments: Mapping[str, str]) -> dict[str, str]:
    told = {"content": clean(button.title)}
    if button.url and _LINK.match(button.url):
        return told | {"activationType": "protocol", "arguments": clean(button.url)}
    return told | {"arguments": clean(spell(dict(arguments) | {"action": button.id}))}


def _sound(name: str) -> str:
    """A sound by its address, by its name in Windows, or as a file of the app's package."""
    if _URL.match(name):
        return name
    return f"ms-winsoundevent:Notification.{name}" if _SYSTEM_SOUNDS.fullmatch(name) else f"ms-appx:///{name}"


def _texts(binding: Element, texts: Iterable[str | None], hints: Mapping[str, str] = {}) -> None:
    for text in texts:
        if text:
            SubElement(binding, "text", dict(hints)).text = clean(text)


def _written(root: Element) -> bytes:
    return tostring(root, encoding="unicode").encode()
