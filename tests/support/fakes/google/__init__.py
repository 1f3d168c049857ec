"""Google Cloud's APIs as far as deploy.sh uses them. The real gcloud and bq reach them through a proxy that speaks TLS.

    proxy.py     HTTPS in between: records each request, and answers it from what is behind
    things.py    what REST APIs have in common: a path is a resource, a collection lists them, creating one twice is 409
    apis.py      where an API does more than that
    bigquery.py  SQL scripts, statement by statement, on a real engine; grants are recorded

Pub/Sub is Google's own emulator. What only Google can check is not checked: quotas, and whether an account may do what it does.
"""
