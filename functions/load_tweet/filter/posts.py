"""Posts as a person has them at hand, one a line, made into what the filter judges."""

import orjson

from posts.errors import BadMessage
from posts.post import ParsedPost, parse


def read(line: str) -> ParsedPost:
    """Read a line: JSON of a message, a post, a message of the topic or a row with `payload`; or a plain text.

    Raises BadMessage.
    """
    if not line.lstrip().startswith("{"):
        return parse(_wrap({"id": "0", "text": line}))
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadMessage("not_json", f"The line begins like JSON and is none: {error}") from None
    payload = value.get("payload")
    if isinstance(payload, str):
        return parse(payload)
    if isinstance(payload, dict):
        return parse(orjson.dumps(payload).decode())
    if "data" in value or not {"id", "text"} & value.keys():
        return parse(line)
    return parse(_wrap({"id": "0", **value}))


def _wrap(post: dict[str, object]) -> str:
    return orjson.dumps({"data": post}).decode()
