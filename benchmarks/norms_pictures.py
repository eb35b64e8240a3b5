"""Histograms of norms as files that stand alone: the report's own drawing with its colours inside."""

from __future__ import annotations

from pathlib import Path

from audit.norms.drawings import norm_histogram
from audit.norms.records import MatrixScan
from corpora.files import write_text

WIDTH, HEIGHT = 860, 190
_STYLE = "text{fill:#666;font:11px sans-serif} .grid{stroke:#ddd}" + "".join(
    f".{name}{{fill:{colour}}}"
    for name, colour in (("body", "#b5a98d"), ("low", "#35678a"), ("hot", "#b8402a"))
)


def write_picture(path: Path, scan: MatrixScan) -> None:
    """Write the histogram of a matrix: untrained rows blue, hot rows red, on a white ground."""
    drawing = str(norm_histogram(scan))
    start = drawing.index(">", drawing.index("<svg")) + 1
    inside = drawing[start : drawing.rindex("</svg>")]
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    write_text(
        path,
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" role="img">'
        f"<style>{_STYLE}</style>{ground}{inside}</svg>\n",
    )
