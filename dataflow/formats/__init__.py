"""Older and other shapes of posts, turned into messages of X's API v2, so that one row code makes all rows.

    api_v1      API v1.1: twarc 1, the Internet Archive's stream grab, tweepy's JSON; notices of deletions
    website     what X's website gets: Zeeschuimer, and 4CAT's NDJSON of it
    enriched    posts of API v2 into which 4CAT has put their authors and places
    personal    X's own data archive (tweets.js)
    tables      CSV of 4CAT, DMI-TCAT and twarc-csv
    pairs       academictwitteR's data_*.json with their users_*.json

What a format does not know is left out, and its columns are NULL. `source_format` in a message's payload says what it was made from.
"""
