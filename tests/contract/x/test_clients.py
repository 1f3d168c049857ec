"""Real clients of X on the local emulator: twarc, X's own SDK and tweepy's asynchronous stream, unchanged.

Each once failed over something that X does and the emulator did not. twarc and tweepy know one host only, so they go through a proxy.
"""

import asyncio
import itertools
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme
import twarc
import tweepy.asynchronous
import xdk
from xdk.stream.models import UpdateRulesRequest
from xdk.streaming import StreamConfig

from tests.support import tls
from tests.support.processes import serving

pytestmark = pytest.mark.slow

TOKEN = "t1"
POSTS = 60


@dataclass
class Served:
    """`url` in plain HTTP; or `proxy` with the certificate `authority`."""

    url: str
    proxy: str
    authority: Path


@pytest.fixture
def x(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    command = ("--posts", str(POSTS), "--rate", "100", "--search-lag", "0")
    with (
        serving("x", "local.emulators.x.server", tmp_path, *command, X_BEARER_TOKEN=TOKEN) as process,
        tls.door(authority, process.port, "api.twitter.com", "api.x.com", proxy=True) as port,
    ):
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        yield Served(f"http://127.0.0.1:{process.port}", f"http://127.0.0.1:{port}", tmp_path / "ca.pem")


def test_twarc_installs_a_rule_streams_searches_and_counts(x: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", x.proxy)
    client = twarc.Twarc2(bearer_token=TOKEN)
    assert client.add_stream_rules([{"value": "music", "tag": "t"}])["meta"]["summary"]["created"] == 1
    assert [rule["value"] for rule in client.get_stream_rules()["data"]] == ["music"]

    streamed = list(itertools.islice(client.stream(), 40))
    assert all(one["data"]["author_id"] in {user["id"] for user in one["includes"]["users"]} for one in streamed)
    assert all(one["matching_rules"][0]["tag"] == "t" for one in streamed)

    pages = list(client.search_recent("music", max_results=10))
    found = {post["id"] for page in pages for post in page.get("data", [])}
    originals = {one["data"]["id"] for one in streamed if not _is_retweet(one["data"])}
    assert originals <= found
    assert len(pages) > 1

    counted = [span for page in client.counts_recent("music", granularity="minute") for span in page["data"]]
    assert sum(span["tweet_count"] for span in counted) >= len(found), "retweets are counted, and search has none"
    assert all(span["start"] < span["end"] for span in counted)

    some = sorted(found)[:5]
    looked_up = [post["id"] for page in client.tweet_lookup([*some, "1"]) for post in page.get("data", [])]
    assert looked_up == some

    ids = [rule["id"] for rule in client.get_stream_rules()["data"]]
    assert client.delete_stream_rule_ids(ids)["meta"]["summary"]["deleted"] == 1
    assert "data" not in client.get_stream_rules()


def test_x_s_own_sdk_streams_and_searches_posts_that_fit_its_models(x: Served) -> None:
    client = xdk.Client(base_url=x.url, bearer_token=TOKEN)
    client.stream.update_rules(body=UpdateRulesRequest.model_validate({"add": [{"value": "music", "tag": "t"}]}))
    errors: list[Any] = []
    config = StreamConfig(max_retries=0, timeout=30, on_error=errors.append)
    streamed = list(
        itertools.islice(
            client.stream.posts(
                tweet_fields=["created_at"],  # its model of public_metrics has the other dialect's names
                expansions=["author_id"],
                stream_config=config,
            ),
            40,
        )
    )
    assert not errors
    assert len({_id(one.data) for one in streamed}) == 40
    assert all(_plain(one.includes)["users"] for one in streamed), "X's SDK drops a post that does not fit its models"

    pages = list(client.posts.search_recent(query="music", max_results=10, post_fields=["public_metrics"]))
    posts = [post for page in pages for post in page.data or []]
    assert len({_id(post) for post in posts}) >= 10
    assert all("repost_count" in _plain(post)["public_metrics"] for post in posts), "in the dialect of the parameters"
    looked_up = client.posts.get_by_ids(ids=[_id(post) for post in posts[:10]])
    assert [_id(post) for post in looked_up.data] == [_id(post) for post in posts[:10]]
    assert client.stream.get_rule_counts().data
    counted = list(
        client.posts.get_counts_recent(query="music", granularity="hour", search_count_fields="start,end,post_count")
    )
    assert sum(page.meta.total_post_count for page in counted) >= 10
    assert _plain(client.usage.get().data)["project_usage"]


def test_tweepy_s_asynchronous_stream_reads_posts(x: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", x.proxy)
    seen: list[tweepy.Tweet] = []

    class Stream(tweepy.asynchronous.AsyncStreamingClient):  # type: ignore[misc]
        async def on_tweet(self, tweet: tweepy.Tweet) -> None:
            seen.append(tweet)
            if len(seen) == 10:
                self.disconnect()

    async def read() -> None:
        stream = Stream(TOKEN)
        context = ssl.create_default_context(cafile=str(x.authority))

        connector = aiohttp.TCPConnector(ssl=context)
        stream.session = aiohttp.ClientSession(connector=connector, trust_env=True)
        added = await stream.add_rules(tweepy.StreamRule("music", tag="t"))
        assert added.meta["summary"]["created"] == 1
        async with asyncio.timeout(60):
            await stream.filter(expansions=["author_id"])

    asyncio.run(read())
    assert len({tweet.id for tweet in seen}) == 10
    assert all(tweet.text for tweet in seen)


def _id(post: Any) -> str:
    return str(post["id"] if isinstance(post, dict) else post.id)


def _plain(post: Any) -> dict[str, Any]:
    return post if isinstance(post, dict) else post.model_dump()


def _is_retweet(post: dict[str, Any]) -> bool:
    return any(one["type"] == "retweeted" for one in post.get("referenced_tweets", []))
