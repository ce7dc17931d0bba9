from __future__ import annotations

import warnings

import pytest

from tests.integration.ingest.conftest import ctx, server

__all__ = ["ctx", "server"]


@pytest.fixture(scope="session", autouse=True)
def engine() -> None:
    """What the engine's own modules warn of while being imported is not ours to mend."""
    import expectations

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expectations.warm()
