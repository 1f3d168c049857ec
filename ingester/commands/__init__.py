"""What a person runs by hand: rules, search, replays. Each says what it will do, and what it costs, before it does it."""
