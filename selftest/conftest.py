"""No test signs with the key of whoever runs the tests, nor makes one in their home, nor rests on how the tests were started."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    state = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(state))
        patch.delenv("ORDINANCE_SIGNING_KEY", raising=False)
        yield state


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Let what the tests start be interrupted: what a shell runs in its background is deaf to Ctrl-C, and hands that on."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
