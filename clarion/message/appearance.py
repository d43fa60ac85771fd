"""How a message looks on a device: one form for every provider, and headers that say the same in Backendless' words.

A header of a device's own system (`ios-alert-title`) wins over the form; the form wins over the message itself.
"""

from __future__ import annotations

import unicodedata

import msgspec

_JOINER = "\u200d"
_SKIN_TONES = ("\U0001f3fb", "\U0001f3ff")


class Button(msgspec.Struct, frozen=True, omit_defaults=True):
    """A button under a message.

    Attributes:
        id: what the app is told when it is pressed.
        title: what stands on it.
        url: what it opens; None is the app.
    """

    id: str
    title: str
    url: str | None = None


class Appearance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is shown, heard, and handed to the app. None leaves it to the device.

    Attributes:
        title, subtitle, body: the texts; a body of None is the message itself.
        image: URL of a picture.
        sound: a sound's name; `default` is the device's own.
        badge: the number on the app's icon; 0 takes it away.
        click_action: a URL, or the name of an action the app knows.
        data: pairs for the app.
        buttons: two are shown everywhere where buttons are, more where there is room.
        time_sensitive: it breaks through where the user allows that.
        silent: nothing is shown or heard; the app wakes and works.
        truncate: a text that is too long for a provider is cut; else such a message is refused.
    """

    title: str | None = None
    subtitle: str | None = None
    body: str | None = None
    image: str | None = None
    sound: str | None = None
    badge: int | None = None
    click_action: str | None = None
    data: dict[str, str] = {}
    buttons: tuple[Button, ...] = ()
    time_sensitive: bool = False
    silent: bool = False
    truncate: bool = False

    def cut(self, length: int, ending: str) -> Appearance:
        """The same with `length` characters of its body at most, and an ending; an accent or emoji is never split."""
        body = self.body or ""
        while 0 < length < len(body) and (_clings(body[length]) or body[length - 1] == _JOINER):
            length -= 1
        return msgspec.structs.replace(self, body=body[:length] + ending)


#: Nothing is said of the looks: the message itself is shown.
PLAIN = Appearance()


def _clings(char: str) -> bool:
    """Whether a character is drawn as one with the character before it: an accent, a variation, a joiner, a skin."""
    return char == _JOINER or unicodedata.category(char)[0] == "M" or _SKIN_TONES[0] <= char <= _SKIN_TONES[1]
