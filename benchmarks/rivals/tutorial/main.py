"""Loads a post as the usual tutorial does: one client, and an insert for each message, nine columns.

The framework's THREADS says how many messages it handles at once: 4 a CPU by default, the concurrency when tuned.
"""

import base64
import json

import functions_framework
from google.cloud import bigquery

client = bigquery.Client()


@functions_framework.cloud_event
def load_tweet(event):
    message = json.loads(base64.b64decode(event.data["message"]["data"]))
    payload = json.loads(message["payload"])
    post, includes = payload["data"], payload.get("includes", {})
    user = next((u for u in includes.get("users", []) if u["id"] == post["author_id"]), {})
    place = (includes.get("places") or [{}])[0]
    row = {
        "id": post["id"],
        "created_at": post["created_at"].removesuffix("Z"),
        "tweet_location": place.get("full_name"),
        "text": post["text"],
        "retweet_count": post["public_metrics"].get("retweet_count"),
        "favorite_count": post["public_metrics"].get("like_count"),
        "user_name": user.get("name"),
        "user_location": user.get("location"),
        "user_followers_count": user.get("public_metrics", {}).get("followers_count"),
    }
    errors = client.insert_rows_json("local.twitter.tweet_versions", [row])
    if errors:
        raise RuntimeError(errors)
