"""How texts sound: what is scored, in which languages, and that the scores are those that a reader expects."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from posts.sentiment import CHOICES, Scorer, accuracy, add_scores, lexicon, scorer
from posts.sentiment.lexicon import score
from posts.sentiment.scale import NEGATIVE, POSITIVE
from posts.sentiment.vectors import LANGUAGES, Head, Multilingual, _bounded, calibrated

_FILE = Path(__file__).with_name(
    "labelled_posts.tsv"
)  # written for this test: eight positive, four neutral and eight negative a language
_LINES = [line.split("\t") for line in _FILE.read_text(encoding="utf-8").splitlines()]
LABELLED: dict[str, list[tuple[str, str]]] = {
    lang: [(label, text) for other, label, text in _LINES if other == lang] for lang, _, _ in _LINES
}


@pytest.fixture(scope="module")
def multilingual() -> Scorer:
    return scorer("multilingual")


def test_there_are_labelled_posts_in_every_language_that_is_scored() -> None:
    assert {lang: len(posts) for lang, posts in LABELLED.items()} == dict.fromkeys(LANGUAGES, 20)


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
def test_plain_sentences_are_scored_as_a_reader_expects(multilingual: Scorer, lang: str) -> None:
    values: dict[str, list[float]] = defaultdict(list)
    scores = multilingual.scores([(text, lang) for _, text in LABELLED[lang]])
    for (label, _), value in zip(LABELLED[lang], scores, strict=True):
        assert value is not None
        assert -1 <= value <= 1
        values[label].append(value)
    signs = [value > 0 for value in values["+"]] + [value < 0 for value in values["-"]]
    assert sum(signs) >= 15, "of 16"
    right = [value >= POSITIVE for value in values["+"]] + [value <= NEGATIVE for value in values["-"]]
    right += [NEGATIVE < value < POSITIVE for value in values["0"]]
    assert sum(right) >= 16, "of 20"


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("मुझे यह गाना बहुत पसंद है", "hi"),
        ("I love it", None),
        ("I love it", "und"),
        ("2024 🎉🎉 !!!", "en"),
        ("@friend https://t.co/abc", "en"),
        ("", "en"),
    ],
)
def test_no_score_where_the_language_is_not_known_or_no_word_is_left(
    multilingual: Scorer, text: str, lang: str | None
) -> None:
    assert multilingual.scores([(text, lang)]) == [None]


def test_a_score_does_not_depend_on_what_is_scored_beside_it(multilingual: Scorer) -> None:
    posts: list[tuple[str, str | None]] = [(text, lang) for lang, labelled in LABELLED.items() for _, text in labelled]
    alone = [Multilingual().scores([post])[0] for post in posts[::20]]
    assert alone == pytest.approx(multilingual.scores(posts)[::20], abs=2e-4)


def test_more_texts_than_are_remembered_get_their_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posts.sentiment.vectors._REMEMBERED", 3)
    posts: list[tuple[str, str | None]] = [(text, "de") for _, text in LABELLED["de"][:8]]
    small = Multilingual()
    assert small.scores(posts) == small.scores(posts) == Multilingual().scores(posts)


@pytest.mark.parametrize(
    ("written", "typed"),
    [("I don’t love this song", "I don't love this song"), ("Nice ❤️ song", "Nice ❤ song"), ("@a great", "@b great")],
)
def test_names_links_and_typographic_signs_change_no_score(multilingual: Scorer, written: str, typed: str) -> None:
    [first], [second] = multilingual.scores([(written, "en")]), multilingual.scores([(typed, "en")])
    assert first == second != 0


def test_emoji_count_in_every_language_and_words_spelled_like_english_ones_do_not(multilingual: Scorer) -> None:
    plain, smiling = multilingual.scores([("Wir fahren heim", "de"), ("Wir fahren heim 😍😍", "de")])
    assert plain is not None
    assert smiling is not None
    assert plain < smiling
    assert lexicon.compound_of_emoji("Heim :(") < 0 < lexicon.compound_of_emoji("Heim 😍 :)")
    assert lexicon.compound("die Sonne") < 0 == lexicon.compound_of_emoji("die Sonne")


def test_the_thresholds_of_the_head_become_those_of_the_scale() -> None:
    head = Head.read()
    assert head.negative < head.positive
    ends = np.array([-1, head.negative, head.positive, 1], dtype=np.float32)
    assert calibrated(ends, head.negative, head.positive) == pytest.approx([-1, NEGATIVE, POSITIVE, 1], abs=1e-6)


def test_the_accuracy_of_a_model_is_known_in_measured_languages_alone() -> None:
    assert accuracy.right_signs("use3-vader-1", "de") == accuracy.measured()["use3-vader-1"]["de"]["two"]
    assert accuracy.right_signs("vader", "en") == accuracy.measured()["vader-3.3.2"]["en"]["two"]
    for model, lang in (("use3-vader-1", "nl"), ("use3-vader-10", "de"), ("vader", "de"), (None, "de")):
        assert accuracy.right_signs(model, lang) is None


@pytest.mark.parametrize(("text", "sign"), [("Heim :D", 1), ("genial xD", 1), ("Heim :(", -1), ("1) Brot 8) Milch", 0)])
def test_smileys_count_with_their_letters_and_numbers_of_lists_do_not(text: str, sign: int) -> None:
    value = lexicon.compound_of_emoji(text)
    assert (value > 0) - (value < 0) == sign


def test_a_text_that_grows_when_it_is_normalized_is_cut(multilingual: Scorer) -> None:
    assert multilingual.scores([("ﷺ" * 2_000 + "x", "ar")])[0] is not None
    assert len(_bounded("ﷺ" * 2_000)) == 1_000


def test_the_head_is_written_as_it_is_read(tmp_path: Path) -> None:
    Head.read().write(tmp_path / "head.json")
    assert Head.read(tmp_path / "head.json") == Head.read()


def test_rows_get_the_score_and_what_made_it() -> None:
    rows = [
        {"text": "I love this wonderful song", "lang": "en"},
        {"text": "Ich liebe es", "lang": "de"},
        {"lang": "en"},
    ]
    add_scores(rows, scorer("english"))
    assert rows[0]["sentiment_model"] == "vader-3.3.2"
    assert float(rows[0]["sentiment"]) > POSITIVE
    assert rows[1:] == [{"text": "Ich liebe es", "lang": "de"}, {"lang": "en"}]
    add_scores(rows, scorer("multilingual"))
    assert [row.get("sentiment_model") for row in rows] == ["use3-vader-1", "use3-vader-1", None]


def test_off_scores_nothing() -> None:
    rows = [{"text": "I love it", "lang": "en"}]
    add_scores(rows, scorer("off"))
    assert rows == [{"text": "I love it", "lang": "en"}]
    assert CHOICES == ("multilingual", "english", "off")


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("I don’t love this song", "I don't love this song"),
        ("this isn’t good", "this isn't good"),
        ("❤️", "❤"),
        ("“great”", '"great"'),
        ("great…", "great..."),
    ],
)
def test_typographic_signs_change_no_score_of_the_lexicon(written: str, typed: str) -> None:
    assert score(written, "en") == score(typed, "en") != 0


FLOODS = ["😂" * 2_000, "😹 " * 1_000, "a " * 1_000, "not bad " * 250, "VERY good but " * 150]


@pytest.mark.parametrize("text", FLOODS, ids=lambda text: text[:8])
def test_a_flood_is_scored_by_its_beginning(text: str) -> None:
    """VADER reads an emoji as up to six words and takes the square of their number: seconds for all of these."""
    seen = lexicon.prepare(text)
    assert 0 < len(seen.split()) <= 250
    assert sum(character in "😂😹" for character in seen) <= 25
    assert score(text, "en") == score(seen, "en")


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("I &lt;3 this tour", 0.44),
        ("&lt;/3", -0.61),
        ("&gt;:(", -0.57),
        ("RT @evil: the show is at nine", 0.0),
        ("@Love see you at nine", 0.0),
        ("see https://example.com/ :)", 0.46),
        ("the show https://hate.example/:( at nine", 0.0),
    ],
)
def test_the_lexicon_reads_the_text_as_written_without_names_and_addresses(sent: str, value: float) -> None:
    assert score(sent, "en") == pytest.approx(value, abs=0.006)


@pytest.mark.parametrize("lang", ["es", "ja", None])
def test_the_lexicon_alone_knows_english_only(lang: str | None) -> None:
    assert scorer("english").scores([("love it", lang)]) == [None]


@pytest.mark.parametrize(
    ("text", "sign"), [("I love this wonderful song", 1), ("this is awful, I hate it", -1), ("the table is here", 0)]
)
def test_the_lexicon_has_the_sign_that_a_reader_expects(text: str, sign: int) -> None:
    [value] = scorer("english").scores([(text, "en")])
    assert value is not None
    assert (value > 0) - (value < 0) == sign
