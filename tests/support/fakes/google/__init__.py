"""Google Cloud's APIs, as far as deploy.sh asks for them: the real gcloud and bq talk to it through a proxy that speaks TLS.

    proxy.py     HTTPS in between: each request is recorded, and answered from what is behind
    things.py    what REST has in common: a path is a thing, a collection lists its things, made twice is 409
    apis.py      where an API is more than that
    bigquery.py  scripts of SQL, statement by statement, on a real engine; grants are recorded

Pub/Sub is Google's own emulator. Nothing is checked that only Google can check: quotas, whether an account may do what it does.
"""
