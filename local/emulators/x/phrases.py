"""The words of the synthetic posts. Everything here is invented.

Each template of `MUSIC` holds one of KEYWORDS, which are those of functions/load_tweet/keywords.music.txt; those of `OTHER` hold none.
Tests compare both with the file and with the real filter. {artist} becomes one of the artist's spellings, {n} a number, {url} a short link.
"""

KEYWORDS = frozenset(
    """
    musician musicartist newmusic livemusic musicvideo nowplaying musicislife musicismylife musiclover musicproducer
    musicfestival upcomingartist unsignedartist music love hiphop art rap artist instagood singer musica dj rock dance
    song guitar life happy producer viral themaleartist awards award
    """.split()  # noqa: SIM905
)
ARTIST = ("Justin Bieber", "justin bieber", "JustinBieber", "Bieber", "#JustinBieber", "#Bieber")

MUSIC: dict[str, tuple[str, ...]] = {
    "en": (
        "{artist} on repeat all morning, this song never gets old 🎧 #NowPlaying",
        "The new {artist} track is out and I love it 😍 #NewMusic {url}",
        "Saw {artist} live last night. Best concert, best singer, {n}/10 🔥 #livemusic",
        "Learning the guitar part of that {artist} ballad, my fingers hurt 😂",
        "Who else thinks {artist} deserves more awards? 🏆 #awards",
        "Is {artist} dropping a music video tonight?? #musicvideo 👀",
        "My playlist is {n} hours of {artist} and nothing else #musicismylife",
        "that {artist} dance break though 🕺💃 #viral",
        "Not impressed by the new {artist} song, the lyrics are lazy and the mix is awful.",
        "Crying to {artist} at 3am again. Happy tears? Sad tears? Who knows 😭",
        "Every producer should study how {artist}'s vocals are layered {url}",
        "{artist} x hip-hop remix when?? The rap verse would be insane",
    ),
    "es": (
        "Escuchando a {artist} toda la noche 🎶 #NowPlaying",
        "La musica de {artist} me alegra el día 💜",
        "¡Qué conciertazo de {artist}! #livemusic #Madrid {url}",
        "No me gustó nada lo nuevo de {artist}, qué decepción #NewMusic",
    ),
    "pt": (
        "Viciada na nova do {artist} 🇧🇷 #NewMusic",
        "O show do {artist} foi lindo demais 😭 #livemusic",
        "Top {n} do {artist} na minha playlist #musica",
    ),
    "fr": (
        "Le nouveau titre de {artist} tourne en boucle 🎧 #NowPlaying",
        "Quel artiste ! {artist} à Paris, c'était magique ✨ #music",
    ),
    "de": (
        "Neues von {artist} läuft hier seit {n} Stunden 🎵 #NewMusic",
        "{artist} live in Berlin war der Hammer! #livemusic {url}",
    ),
    "id": ("Lagu baru {artist} enak banget 😍 #NowPlaying", "Konser {artist} kemarin pecah! #livemusic"),
    "tr": ("{artist} konseri efsaneydi 🔥 #livemusic", "{artist} yeni şarkı çıkarmış #NewMusic"),
    "ja": ("{artist} の新曲、最高すぎる😭 #NowPlaying", "今日も {artist} を聴きながら通勤🎧 #music"),
    "ko": ("{artist} 신곡 너무 좋다 💜 #NowPlaying",),
    "ar": ("أغنية {artist} الجديدة رائعة جدا 🎶 #music", "حفلة {artist} كانت مذهلة ❤️ #livemusic"),
    "he": ("השיר החדש של {artist} פשוט מושלם 🎧 #NowPlaying",),
    "hi": ("{artist} का नया गाना बहुत अच्छा है 🎵 #NewMusic",),
}

