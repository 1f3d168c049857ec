"""Sequences that once broke a promise, each shrunk to the faults that matter: (seed, steps)."""

from .faults import Step

FOUND: dict[str, tuple[str, list[Step]]] = {
    "a process that was frozen learns of an ending before it learns that it was frozen": (
        "7",
        [Step(16_000.471, "freeze", 1_500.0), Step(16_114.583, "close")],
    ),
    "a stall that a refused connect cuts short": (
        "68",
        [Step(7_160.28, "stall"), Step(7_990.679, "refused_503", number=4)],
    ),
    "a stall that a silence cuts short": (
        "84",
        [Step(11_920.71, "stall"), Step(12_649.446, "silence")],
    ),
    "a stall in a pause: what is read afterwards is old": (
        "1796",
        [Step(14_405.558, "freeze", 1_500.0, 3), Step(15_262.803, "stall", 20.0, 5)],
    ),
    "the clock is set back an hour, and then the stream stalls": (
        "292",
        [Step(2_799.999, "clock_set", 150.0, 5), Step(2_858.972, "stall", 400.0, 3)],
    ),
    "a fatal answer while BigQuery does not take the row that remembers it": (
        "45",
        [Step(15_090.147, "ledger_away", 1_500.0, 6), Step(16_515.702, "no_credits", 1_500.0, 5)],
    ),
    "somebody's rule brings posts into a gap whose counts have none of them": (
        "96",
        [Step(4_409.326, "rule_added", 1_500.0, 2), Step(4_415.032, "silence", 400.0, 5)],
    ),
    "posts that were read late, and killed before Pub/Sub had them": (
        "938",
        [Step(8_846.697, "freeze", 150.0, 3), Step(8_873.341, "pubsub_away_and_killed", 150.0, 27)],
    ),
    "one that was frozen for long finds another that connected long ago": (
        "9",
        [
            Step(1_175.546, "freeze", 2.0, 1),
            Step(1_179.664, "freeze", 1_500.0, 5),
            Step(1_483.501, "rotate_while_the_secret_is_away", 20.0, 1),
            Step(1_686.715, "second_one"),
        ],
    ),
    "two that never get to their first byte, because one has the other's connection cleared": (
        "728",
        [
            Step(1_095.273, "silence", 75.0, 4),
            Step(1_122.498, "kill_while_it_reconnects", 2.0, 15),
            Step(2_727.16, "ledger_away", 400.0, 3),
            Step(3_026.893, "second_one"),
        ],
    ),
    "one that was frozen finds another that is between two connections": (
        "200945",
        [
            Step(11_263.296, "flapping", 75.0, 2),
            Step(11_425.024, "freeze", 400.0, 6),
            Step(11_611.279, "second_one"),
        ],
    ),
    "a rotated token under a stream that goes on: the looks at the rules are refused for hours, and then somebody takes the rules away": (
        "410",
        [
            Step(494.343, "forgotten_while_frozen", 1_500.0, 1),
            Step(4_033.154, "rotate_while_a_gap_is_filled", 150.0, 4),
            Step(21_203.148, "rules_gone", 150.0, 6),
        ],
    ),
    "of three gaps, the one that began last ended first": (
        "310186",
        [
            Step(5_601.987, "pubsub_away_and_stopped", 20.0, 5),
            Step(5_634.294, "reset_amid_late_posts", 150.0, 5),
            Step(5_696.822, "rotate_while_a_gap_is_filled", 1_500.0, 6),
        ],
    ),
    "one that was frozen has a newcomer's connection cleared again and again, before its first byte": (
        "407429",
        [
            Step(447.108, "freeze", 1_500.0, 6),
            Step(2_086.254, "rotate_while_a_gap_is_filled", 400.0, 2),
            Step(2_100.092, "freeze", 1_500.0, 6),
            Step(3_587.108, "second_one"),
        ],
    ),
    "one that was frozen publishes a retweet from its buffer that its successor has counted as missing": (
        "411352",
        [
            Step(18_477.51, "pubsub_away_and_stopped", 20.0, 2),
            Step(19_928.022, "freeze", 1_500.0, 4),
            Step(19_951.305, "rotate_while_a_gap_is_filled", 75.0, 3),
            Step(20_428.003, "second_one"),
        ],
    ),
    "an answer of X's that is read after a freeze has an old Date": (
        "415967",
        [
            Step(2_019.512, "calls_fail", 2.0, 1),
            Step(2_042.425, "reset_amid_late_posts", 150.0, 6),
            Step(3_704.829, "disconnect", 20.0, 2),
            Step(3_709.869, "calls_fail", 150.0, 5),
            Step(10_952.641, "pubsub_away_and_killed", 20.0, 23),
            Step(12_224.88, "kill_while_it_reconnects", 150.0, 5),
            Step(12_246.702, "freeze", 150.0, 2),
        ],
    ),
    "somebody's rule is added while a stop is in force": (
        "35",
        [Step(1_044.329, "forbidden", 1_500.0, 3), Step(1_060.396, "rule_added", 1_500.0, 5)],
    ),
    "somebody takes rules away, and the process is stopped before it notices": (
        "72156",
        [
            Step(1_476.976, "second_one"),
            Step(5_473.238, "refused_network", 2.0, 2),
            Step(19_914.499, "rules_replaced", 400.0, 5),
            Step(19_943.861, "calls_fail", 400.0, 2),
            Step(19_982.692, "pubsub_away_and_stopped", 2.0, 2),
        ],
    ),
}
