"""The framework's ceiling for CloudEvents: decodes them and does nothing."""

import functions_framework.aio


@functions_framework.aio.cloud_event
async def load_tweet(event):
    pass
