"""Words for --search, a text, and what is found in it, the same in memory and in SQL."""

FOUND = {
    "a word": ("album", "My new Album, finally", "Album"),
    "not a part of one": ("art", "the party", None),
    "a beginning": ("climate*", "ClimateAction now", "ClimateAction"),
    "a beginning is not in the middle": ("mate*", "climate", None),
    "several words": ("new album", "a NEW\n album!", "NEW\n album"),
    "accents count": ("ano", "año", None),
    "of another alphabet": ("климат", "Наш климат!", "климат"),
    "Japanese stands within": ("新曲", "Bieberの新曲最高", "新曲"),
    "a hashtag": ("#music", "so #Music", "#Music"),
    "and no longer one": ("#music", "#musician", None),
    "signs are signs": ("c++ (2026)", "I like C++ (2026).", "C++ (2026)"),
    "what X escapes": ("R&B", "more R&amp;B please", "R&amp;B"),
}
