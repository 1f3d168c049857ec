"""Texts as X sends them, made into texts as people wrote them, and into the form in which two texts are compared."""

import re
import unicodedata

# Signs that NFKC would make letters of (Nike™), and those that only choose how the one before looks (❤️)
_NOT_TEXT = re.compile("[™℠®©\ufe00-\ufe0f]")
# Characters of format, which cannot be seen, and tatweel, which stretches an Arabic word and says nothing
_UNSEEN = re.compile(
    f"[\u0640{''.join(chr(c) for c in (*range(0x10000), *range(0xE0000, 0xE0080)) if unicodedata.category(chr(c)) == 'Cf')}]"
)
# Sorting a run of accents takes the square of its length. Unicode's stream-safe format has at most 30 (UAX 15, section 13).
_ACCENTS = "".join(chr(c) for c in (*range(0x300, 0x10000), *range(0x10000, 0x1F000)) if unicodedata.combining(chr(c)))
_TOO_MANY_ACCENTS = re.compile(f"([{_ACCENTS}]{{30}})[{_ACCENTS}]+")
_PIECE = re.compile(f".[{_ACCENTS}\u1160-\u11ff\ufe00-\ufe0f\u200d\uff9e\uff9f]*", re.DOTALL)  # what is folded together
_NAME_OR_LINK = re.compile(r"(?<!\w)[@＠]\w+|\b(?:https?://|www\.)\S+", re.IGNORECASE)
_GREEK_ACCENTS = re.compile("(?<=[\u0370-\u03ff\u1f00-\u1fff])[\u0300-\u0345]+")
_GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")


_APOSTROPHE = re.compile("[\u2018\u2019\u02bc]")
_QUOTE = re.compile("[\u201a-\u201f\u00ab\u00bb\u2039\u203a]")
_DASH = re.compile("[\u2010-\u2015]")


def as_written(text: str) -> str:
    """Undo X's escaping of &, < and >. `&` comes last, because somebody may have typed `&lt;`."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") if "&" in text else text


def limit_accents(text: str) -> str:
    """Keep 30 of a run of combining marks, so that normalizing a text takes time in proportion to its length."""
    return _TOO_MANY_ACCENTS.sub(r"\1", text)


def fold(text: str) -> str:
    """Return a text in the form in which texts are compared: by the filter, searches, and counts of words and hashtags.

    Equal are: capital and small letters, with dotted and dotless i (Turkish); full and half width; composed and
    decomposed accents; Greek with and without accents, as its capitals have none; typewriter's and typographic apostrophes; with and
    without characters that cannot be seen (soft hyphen, joiners, marks of direction) and Arabic tatweel. Other accents count: año is
    not ano. reports/questions/shared/macros/folded.sql says the same to BigQuery.
    """
    text = as_written(text)
    if text.isascii():
        return text.lower()
    text = _APOSTROPHE.sub("'", text)
    text = limit_accents(_UNSEEN.sub("", _NOT_TEXT.sub("", text)))
    text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    text = text.replace("\u0131", "i").casefold().replace("i\u0307", "i")
    if _GREEK.search(text):
        text = _GREEK_ACCENTS.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFKC", text)


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """Return a text as `fold` has it, and for each of its characters where it stands in `text`; the list's last item is the end.

    Raises nothing. `text` is as people wrote it (`as_written`).
    """
    folded: list[str] = []
    places: list[int] = []
    for piece in _PIECE.finditer(text):
        form = fold(piece[0])
        folded.append(form)
        places += [piece.start()] * len(form)
    return "".join(folded), [*places, len(text)]


def for_scoring(text: str) -> str:
    """Return a text as a lexicon of words and emoji reads it: as its author wrote it, with a typewriter's signs.

    Without names and links, which say nothing about how the author feels, and without U+FE0F, which lexicons leave out.
    """
    text = as_written(text)
    if text.isascii():
        return _NAME_OR_LINK.sub(" ", text) if "@" in text or "://" in text or "www." in text.lower() else text
    text = _NAME_OR_LINK.sub(" ", text.replace("\ufe0f", "").replace("…", "..."))
    return _DASH.sub("-", _QUOTE.sub('"', _APOSTROPHE.sub("'", text)))


# Vowel signs and accents belong to the word, though Python's \w leaves them out.
MARKS = "".join(chr(c) for c in range(0x0300, 0xFE30) if unicodedata.category(chr(c)) in ("Mn", "Mc"))
WORD = re.compile(rf"[\w{MARKS}]+")
# https://github.com/twitter/twitter-text, hashtagSpecialChars: what may stand in a hashtag beside letters, marks and digits
HASHTAG_SIGNS = "_\u200c\u200d\ua67e\u05be\u05f3\u05f4\uff5e\u301c\u309b\u309c\u30a0\u30fb\u3003\u0f0b\u0f0c\u00b7"
HASHTAG_AS_WRITTEN = re.compile(
    rf"(?<![\w&])[#＃](?=[\d_]*[^\W\d_])[\w{MARKS}{HASHTAG_SIGNS}]+"
)  # digits alone are none
HASHTAG = re.compile(rf"#([\w{MARKS}{HASHTAG_SIGNS}]+)")  # of a text that is folded
LETTER = re.compile(rf"[\w{MARKS}]")
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
# What people write or leave out as they like between words (hip-hop, St. Vincent, don't): it counts as a space.
_LOOSE = re.compile(r"[\s,;:'\"\u2018-\u201f()\[\]{}«»¿¡\u2010-\u2015-]+|\.(?=\s|$)|(?<=\s)\.(?=\s)")
_SPACED_SIGN = re.compile("[&/]")  # written with spaces around them or without: R & B


def without_loose_signs(folded: str) -> str:
    """Return a text in which signs that people write or leave out as they like are spaces, and spaces are single."""
    return " ".join(_LOOSE.sub(" ", folded).split())


def evenly_spaced(folded: str) -> str:
    """Return what `without_loose_signs` returns, with spaces around `&` and `/`."""
    return " ".join(_SPACED_SIGN.sub(r" \g<0> ", _LOOSE.sub(" ", folded)).split())
