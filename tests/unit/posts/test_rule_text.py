"""keywords.txt in the language of X's rules."""

from posts.keywords import parse_keywords
from posts.rule_text import clause


def test_the_file_in_xs_rule_language() -> None:
    keywords = parse_keywords('music\n#NowPlaying\nnew song\n-spam\n-"cover band"\n音楽\nr&b\nor')
    assert clause(keywords) == '(music OR #NowPlaying OR "new song" OR 音楽 OR "r&b" OR "or") -spam -"cover band"'
    assert clause(parse_keywords("")) == ""
