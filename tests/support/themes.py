"""Texts on four themes in four languages, composed of parts that were written for it: what a grouping by meaning should find."""

import random
from itertools import product

_THEMES: dict[str, dict[str, tuple[list[str], list[str], list[str]]]] = {
    "football": {
        "en": (
            ["The striker", "Our goalkeeper", "The new coach", "The home team", "That young midfielder", "The captain"],
            [
                "scored twice before half time",
                "missed the penalty",
                "was sent off after a foul",
                "signed a contract until 2029",
                "kept a clean sheet",
                "was injured in training",
            ],
            [
                "and the fans went home singing",
                "in the last minute of the derby",
                "at a full stadium",
                "and the league table looks different now",
                "said the club on Sunday",
            ],
        ),
        "de": (
            [
                "Der Stürmer",
                "Unser Torwart",
                "Der neue Trainer",
                "Die Heimmannschaft",
                "Der junge Mittelfeldspieler",
                "Der Kapitän",
            ],
            [
                "traf zweimal vor der Pause",
                "verschoss den Elfmeter",
                "sah nach einem Foul die rote Karte",
                "unterschrieb einen Vertrag bis 2029",
                "blieb ohne Gegentor",
                "verletzte sich im Training",
            ],
            [
                "und die Fans sangen auf dem Heimweg",
                "in der letzten Minute des Derbys",
                "in einem vollen Stadion",
                "und die Tabelle sieht jetzt anders aus",
                "teilte der Verein am Sonntag mit",
            ],
        ),
        "es": (
            [
                "El delantero",
                "Nuestro portero",
                "El nuevo entrenador",
                "El equipo local",
                "Ese joven centrocampista",
                "El capitán",
            ],
            [
                "marcó dos veces antes del descanso",
                "falló el penalti",
                "fue expulsado tras una falta",
                "firmó un contrato hasta 2029",
                "mantuvo la portería a cero",
                "se lesionó en el entrenamiento",
            ],
            [
                "y los aficionados se fueron cantando",
                "en el último minuto del derbi",
                "en un estadio lleno",
                "y la clasificación cambia por completo",
                "anunció el club el domingo",
            ],
        ),
        "fr": (
            [
                "L'attaquant",
                "Notre gardien",
                "Le nouvel entraîneur",
                "L'équipe à domicile",
                "Ce jeune milieu",
                "Le capitaine",
            ],
            [
                "a marqué deux buts avant la pause",
                "a raté le penalty",
                "a été expulsé après une faute",
                "a signé un contrat jusqu'en 2029",
                "n'a pas encaissé de but",
                "s'est blessé à l'entraînement",
            ],
            [
                "et les supporters sont rentrés en chantant",
                "à la dernière minute du derby",
                "dans un stade plein",
                "et le classement a changé",
                "a annoncé le club dimanche",
            ],
        ),
    },
    "cooking": {
        "en": (
            [
                "I baked bread",
                "My grandmother's soup",
                "This pasta sauce",
                "A simple curry",
                "Roasted vegetables",
                "The chocolate cake",
            ],
            [
                "with garlic and butter",
                "needs two hours in the oven",
                "tastes better the next day",
                "with fresh herbs from the market",
                "without any sugar",
                "and a pinch of salt",
            ],
            [
                "is the recipe I was looking for",
                "and the kitchen smells wonderful",
                "for dinner with the family",
                "so I wrote the ingredients down",
                "says the new cookbook",
            ],
        ),
        "de": (
            [
                "Ich habe Brot gebacken",
                "Die Suppe meiner Oma",
                "Diese Nudelsoße",
                "Ein einfaches Curry",
                "Ofengemüse",
                "Der Schokoladenkuchen",
            ],
            [
                "mit Knoblauch und Butter",
                "braucht zwei Stunden im Ofen",
                "schmeckt am nächsten Tag besser",
                "mit frischen Kräutern vom Markt",
                "ganz ohne Zucker",
                "und eine Prise Salz",
            ],
            [
                "das Rezept habe ich gesucht",
                "und die Küche duftet herrlich",
                "zum Abendessen mit der Familie",
                "darum schrieb ich die Zutaten auf",
                "steht im neuen Kochbuch",
            ],
        ),
        "es": (
            [
                "Horneé pan",
                "La sopa de mi abuela",
                "Esta salsa para pasta",
                "Un curry sencillo",
                "Verduras asadas",
                "El pastel de chocolate",
            ],
            [
                "con ajo y mantequilla",
                "necesita dos horas en el horno",
                "sabe mejor al día siguiente",
                "con hierbas frescas del mercado",
                "sin nada de azúcar",
                "y una pizca de sal",
            ],
            [
                "es la receta que buscaba",
                "y la cocina huele de maravilla",
                "para cenar con la familia",
                "así que apunté los ingredientes",
                "dice el nuevo libro de cocina",
            ],
        ),
        "fr": (
            [
                "J'ai fait du pain",
                "La soupe de ma grand-mère",
                "Cette sauce pour pâtes",
                "Un curry tout simple",
                "Des légumes rôtis",
                "Le gâteau au chocolat",
            ],
            [
                "avec de l'ail et du beurre",
                "demande deux heures au four",
                "est meilleur le lendemain",
                "avec des herbes fraîches du marché",
                "sans aucun sucre",
                "et une pincée de sel",
            ],
            [
                "c'est la recette que je cherchais",
                "et la cuisine sent merveilleusement bon",
                "pour le dîner en famille",
                "alors j'ai noté les ingrédients",
                "dit le nouveau livre de cuisine",
            ],
        ),
    },
    "climate": {
        "en": (
            [
                "The heatwave",
                "Rising sea levels",
                "The new solar plant",
                "Carbon emissions",
                "The drought in the south",
                "Melting glaciers",
            ],
            [
                "broke all temperature records",
                "threaten coastal villages",
                "will replace two coal power stations",
                "fell for the first time in years",
                "dried out the rivers",
                "worry the scientists",
            ],
            [
                "warns a report on climate change",
                "and the government wants to act",
                "before the climate summit",
                "because of global warming",
                "says the weather service",
            ],
        ),
        "de": (
            [
                "Die Hitzewelle",
                "Der steigende Meeresspiegel",
                "Das neue Solarkraftwerk",
                "Der CO2-Ausstoß",
                "Die Dürre im Süden",
                "Schmelzende Gletscher",
            ],
            [
                "brach alle Temperaturrekorde",
                "bedroht Dörfer an der Küste",
                "ersetzt zwei Kohlekraftwerke",
                "sank zum ersten Mal seit Jahren",
                "trocknete die Flüsse aus",
                "beunruhigen die Forscher",
            ],
            [
                "warnt ein Bericht zum Klimawandel",
                "und die Regierung will handeln",
                "vor dem Klimagipfel",
                "wegen der Erderwärmung",
                "sagt der Wetterdienst",
            ],
        ),
        "es": (
            [
                "La ola de calor",
                "La subida del nivel del mar",
                "La nueva planta solar",
                "Las emisiones de carbono",
                "La sequía en el sur",
                "El deshielo de los glaciares",
            ],
            [
                "batió todos los récords de temperatura",
                "amenaza pueblos costeros",
                "sustituirá dos centrales de carbón",
                "bajaron por primera vez en años",
                "secó los ríos",
                "preocupa a los científicos",
            ],
            [
                "advierte un informe sobre el cambio climático",
                "y el gobierno quiere actuar",
                "antes de la cumbre del clima",
                "por el calentamiento global",
                "dice el servicio meteorológico",
            ],
        ),
        "fr": (
            [
                "La canicule",
                "La montée des eaux",
                "La nouvelle centrale solaire",
                "Les émissions de carbone",
                "La sécheresse dans le sud",
                "La fonte des glaciers",
            ],
            [
                "a battu tous les records de température",
                "menace des villages côtiers",
                "remplacera deux centrales à charbon",
                "ont baissé pour la première fois",
                "a asséché les rivières",
                "inquiète les scientifiques",
            ],
            [
                "avertit un rapport sur le changement climatique",
                "et le gouvernement veut agir",
                "avant le sommet sur le climat",
                "à cause du réchauffement",
                "dit le service météo",
            ],
        ),
    },
    "phones": {
        "en": (
            ["The new phone", "My laptop", "This update", "The camera app", "The battery", "The touchscreen"],
            [
                "crashes every ten minutes",
                "is twice as fast as the old one",
                "lost all my photos",
                "charges in half an hour",
                "has a bug in the settings",
                "needs a software fix",
            ],
            [
                "so I called customer support",
                "says the review",
                "after the latest operating system",
                "and the manufacturer is silent",
                "for that price",
            ],
        ),
        "de": (
            ["Das neue Handy", "Mein Laptop", "Dieses Update", "Die Kamera-App", "Der Akku", "Der Touchscreen"],
            [
                "stürzt alle zehn Minuten ab",
                "ist doppelt so schnell wie das alte",
                "hat alle meine Fotos gelöscht",
                "lädt in einer halben Stunde",
                "hat einen Fehler in den Einstellungen",
                "braucht ein Software-Update",
            ],
            [
                "darum rief ich den Kundendienst an",
                "steht im Testbericht",
                "nach dem neuen Betriebssystem",
                "und der Hersteller schweigt",
                "für diesen Preis",
            ],
        ),
        "es": (
            [
                "El nuevo teléfono",
                "Mi portátil",
                "Esta actualización",
                "La aplicación de la cámara",
                "La batería",
                "La pantalla táctil",
            ],
            [
                "se cierra cada diez minutos",
                "es el doble de rápido que el anterior",
                "borró todas mis fotos",
                "se carga en media hora",
                "tiene un error en los ajustes",
                "necesita un parche de software",
            ],
            [
                "así que llamé al servicio técnico",
                "dice el análisis",
                "tras el último sistema operativo",
                "y el fabricante calla",
                "por ese precio",
            ],
        ),
        "fr": (
            [
                "Le nouveau téléphone",
                "Mon ordinateur portable",
                "Cette mise à jour",
                "L'application photo",
                "La batterie",
                "L'écran tactile",
            ],
            [
                "plante toutes les dix minutes",
                "est deux fois plus rapide que l'ancien",
                "a effacé toutes mes photos",
                "se recharge en une demi-heure",
                "a un bug dans les réglages",
                "a besoin d'un correctif logiciel",
            ],
            [
                "alors j'ai appelé le service client",
                "dit le test",
                "après le dernier système d'exploitation",
                "et le fabricant se tait",
                "à ce prix",
            ],
        ),
    },
}


