"""How long the ingester waits between two connects, in the loop that holds the stream. Times are simulated."""

from ingester.x.disconnect import Disconnect, DisconnectKind

from .faults import Step, close
from .sequences import quiet
from .world import World

_CUT_AT, _REFUSALS = 1_800.0, 4


def test_after_a_good_connection_the_waits_for_an_answer_of_x_begin_anew() -> None:
    refused_at: list[float] = []
    with quiet():
        world = World("reconnects", rate=1.0)

        def refuse() -> Disconnect:
            refused_at.append(world.loop.now)
            return Disconnect(DisconnectKind.HTTP, status=503, reason="HTTP 503")

        def cut() -> None:
            world.x.connect_faults.extend([refuse] * _REFUSALS)
            close(world, Step(_CUT_AT, "close"))

        world.x.begin()
        world.start()
        world.loop.call_later(_CUT_AT, cut)
        world.run_until(_CUT_AT + 600.0, lambda: len(refused_at) == _REFUSALS)
        waits = [later - earlier for earlier, later in zip([_CUT_AT, *refused_at], refused_at, strict=False)]
        assert waits[0] < 1.0, "the first connect is at once"
        assert [5.0 <= waits[1] < 7.0, 10.0 <= waits[2] < 13.0, 20.0 <= waits[3] < 25.0] == [True] * 3, waits
        world.close()
