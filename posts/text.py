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
_GREEK_ACCENTS = re.compile("(?<=[\u0370-\u03ff\u1f00-\u1fff])[\u0300-\u0345]+")
_GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")


def as_written(text: str) -> str:
    """Undo X's escaping of &, < and >. `&` comes last, because somebody may have typed `&lt;`."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") if "&" in text else text


def without_heaps_of_accents(text: str) -> str:
    """Keep 30 of a run of combining marks, so that normalizing a text takes time in proportion to its length."""
    return _TOO_MANY_ACCENTS.sub(r"\1", text)


def fold(text: str) -> str:
    """Return a text in the form that is used to compare posts with keywords.

    Equal are: capital and small letters, with dotted and dotless i (Turkish); full and half width; composed and
    decomposed accents; Greek with and without accents, as its capitals have none; with and without characters that
    cannot be seen (soft hyphen, joiners, marks of direction) and Arabic tatweel. Other accents count: año is not ano.
    """
    text = as_written(text)
    if text.isascii():
        return text.lower()
    text = without_heaps_of_accents(_UNSEEN.sub("", _NOT_TEXT.sub("", text)))
    text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    text = text.replace("\u0131", "i").casefold().replace("i\u0307", "i")
    if _GREEK.search(text):
        text = _GREEK_ACCENTS.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFKC", text)


# Vowel signs and accents belong to the word, though Python's \w leaves them out.
MARKS = "".join(chr(c) for c in range(0x0300, 0xFE30) if unicodedata.category(chr(c)) in ("Mn", "Mc"))
WORD = re.compile(rf"[\w{MARKS}]+")
HASHTAG = re.compile(rf"#([\w{MARKS}]+)")
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
    """Return the same with spaces around `&` and `/`."""
    return " ".join(_SPACED_SIGN.sub(r" \g<0> ", _LOOSE.sub(" ", folded)).split())
