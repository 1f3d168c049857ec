"""The framework's ceiling for requests: answers them unread."""

import functions_framework.aio


@functions_framework.aio.http
async def load_tweet(request):
    return "", 204
