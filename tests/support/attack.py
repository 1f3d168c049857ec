"""A post, an author and a hashtag full of attacks: nothing of them may run, hide or turn anything."""

SCRIPT = "<script>window.attacked = 1</script>"
IMAGE = '"><img src=x onerror="window.attacked = 2">'
BIDI = "\u202egnp.exe \u2066left open"
FORMULA = '=HYPERLINK("http://evil.example","click")'
TEXT = (
    f"{FORMULA} {SCRIPT} {IMAGE} {BIDI} 👩‍👩‍👧‍👦 𝕏 </script><!-- {{{{7*7}}}} ${{7*7}} [bold]x[/] \x1b[31mred\x07 "
    + "long " * 2_000
)

ROWS = [
    {
        "id": str(900 + number),
        "created_at": "2026-11-01T04:10:00",
        "text": text,
        "lang": "en",
        "sentiment": sentiment,
        "user_id": "u1",
        "user_username": "<b>ann</b>",
        "user_name": IMAGE,
        "user_location": SCRIPT,
        "user_followers_count": 5,
        "hashtags": [SCRIPT, "x</text><script>window.attacked = 3</script>", "=1+1"],
        "mentions": ['bob"onmouseover=1'],
        "urls": ['https://evil.example"><script>1</script>/a', "javascript:alert(1)"],
        "rules": ["{{7*7}}<i>"],
        "keywords": ["music"],
        "retweet_of": retweet_of,
        "original_favorite_count": 3,
    }
    for number, (text, sentiment, retweet_of) in enumerate(
        [(TEXT, 0.9, None), (f"@cmd {IMAGE}", -0.9, None), (f"RT @x: {TEXT}", 0.1, "77")]
    )
]