OTHER: dict[str, tuple[str, ...]] = {
    "en": (
        "{artist} spotted at the airport with a coffee the size of his head ☕",
        "Why is {artist} trending again? What did I miss? 👀",
        "Unpopular opinion: {artist}'s new haircut is great",
        "My neighbour named her cat {artist} and I can't stop laughing 😹",
        "{artist} bought another house?! Must be nice... {url}",
        "If {artist} can get up at 5am for hockey practice so can I 🏒",
        "Traffic is terrible because {artist} is in town 🙄",
    ),
    "es": ("¿Alguien sabe por qué {artist} es tendencia? 😅", "{artist} llegó a la ciudad y no hay hoteles 🏨"),
    "pt": ("Alguém viu o {artist} no aeroporto? ✈️", "Minha prima só fala do {artist} 🙃"),
    "fr": ("Pourquoi tout le monde parle de {artist} aujourd'hui ? 🤔",),
    "de": ("{artist} wurde in der U-Bahn gesehen, glaubt mir keiner 😅",),
    "id": ("Kenapa {artist} trending lagi hari ini? 🤔",),
    "ja": ("{artist} が空港にいたらしい✈️ 見たかった！",),
    "ar": ("لماذا {artist} ترند اليوم؟ 🤔",),
    "tr": ("{artist} neden gündemde yine? 🤔",),
}

LONG = (
    "I have been following {artist} since the very first clips that went around, and what strikes me every single "
    "time is how the voice has changed over the years, from the bright and careful delivery of the early days to the "
    "relaxed and much warmer tone of today. People forget how young he was, and how much of the pressure was carried "
    "in public, with every step watched and every mistake repeated. "
)
LONG_MUSIC = (
    "All of that is in the last record, and it is why this is the song that I would play to anyone who asks. 🎶"
)
LONG_OTHER = "All of that is in the last interview, and it is why I would show it to anyone who asks. 📺"

COMMENTS_MUSIC = ("this song 😭😭", "what a singer", "#NowPlaying for the {n}th time", "love this")
COMMENTS_OTHER = ("so true 😂", "look at this", "{n} years later and still relevant", "no comment 🙃", "wait, what?")

PLACES: tuple[tuple[str, str, str, str, float, float], ...] = (  # id, full name, country, code, longitude, latitude
    ("01a9a39529b27f36", "Manhattan, NY", "United States", "US", -73.9712, 40.7831),
    ("3b77caf94bfc81fe", "Los Angeles, CA", "United States", "US", -118.2437, 34.0522),
    ("8f9664a8ccd89e5c", "Toronto, Ontario", "Canada", "CA", -79.3832, 43.6532),
    ("65b23b0045f450f6", "London, England", "United Kingdom", "GB", -0.1276, 51.5072),
    ("206c436ce43a43a3", "Madrid, España", "Spain", "ES", -3.7038, 40.4168),
    ("68e019afec7d0ba5", "São Paulo, Brasil", "Brazil", "BR", -46.6333, -23.5505),
    ("09f6a7707f18e0b1", "Paris, France", "France", "FR", 2.3522, 48.8566),
    ("3078869807f9dd36", "Berlin, Deutschland", "Germany", "DE", 13.4050, 52.5200),
    ("19a2ea5bdc2e3b9b", "Jakarta, Indonesia", "Indonesia", "ID", 106.8456, -6.2088),
    ("5e02a0f0d91c76d2", "İstanbul, Türkiye", "Türkiye", "TR", 28.9784, 41.0082),
    ("cc9a8ee6c2b3f0a1", "東京 渋谷区", "Japan", "JP", 139.7016, 35.6595),
    ("0073b76548e5984f", "Sydney, New South Wales", "Australia", "AU", 151.2093, -33.8688),
)
LOCATIONS: dict[str, tuple[str, ...]] = {  # what authors of a language write about where they are
    "en": (
        "New York",
        "LA ✨",
        "Toronto",
        "London, UK",
        "Sydney",
        "Chicago",
        "Atlanta, GA",
        "Manila",
        "Lagos",
        "Mumbai",
        "Manchester",
        "somewhere over the rainbow",
        "🌍",
        "she/her",
        "your playlist",
        "Johannesburg",
        "Singapore",
        "Dublin, Ireland",
    ),
    "es": (
        "Madrid",
        "Bogotá, Colombia",
        "Mexico City",
        "Buenos Aires",
        "Santiago, Chile",
        "en las nubes",
        "Lima, Perú",
    ),
    "pt": ("São Paulo, Brasil", "Rio de Janeiro", "Lisboa", "ela/dela"),
    "fr": ("Paris", "Lyon, France", "Montréal", "Abidjan"),
    "de": ("Berlin", "Köln", "Wien"),
    "id": ("Jakarta", "Bandung"),
    "tr": ("İstanbul", "Ankara"),
    "ja": ("東京", "大阪"),
    "ko": ("서울",),
    "ar": ("القاهرة", "الرياض"),
    "he": ("תל אביב",),
    "hi": ("Mumbai", "दिल्ली"),
}
SITES = (  # of pages that are shared; the names are reserved for examples (RFC 2606)
    ("popjournal.example", "2026/11"),
    ("popjournal.example", "reviews"),
    ("video.example", "watch"),
    ("video.example", "watch"),
    ("streams.example", "track"),
    ("streams.example", "track"),
    ("streams.example", "album"),
    ("chartwatch.example", "week-47"),
    ("tickets.example", "tour"),
    ("fans.example", "forum"),
    ("dailynews.example", "culture"),
)
TAGS = (  # hashtags that go together
    ("#NewMusic", "#NowPlaying", "#album", "#streaming"),
    ("#livemusic", "#WorldTour", "#tickets", "#tour2026"),
    ("#musicvideo", "#dance", "#choreo", "#viral"),
    ("#guitar", "#acoustic", "#musicproducer", "#songwriting"),
)
EVENT: dict[str, tuple[str, ...]] = {  # an album that has just come out; each holds one of KEYWORDS
    "en": (
        "NIGHT TRAIN IS OUT and I am not okay 😭 best song: Platform Nine #NightTrain",
        "{artist} just dropped Night Train and Platform Nine is the song of the year 🔥 #NightTrain",
        "Night Train first listen, track {n}: the strings on Platform Nine!! what music 😍 {url}",
        "The producer of Night Train deserves every award there is 🏆 #NightTrain",
        "Midnight release party with {artist}'s Night Train on vinyl, love it 🎶 #NightTrain",
        "Night Train is a skip-free album, the singer I grew up with is back 💜 #NightTrain {url}",
    ),
    "es": ("¡Salió Night Train de {artist}! Platform Nine es pura musica 😭 #NightTrain",),
    "pt": ("Night Train saiu e já é a melhor musica do {artist} 😍 #NightTrain",),
}

