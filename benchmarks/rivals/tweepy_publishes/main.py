"""tweepy's object of each post, published with the client's defaults. Prints each second how many posts are acknowledged.

With `wait` it waits for each post's result before it reads the next, as Pub/Sub's quickstart does.
"""

import json
import os
import sys
import threading
import time

import tweepy
from google.cloud import pubsub_v1

url, posts, wait = sys.argv[1], int(sys.argv[2]), "wait" in sys.argv[3:]
publisher = pubsub_v1.PublisherClient()
topic = publisher.topic_path(os.environ["GOOGLE_CLOUD_PROJECT"], "tweets")


class Stream(tweepy.StreamingClient):
    count = 0
    acknowledged = 0

    def _connect(self, method, endpoint, **kwargs):
        return tweepy.streaming.BaseStream._connect(self, method, f"{url}/2/tweets/{endpoint}/stream", **kwargs)

    def on_response(self, response):
        future = publisher.publish(
            topic, json.dumps(response.data.data, default=str).encode(), id=str(response.data.id)
        )
        future.add_done_callback(note)
        if wait:
            future.result()
        Stream.count += 1
        if Stream.count >= posts:
            self.disconnect()


def note(future):
    Stream.acknowledged += future.exception() is None


def tell():
    while True:
        print(json.dumps({"event": "totals", "published": Stream.acknowledged}), flush=True)
        time.sleep(0.2)


threading.Thread(target=tell, daemon=True).start()
Stream("token").filter(expansions=["author_id"])
publisher.stop()
time.sleep(1)
print(json.dumps({"event": "totals", "published": Stream.acknowledged}), flush=True)
