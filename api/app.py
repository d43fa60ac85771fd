"""The ASGI application. `granian --interface asgi --factory api.app:create_app` serves it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from api import error, health, message, progress, provider, registration, schedule, unprovided
from api.access import Callers
from api.guard import Guard
from api.remainder import Remainder
from clarion.app import App
from clarion.queue import plan_hint, render
from clarion.storage import Storage
from config.logging import configure
from config.settings import Settings, load_or_exit
from config.store import open_stores

#: How long a browser may remember that it may call, seconds.
_PREFLIGHT_S = 86_400


def create_app() -> FastAPI:
    """The application as the environment configures it; a setting that cannot be used ends the process."""
    settings, apps = load_or_exit()
    configure(settings)
    storage = open_stores(settings)
    return build(settings, apps, storage)


def build(settings: Settings, apps: Mapping[str, App], storage: Storage) -> FastAPI:
    """The application.

    Args:
        settings: where the broker is, and how often beats leave a trace.
        apps: who may call, by id.
        storage: the stores; closed when the application ends.
    """
    app = FastAPI(
        title="Clarion",
        version="1",
        summary="Push notifications over the Backendless Messaging wire.",
        redoc_url=None,
        redirect_slashes=False,  # SDKs do not follow redirects
        lifespan=_lifespan,
        # Its spans hold the request's path, and with it the API key.
        telemetry={"tracing": False, "logs": False, "metrics": False, "auto_configure": False},
    )
    app.state.storage = storage
    app.state.rescue_every_s = settings.rescue_every_s
    app.state.callers = Callers(apps.values(), storage, broker_url=settings.foreign_broker)
    # The first match serves: literal segments stand before names of channels and messages.
    for each in (health, registration, unprovided, message, progress, schedule, provider):
        app.include_router(each.router)
    error.install(app)
    app.add_middleware(Guard)
    app.add_middleware(Remainder)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["content-type", "user-token", "idempotency-key"],
        max_age=_PREFLIGHT_S,
    )
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    storage: Storage = app.state.storage
    if storage.queues_on_main:
        render(plan_hint(""), now_ms=0)  # imports Celery now, not in somebody's first publish
    try:
        yield
    finally:
        storage.close()