NAMES = (
    "Maya",
    "Leo 🎧",
    "Ana Clara",
    "Jonas",
    "Ayşe",
    "Yuki",
    "Omar",
    "Noa",
    "Priya",
    "Luca",
    "Zoë",
    "Sam",
    "Kim",
    "Belieber 4 ever 💜",
    "Rafael",
    "Inés",
    "ゆうた",
    "سارة",
    "Daily News",
    "Chris P.",
)

# About the topic of the user's rules: {word} is one of their words. The text around it is small talk.
TOPIC: dict[str, tuple[str, ...]] = {
    "en": (
        "Can we talk about {word} for a minute?",
        "Everything I read today is about {word} {url}",
        "I changed my mind about {word}, and I am glad 🙂",
        "{word} again. I am so tired of this.",
        "My thread on {word}, in {n} parts {url}",
        "Who is at the panel on {word} tonight?",
        "Honestly, {word} is the best news of the week 🎉",
        "They still get {word} wrong, and nobody corrects it",
        "{n} people asked me about {word} today",
    ),
    "es": ("Hoy todo el mundo habla de {word} {url}", "No entiendo lo de {word}, la verdad"),
    "pt": ("Alguém me explica {word}?", "Só se fala de {word} hoje {url}"),
    "fr": ("Tout le monde parle de {word} aujourd'hui", "Un bon article sur {word} {url}"),
    "de": ("Heute reden alle über {word} {url}", "{word} ist schon wieder Thema, zum {n}. Mal"),
    "id": ("Lagi ramai soal {word} hari ini",),
    "tr": ("Bugün herkes {word} konuşuyor {url}",),
    "ja": ("今日は {word} の話ばかり", "{word} について書きました {url}"),
    "ko": ("오늘은 온통 {word} 이야기",),
    "ar": ("الجميع يتحدث عن {word} اليوم",),
    "he": ("כולם מדברים היום על {word}",),
    "hi": ("आज सब {word} की बात कर रहे हैं",),
}
LONG_TOPIC = (
    "I have been following {word} for years, and what strikes me every time is how the tone has changed, from the first careful reports to "
    "the quarrels of today. People forget how little was known at the beginning, and how much of it was argued about in public, with "
    "every step watched and every mistake repeated. All of that is in the last report, and it is why I would show it to anyone who asks."
)
COMMENTS_TOPIC = ("so true 😂", "look at this", "this, about {word}", "no comment 🙃", "wait, what?")
