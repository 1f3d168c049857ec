"""What keywords.txt, LANGUAGES and KEEP_RETWEETS do with posts, shown to a person: python -m functions.load_tweet.filter."""
