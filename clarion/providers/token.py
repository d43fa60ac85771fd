"""What the token of a device must be to be registered, where an application's provider can tell."""

from __future__ import annotations

from clarion.app import App
from clarion.errors import InvalidField
from clarion.providers.address import allowed, origin


def check_token(app: App, os: str, token: str) -> None:
    """Pass when `token` can be an address of a device with that operating system, as far as `app` tells.

    Raises:
        InvalidField: it cannot; says what was expected.
    """
    if app.webpush is not None and os in app.webpush.os:
        from clarion.providers.webpush.subscription import check  # noqa: PLC0415  # only who needs it pays for it

        try:
            check(token, app.webpush.hosts)
        except ValueError as error:
            raise InvalidField("deviceToken", str(error)) from None
    elif app.wns is not None and os in app.wns.os:
        found = origin(token)
        if found is None or not allowed(found, app.wns.hosts):
            raise InvalidField("deviceToken", f"a channel URI: an https URL at {', '.join(sorted(app.wns.hosts))}")
