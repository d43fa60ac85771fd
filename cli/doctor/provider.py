"""The providers: key files load, TLS to the endpoint works, an access token can be had, nothing is parked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import httpx

from clarion.app import App
from clarion.errors import Misconfigured
from clarion.providers.base import Provider
from clarion.providers.catalog import providers
from clarion.standing import State, standings
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
    for name, endpoint, ca_bundle in _endpoints(app):
        yield check_endpoint(f"{app.id}: {name} endpoint", endpoint, ca_bundle)
    for provider, systems in _distinct(configured):
        check = f"{app.id}: {provider.name}"
        yield ok(f"{check} credential", f"{provider.credential}, for {', '.join(systems)}")
        if not provider.signs_itself:
            yield check_bearer(check, provider, clock)


def _endpoints(app: App) -> Iterator[tuple[str, str, Path | None]]:
    """Where providers are sent to, for those that have one place."""
    if app.fcm is not None:
        yield "fcm", app.fcm.endpoint, app.fcm.ca_bundle
    if app.apns is not None:
        yield "apns", app.apns.endpoint, app.apns.ca_bundle
        yield "apns sandbox", app.apns.sandbox_endpoint, app.apns.ca_bundle
    if app.hms is not None:
        yield "hms", app.hms.endpoint, app.hms.ca_bundle


def _distinct(configured: dict[str, Provider]) -> Iterable[tuple[Provider, list[str]]]:
    by_provider: dict[Provider, list[str]] = {}
    for os, provider in sorted(configured.items()):
        by_provider.setdefault(provider, []).append(os)
    return by_provider.items()


def check_endpoint(check: str, endpoint: str, ca_bundle: Path | None) -> Finding:
    """Whether an endpoint answers, over TLS that we trust. What it answers does not matter."""
    trust = True if ca_bundle is None else httpx.create_ssl_context(verify=str(ca_bundle))
    try:
        with httpx.Client(
            http2=True, verify=trust, timeout=_TIMEOUT_S, trust_env=False
        ) as client:  # as workers connect
            client.get(endpoint)
    except httpx.HTTPError as error:
        advice = "Is the endpoint right, does a firewall stand between, does ca_bundle hold its authority?"
        return fail(check, f"{endpoint}: {error or type(error).__name__}", advice)
    return ok(check, f"{endpoint} answers")


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


def check_gates(storage: Storage, app: App) -> Iterator[Finding]:
    """Credentials that the fleet sends nothing with for now."""
    for each in standings(storage, app.id):
        check = f"{app.id}: {each.provider} in use"
        if each.state is State.PARKED:
            advice = "Mend the credential; delivery then goes on. `clarion providers` tells more."
            yield fail(check, f"refused by the provider ({each.reason}); nothing is sent with it", advice)
        elif each.state is not State.OPEN:
            yield warn(check, f"{each.state}: {each.reason}", "It goes on by itself; `clarion providers` tells when.")
