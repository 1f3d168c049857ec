"""keywords.txt in the language of X's rules."""

from posts.keywords import parse_keywords
from posts.rule_text import rule_clause


def test_the_file_in_xs_rule_language() -> None:
    keywords = parse_keywords('music\n#NowPlaying\nnew song\n-spam\n-"cover band"\n音楽\nr&b\nor')
    assert rule_clause(keywords) == '(music OR #NowPlaying OR "new song" OR 音楽 OR "r&b" OR "or") -spam -"cover band"'
    assert rule_clause(parse_keywords("")) == ""
