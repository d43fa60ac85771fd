"""Every provider that the simulator plays, and how it starts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from simulator.apns.opening import open_apns
from simulator.fcm.opening import open_fcm
from simulator.hms.opening import open_hms
from simulator.opening import Opening
from simulator.webpush.opening import open_webpush
from simulator.wns.opening import open_wns

#: Name -> opens its ports, writes its key files, and returns what a sender must know: addresses, paths, ids.
PROVIDERS: dict[str, Callable[[Opening], Awaitable[dict[str, object]]]] = {
    "fcm": open_fcm,
    "webpush": open_webpush,
    "apns": open_apns,
    "wns": open_wns,
    "hms": open_hms,
}
