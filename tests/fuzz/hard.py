"""Pieces of text that are hard on parsers and regular expressions, by what they are."""

HARD = {
    "spaces": " ", "letters": "a", "at signs": "@", "hashes": "#", "at signs and letters": "@a", "hashes and letters": "#a ",
    "retweet marks": "RT @a: ", "links": "https://t.co/a", "half links": "http://", "emoji in families": "👨‍👩‍👧‍👦", "joiners": "\u200d",
    "combining marks": "e\u0301\u0323", "right-to-left marks": "\u202e\u200f", "hiragana": "あ", "capital sharp s": "ẞ", "dotted i": "İ",
    "quotes": "\"'", "brackets": "([{", "backslashes": "\\\\", "line breaks": "\n\r", "zeros": "\x00", "words": "album songs ",
    "exclamations": "!!!???", "negations": "not never no n't ", "hyphens": "-_-", "full stops": ". . . ",
}  # fmt: skip
