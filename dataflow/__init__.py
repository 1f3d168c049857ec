"""Loads many posts at once, with Beam: files of X's JSON, the table `archive`, or a Pub/Sub subscription. On this machine or on Dataflow.

The rows are those of functions/load_tweet, whose code is imported as it is. Deployed as an image of both folders.
"""
