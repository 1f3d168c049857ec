"""The framework's ceiling for a request: it is answered unread."""

import functions_framework.aio


@functions_framework.aio.http
async def load_tweet(request):
    return "", 204
