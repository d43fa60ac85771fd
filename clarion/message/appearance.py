"""How a message looks on a device: one form for every provider, and headers that say the same in Backendless' words.

A header of a device's own system (`ios-alert-title`) wins over the form; the form wins over the message itself.
"""

from __future__ import annotations

import re
import unicodedata

import msgspec

_JOINER = "\u200d"
#: What is drawn as one with the character before it, beside accents: joiners, skin tones, the letters of flags, vowels
#: and ends of Hangul syllables, and the vowels and sound marks that are letters to Unicode.
_is_clinging = re.compile(
    "[\u200c\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"
    "\u1160-\u11ff\ud7b0-\ud7c6\ud7cb-\ud7fb\u0e33\u0eb3\uff9e\uff9f]"
).match
#: Half of a flag.
_is_indicator = re.compile("[\U0001f1e6-\U0001f1ff]").match
#: The combining class of what joins two letters of an Indic script into one.
_VIRAMA = 9


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
        """The same with `length` characters of its body at most, and an ending; what is drawn as one is never split."""
        body = self.body or ""
        while 0 < length < len(body) and _is_one(body, length):
            length -= 1
        return msgspec.structs.replace(self, body=body[:length] + ending)


#: Nothing is said of the looks: the message itself is shown.
PLAIN = Appearance()


def _is_one(text: str, at: int) -> bool:
    """Whether the characters before and behind a place are drawn as one, or end a line together."""
    before, behind = text[at - 1], text[at]
    category = unicodedata.category(behind)[0]
    return (
        category == "M"
        or before == _JOINER
        or _is_clinging(behind) is not None
        or (category == "L" and unicodedata.combining(before) == _VIRAMA)
        or (before == "\r" and behind == "\n")
        or (_is_indicator(behind) is not None and _indicators(text, at) % 2 == 1)
    )


def _indicators(text: str, at: int) -> int:
    """How many halves of flags there are in a row before a place: two make one flag."""
    start = at
    while start and _is_indicator(text[start - 1]):
        start -= 1
    return at - start
