"""Which posts are kept: folding, word bounds, scripts without spaces, negation, settings, and the file's errors."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.load_tweet.filter import what_if
from posts import rule_text
from posts.filter import Filter, FilterDecision, apply_filter
from posts.keywords import KeywordsError, parse_keywords, read_keywords
from posts.post import ParsedPost
from tests.support import ROOT
from warehouse.settings import Settings

KEEP_ALL = Settings("p", "d", frozenset(), keep_retweets=True)


def post(text: str, *, hashtags: tuple[str, ...] = (), quoted: str = "", **columns: Any) -> ParsedPost:
    base = {"id": "1", "text": text, "hashtags": list(hashtags), "lang": "en", "retweet_of": None}
    return ParsedPost(base | columns, (), quoted, ())


MATCHES: dict[str, tuple[str, ParsedPost, tuple[str, ...]]] = {
    "a word": ("music", post("the music plays"), ("music",)),
    "case": ("Music", post("MUSIC!"), ("Music",)),
    "punctuation ends a word": ("music", post("(music)…"), ("music",)),
    "compatibility forms are the same letters": ("music", post("\uff4d\uff55\uff53\uff49\uff43"), ("music",)),
    "sharp s folds": ("straße", post("STRASSE"), ("straße",)),
    "composed and decomposed accents are the same": ("beyoncé", post("beyonce\u0301"), ("beyoncé",)),
    "a hashtag in the text": ("#nowplaying", post("so good #NowPlaying"), ("#nowplaying",)),
    "a hashtag that only the entities have": ("#x", post("cut…", hashtags=("X",)), ("#x",)),
    "a full-width hash sign": ("#音楽", post("最高 ＃音楽"), ("#音楽",)),
    "a plain word finds its hashtag": ("newmusic", post("out now", hashtags=("NewMusic",)), ("newmusic",)),
    "a phrase across spaces and punctuation": ("hip hop", post("old-school hip-hop!"), ("hip hop",)),
    "a quoted phrase": ('"one time"', post("just one  time"), ('"one time"',)),
    "a word with punctuation in it": ("r&b", post("modern R&B rules"), ("r&b",)),
    "the quoted post's text": ("music", post("look", quoted="great music"), ("music",)),
    "Japanese stands inside a run of text": ("新曲", post("彼の新曲最高"), ("新曲",)),
    "Thai as well": ("เพลง", post("ฟังเพลงใหม่"), ("เพลง",)),
    "Hindi words keep their vowel signs": ("संगीत", post("यह संगीत है"), ("संगीत",)),
    "Arabic": ("موسيقى", post("أحب موسيقى كثيرا"), ("موسيقى",)),
    "Korean is bounded by spaces": ("음악", post("음악 좋다"), ("음악",)),
    "capital dotted i": ("istanbul", post("İSTANBUL!"), ("istanbul",)),
    "small dotless i": ("ışık", post("IŞIK"), ("ışık",)),
    "dotted and dotless": ("DIYARBAKIR", post("diyarbakır"), ("DIYARBAKIR",)),
    "Greek capitals have no accents": ("μουσική", post("ΜΟΥΣΙΚΗ"), ("μουσική",)),
    "Greek, the other way": ("ΑΘΗΝΑΪΚΗ", post("αθηναϊκή"), ("ΑΘΗΝΑΪΚΗ",)),
    "a last sigma": ("ΔΡΟΜΟΣ", post("δρόμος"), ("ΔΡΟΜΟΣ",)),
    "polytonic Greek": ("μουσικη", post("μουσικὴ"), ("μουσικη",)),
    "Arabic tatweel": ("موسيقى", post("أحب موسـيـقى كثيرا"), ("موسيقى",)),
    "tatweel in the file": ("موسـيقى", post("أحب موسيقى"), ("موسـيقى",)),
    "a soft hyphen": ("music", post("mu\u00adsic"), ("music",)),
    "a soft hyphen in the file": ("mu\u00adsic", post("music"), ("mu\u00adsic",)),
    "a joiner of Persian": ("می‌خواهم", post("میخواهم"), ("می‌خواهم",)),
    "a mark of direction": ("#music", post("\u200f#mu\u200esic"), ("#music",)),
    "a hashtag in capitals": ("#istanbul", post("x", hashtags=("İstanbul",)), ("#istanbul",)),
    "a beginning": ("climate*", post("the Climates of Mars"), ("climate*",)),
    "a beginning is the word itself too": ("climate*", post("climate!"), ("climate*",)),
    "a beginning of a hashtag": ("climate*", post("x", hashtags=("ClimateAction",)), ("climate*",)),
    "a phrase and a beginning": ("climate chang*", post("Climate-changing news"), ("climate chang*",)),
    "a hashtag's beginning": ("#climate*", post("#ClimateAction now"), ("#climate*",)),
    "a German compound": ("Klimawandel*", post("Die Klimawandelleugner"), ("Klimawandel*",)),
    "a beginning with an accent": ("été*", post("étés"), ("été*",)),
    "in Japanese a star changes nothing": ("新曲*", post("彼の新曲最高"), ("新曲*",)),
    "a quoted beginning": ('"climate*"', post("climates"), ('"climate*"',)),
    "C++": ("C++", post("I write c++, and sing"), ("C++",)),
    "C++ with a number": ("C++", post("C++17"), ("C++",)),
    "C#": ("C#", post("songs in C#."), ("C#",)),
    "a leading point": (".net", post("on .NET today"), (".net",)),
    "a slash": ("AC/DC", post("AC / DC live"), ("AC/DC",)),
    "a sign for a letter": ("P!nk", post("the new p!nk album"), ("P!nk",)),
    "signs around a word": ("$uicideboy$", post("$UICIDEBOY$!!"), ("$uicideboy$",)),
    "X's entities": ("R&B", post("modern R&amp;B rules"), ("R&B",)),
    "full width signs": ("C++", post("Ｃ＋＋"), ("C++",)),
    "a point after a word is loose": ("St. Vincent", post("St Vincent tonight"), ("St. Vincent",)),
    "an apostrophe is loose": ("don't stop", post("Don’t stop!"), ("don't stop",)),
    "points within a name": ("will.i.am", post("by Will.I.Am"), ("will.i.am",)),
    "a comment after an entry": ("music # genre", post("music"), ("music",)),
    "signs in one word of several": ("Guns N' Roses & P!nk", post("guns n roses & P!nk"), ("Guns N' Roses & P!nk",)),
    "several, in the file's order": ("rock\nmusic", post("music and rock"), ("rock", "music")),
}
MISSES: dict[str, tuple[str, ParsedPost]] = {
    "a part of a word": ("art", post("party started")),
    "a word inside a hashtag": ("music", post("#musicvideo", hashtags=("musicvideo",))),
    "a hashtag keyword does not match the bare word": ("#music", post("music")),
    "a phrase in another order": ("hop hip", post("hip hop")),
    "a phrase within longer words": ("hip hop", post("ship hopper")),
    "C is not C++": ("C++", post("vitamin c")),
    "C+ is not C++": ("C+", post("C++")),
    "C# is not C#m": ("C#", post("C#m")),
    "a site is not .net": (".net", post("net, and example.net")),
    "signs are no spaces": ("AC/DC", post("ac dc")),
    "a sign left out": ("P!nk", post("p nk and pnk")),
    "points are no spaces": ("will.i.am", post("when will I am")),
    "other accents count": ("año", post("ano")),
    "Hindi: a part of a word": ("संगी", post("संगीत")),
    "a beginning in the middle": ("climate*", post("acclimate")),
    "a hashtag's beginning is no word's": ("#climate*", post("climates")),
    "a beginning of the second word": ("climate chang*", post("climate and change")),
}


@pytest.mark.parametrize(("file", "given", "matched"), MATCHES.values(), ids=MATCHES.keys())
def test_kept(file: str, given: ParsedPost, matched: tuple[str, ...]) -> None:
    assert apply_filter(given, Filter(parse_keywords(file))) == FilterDecision(None, matched)


@pytest.mark.parametrize(("file", "given"), MISSES.values(), ids=MISSES.keys())
def test_dropped(file: str, given: ParsedPost) -> None:
    assert apply_filter(given, Filter(parse_keywords(file))) == FilterDecision("no_keyword")


@pytest.mark.parametrize("file", ["", "\n\n", "# only\n#\n## comments\n"])
def test_an_empty_file_keeps_everything(file: str) -> None:
    assert apply_filter(post("anything"), Filter(parse_keywords(file))) == FilterDecision(None, ())


def test_a_missing_file_keeps_everything(tmp_path: Path) -> None:
    assert apply_filter(post("anything"), Filter(read_keywords(tmp_path / "none.txt"))) == FilterDecision(None, ())


def test_a_negated_keyword_drops_what_another_would_keep() -> None:
    keywords = parse_keywords('music\n-"cover band"\n-#ad')
    assert apply_filter(post("music by a cover band"), Filter(keywords)) == FilterDecision(
        "excluded", ('-"cover band"',)
    )
    assert apply_filter(post("music #ad"), Filter(keywords)) == FilterDecision("excluded", ("-#ad",))
    assert apply_filter(post("music"), Filter(keywords)) == FilterDecision(None, ("music",))


def test_only_negated_keywords_keep_all_the_rest() -> None:
    assert apply_filter(post("hello"), Filter(parse_keywords("-spam"))) == FilterDecision(None, ())


@pytest.mark.parametrize(
    ("settings", "given", "reason"),
    [
        (Settings("p", "d", frozenset({"en"}), keep_retweets=True), post("music", lang="es"), "language"),
        (Settings("p", "d", frozenset({"en"}), keep_retweets=True), post("music", lang=None), "language"),
        (Settings("p", "d", frozenset({"und"}), keep_retweets=True), post("music", lang=None), None),
        (Settings("p", "d", frozenset({"zh"}), keep_retweets=True), post("music", lang="zh-TW"), None),
        (Settings("p", "d", frozenset({"in"}), keep_retweets=True), post("music", lang="in"), None),
        (Settings("p", "d", frozenset(), keep_retweets=False), post("RT @a: music", retweet_of="9"), "retweet"),
        (Settings("p", "d", frozenset(), keep_retweets=False), post("music"), None),
    ],
    ids=["other language", "no language", "und", "another spelling", "X's own spelling", "retweet", "no retweet"],
)
def test_settings(settings: Settings, given: ParsedPost, reason: str | None) -> None:
    assert apply_filter(given, settings.filter(parse_keywords("music"))).reason == reason


def test_a_bad_entry_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "keywords.txt"
    file.write_text("music\n\n!!!\n")
    with pytest.raises(KeywordsError, match=r"keywords\.txt, line 3: '!!!' has no letter or digit"):
        read_keywords(file)


def test_a_hashtag_that_x_would_end_earlier_is_told() -> None:
    with pytest.raises(KeywordsError, match="line 1: '#AC/DC' has the sign / in it, where X ends a hashtag"):
        parse_keywords("#AC/DC")


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    file = tmp_path / "keywords.txt"
    file.write_bytes("música".encode("latin-1"))
    with pytest.raises(KeywordsError, match="UTF-8"):
        read_keywords(file)


def test_the_same_entry_twice_is_one() -> None:
    assert len(parse_keywords("Music\nmusic\n#music").keep) == 2


def test_the_shipped_file_reads() -> None:
    shipped = read_keywords(ROOT / "functions/load_tweet/keywords.music.txt")
    assert len(shipped.keep) == 34
    assert shipped.drop == ()


SUBTLE = {
    "a hashtag of vowel signs": ("#संगीत", post("नया #संगीत"), True),
    "and not its first letter": ("#स", post("नया #संगीत"), False),
    "Thai": ("#ที่รัก", post("เพลง #ที่รัก"), True),
    "X escapes the ampersand": ("r&b", post("modern R&amp;B rules"), True),
    "a sign that NFKC makes letters of": ("nike", post("Nike™ shoes"), True),
    "a heart in colour": ("love music", post("love \u2764\ufe0f music"), True),
    "a heart in black": ("love music", post("love \u2764 music"), True),
}


@pytest.mark.parametrize(("file", "given", "kept"), SUBTLE.values(), ids=SUBTLE.keys())
def test_words_are_compared_as_people_read_them(file: str, given: ParsedPost, kept: bool) -> None:
    assert (apply_filter(given, Filter(parse_keywords(file))).reason is None) == kept


def test_a_hashtag_with_a_space_is_an_error_with_its_line() -> None:
    with pytest.raises(KeywordsError, match="line 2: '#nowplaying music' is a hashtag with a space"):
        parse_keywords("music\n#nowplaying music")


@pytest.mark.parametrize("entry", ["*", "a*", "#*", "C++*", "r&b*", "-*"])
def test_a_star_without_the_beginning_of_a_word_is_told(entry: str) -> None:
    with pytest.raises(KeywordsError, match=r"line 2: .* is to match beginnings of words"):
        parse_keywords(f"music\n{entry}")


def test_what_x_s_rules_cannot_say_is_not_put_into_one() -> None:
    """A beginning that keeps posts has no place in a rule, and one that drops is left to the filter."""
    file = parse_keywords("music\nclimate*\n-hoax*\n-spam")
    assert rule_text.unsupported_entries(file) == ["climate*"]
    assert rule_text.rule_clause(parse_keywords("music\n-hoax*\n-spam")) == "(music) -spam"
    lines = what_if.report(what_if.WhatIf(), file, datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
    assert lines[-1] == "X's rules have no *: climate* cannot be said there. Write the words out, and ask again."
