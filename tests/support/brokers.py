"""The two brokers that are tested with the Pub/Sub contract: ours always, Google's in scripts/test all."""

import pytest

from local.emulators.pubsub import emulator
from tests.support.tiers import needs

needs_emulator = needs(
    "pubsub-emulator", emulator.is_installed(), "Google's Pub/Sub emulator, and java, are not installed"
)
BROKERS = ["embedded", pytest.param("emulator", marks=[needs_emulator, pytest.mark.slow])]
