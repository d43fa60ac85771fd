from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator

import pytest

from clarion.delivery.engine import Engine, EngineOptions, make_engine
from tests.contract.engine.certificate import Authority, new_authority, server_context

MakeEngine = Callable[..., Engine]


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    return new_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def context(authority) -> ssl.SSLContext:
    return server_context(authority, "127.0.0.1")


@pytest.fixture(params=["http2", "curl", "portable"])
def kind(request) -> str:
    return request.param


@pytest.fixture
def make(kind, authority) -> Iterator[MakeEngine]:
    """Makes engines of the kind under test that trust the test authority; closes them afterwards."""
    engines = []

    def make_one(**options) -> Engine:
        engine = make_engine(EngineOptions(**{"ca_bundle": authority.bundle, **options}), kind)
        engines.append(engine)
        return engine

    yield make_one
    for engine in engines:
        engine.close()
