"""The framework's ceiling for a CloudEvent: it is decoded, and nothing is done."""

import functions_framework.aio


@functions_framework.aio.cloud_event
async def load_tweet(event):
    pass
