"""Which languages are written in a script, by the names that a model may give them."""

from __future__ import annotations

# The larger languages of each script (Unicode CLDR's supplemental data names them); one is enough for a hit.
LANGUAGES: dict[str, tuple[str, ...]] = {
    "Arabic": ("arabic", "persian", "farsi", "urdu", "pashto", "kurdish", "uyghur", "sindhi"),
    "Armenian": ("armenian",),
    "Bengali": ("bengali", "bangla", "assamese"),
    "Cyrillic": (
        "russian", "ukrainian", "bulgarian", "serbian", "belarusian", "macedonian", "kazakh", "kyrgyz",
        "mongolian", "tajik", "abkhaz", "tatar", "bashkir", "chechen", "ossetian",
    ),
    "Devanagari": ("hindi", "marathi", "nepali", "sanskrit"),
    "Ethiopic": ("amharic", "tigrinya"),
    "Georgian": ("georgian", "mingrelian"),
    "Greek": ("greek",),
    "Gujarati": ("gujarati",),
    "Gurmukhi": ("punjabi",),
    "Han": ("chinese", "mandarin", "cantonese", "japanese"),
    "Hangul": ("korean",),
    "Hebrew": ("hebrew", "yiddish"),
    "Hiragana": ("japanese",),
    "Kannada": ("kannada",),
    "Katakana": ("japanese",),
    "Khmer": ("khmer", "cambodian"),
    "Lao": ("lao",),
    "Latin": (
        "english", "german", "french", "spanish", "portuguese", "italian", "dutch", "polish", "turkish",
        "vietnamese", "indonesian", "malay", "swedish", "danish", "norwegian", "finnish", "czech", "slovak",
        "hungarian", "romanian", "croatian", "slovenian", "latin", "catalan", "estonian", "latvian",
        "lithuanian", "swahili", "filipino", "tagalog", "icelandic", "afrikaans", "albanian", "basque",
    ),
    "Malayalam": ("malayalam",),
    "Myanmar": ("burmese", "myanmar"),
    "Oriya": ("odia", "oriya"),
    "Sinhala": ("sinhala", "sinhalese"),
    "Tamil": ("tamil",),
    "Telugu": ("telugu",),
    "Thai": ("thai",),
    "Tibetan": ("tibetan",),
}  # fmt: skip
