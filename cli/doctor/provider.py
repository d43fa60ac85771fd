"""The providers: key files load, TLS to the endpoint works, an access token can be had, nothing is parked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import httpx

from clarion.app import App, FCMCredential
from clarion.delivery.bearer import parked
from clarion.errors import Misconfigured
from clarion.providers.base import Provider
from clarion.providers.catalog import providers
from clarion.storage import Storage
from cli.doctor.finding import Finding, fail, ok, warn

_TIMEOUT_S = 10.0


def check_app(app: App, clock: Callable[[], int]) -> Iterator[Finding]:
    """Look at every provider of an application; `clock` gives epoch milliseconds. Sends no message."""
    try:
        configured = providers(app)
    except Misconfigured as error:
        yield fail(f"{app.id}: credentials", error.message, "Download the key file again from the provider's console.")
        return
    if not configured:
        advice = "Give it one in the apps file, such as [apps.<id>.fcm]; its devices cannot be reached."
        yield warn(f"{app.id}: credentials", "no provider", advice)
    if app.fcm is not None:
        yield check_endpoint(app.id, app.fcm)
    for provider, systems in _distinct(configured):
        check = f"{app.id}: {provider.name}"
        yield ok(f"{check} credential", f"{provider.credential}, for {', '.join(systems)}")
        yield check_bearer(check, provider, clock)


def _distinct(configured: dict[str, Provider]) -> Iterable[tuple[Provider, list[str]]]:
    by_provider: dict[Provider, list[str]] = {}
    for os, provider in sorted(configured.items()):
        by_provider.setdefault(provider, []).append(os)
    return by_provider.items()


def check_endpoint(app: str, credential: FCMCredential) -> Finding:
    """Whether the endpoint answers, over TLS that we trust. What it answers does not matter."""
    check = f"{app}: fcm endpoint"
    trust = True if credential.ca_bundle is None else httpx.create_ssl_context(verify=str(credential.ca_bundle))
    try:
        with httpx.Client(verify=trust, timeout=_TIMEOUT_S, trust_env=False) as client:  # as workers connect
            client.get(credential.endpoint)
    except httpx.HTTPError as error:
        advice = "Is the endpoint right, does a firewall stand between, does ca_bundle hold its authority?"
        return fail(check, f"{credential.endpoint}: {error or type(error).__name__}", advice)
    return ok(check, f"{credential.endpoint} answers")


def check_bearer(check: str, provider: Provider, clock: Callable[[], int]) -> Finding:
    """Whether an access token can be had; it is thrown away."""
    check = f"{check} access token"
    try:
        bearer = provider.fetch_bearer(now_ms=clock())
    except Misconfigured as error:
        return fail(check, error.message, "Is the service account enabled, and is this clock right?")
    except OSError as error:
        return fail(check, str(error), "Can this machine reach the token endpoint named in the key file?")
    return ok(check, f"fetched, good for {(bearer.expires_ms - clock()) / 60_000:.0f} minutes")


def check_parked(storage: Storage, app: App) -> Iterator[Finding]:
    """Credentials that the fleet sends nothing with for now, because the provider refused them."""
    try:
        configured = providers(app)
    except Misconfigured:
        return  # said by `check_app`
    for provider, _ in _distinct(configured):
        held = parked(storage, provider)
        if held is not None:
            said = f"refused by the provider ({held[0]}); nothing is sent for another {held[1] / 1000:.0f} s"
            yield fail(f"{app.id}: {provider.name} in use", said, "Mend the credential; delivery then goes on.")