def compose(each: int, seed: int = 1) -> list[tuple[str, str, str]]:
    """Return (theme, language, text), so many for each theme and language (at most 180)."""
    draw = random.Random(seed)
    return [
        (theme, lang, text)
        for theme, by_language in _THEMES.items()
        for lang, parts in by_language.items()
        for text in draw.sample([" ".join(words) for words in product(*parts)], each)
    ]


# each about something else, so that no two belong together
CHATTER = (
    "My cat ignored me the whole day", "The queue at the post office never ends", "Somebody parked on my foot",
    "Does anyone remember how to do long division?", "New curtains at last", "The neighbours sing opera at night",
    "I lost my umbrella again", "Happy birthday to my favourite uncle", "The museum is closed on Mondays",
    "Learning to juggle with three lemons", "Her speech made the whole wedding cry", "The elevator smells of paint",
    "Finally finished the novel about the whale", "He proposed on a ferry to Dover", "Traffic is terrible near the bridge",
    "My dentist tells better jokes than you", "The election results arrive at midnight", "Why do socks disappear?",
    "Our flight to Lisbon was cancelled", "Chess club meets on Thursdays", "The moon looks enormous tonight",
    "I cannot find my glasses, they are on my head", "The bank sent the wrong card", "Gardening made my back ache",
    "She teaches violin to five-year-olds", "A fox stole the newspaper", "The exam was easier than expected",
    "We adopted a three-legged dog", "Thank you all for the kind words", "The pottery class starts in May",
    "That detective series jumped the shark", "Somebody please turn the office heating down",
    "The lighthouse keeper retired after forty years", "My horoscope promised money", "Who invented Mondays?",
    "The barber cut it far too short", "They found a Roman coin in the car park", "I dreamed of talking penguins",
    "The choir needs two more tenors", "Rent went up by a third", "The vaccine clinic was well organised",
    "He collects stamps from countries that no longer exist", "The judge dismissed the case", "A bee followed me to work",
    "Grandpa tells the same story every Christmas", "The theatre was half empty", "I miss handwritten letters",
    "The stock market fell and so did I",
)  # fmt: skip
