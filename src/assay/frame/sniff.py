"""What a file really is, whatever its name says."""

import re
from pathlib import Path

_BEGINNINGS = (
    (b"PAR1", "a Parquet file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"SQLite format 3", "a SQLite database"),
    (b"ARROW1", "an Arrow file"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
)
_JSON = re.compile(rb'^(\{\s*("|\})|\[\s*([\[\{"\]]|-?\d))')
_HTML = re.compile(rb"^<(!doctype|html|\?xml)", re.IGNORECASE)


def sniff(path: Path) -> str:
    """What the first bytes of a file show: "a PNG picture", "JSON", ..., or "text" or "bytes"."""
    with path.open("rb") as file:
        head = file.read(512)
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _JSON.match(start):
        return "JSON"
    if _HTML.match(start):
        return "HTML or XML"
    return "bytes that are no text" if b"\0" in head else "text"
