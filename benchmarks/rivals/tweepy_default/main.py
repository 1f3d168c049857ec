"""tweepy as its documentation shows it: makes an object of each post, and does nothing with it. Prints its count each second."""

import json
import sys
import threading
import time

import tweepy

url, posts = sys.argv[1], int(sys.argv[2])


class Stream(tweepy.StreamingClient):
    count = 0

    def _connect(self, method, endpoint, **kwargs):
        return tweepy.streaming.BaseStream._connect(self, method, f"{url}/2/tweets/{endpoint}/stream", **kwargs)

    def on_response(self, response):
        Stream.count += 1
        if Stream.count >= posts:
            self.disconnect()


def tell():
    while True:
        print(json.dumps({"event": "totals", "published": Stream.count}), flush=True)
        time.sleep(0.2)


threading.Thread(target=tell, daemon=True).start()
Stream("token").filter(expansions=["author_id"])
print(json.dumps({"event": "totals", "published": Stream.count}), flush=True)
