"""Records on the terminal: a line each, or one in full."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assay.cli.terminal import COLOURS, aside, console, pairs, plain, table

if TYPE_CHECKING:
    from assay.ledger import Record

# What a line says of a record: the first of these that its body holds.
_SAYS = (
    "sentence", "words", "measured", "reason", "hypothesis", "question", "software", "source",
)  # fmt: skip


def show_records(records: Sequence["Record"]) -> None:
    """A line for each record; the whole of one is `assay ledger show`."""
    if not records:
        aside("no such record")
        return
    shown = table("#", "when (UTC)", "kind", "project", "what", right=("#",))
    # The last column takes what is left and is cut there, so that a record stays one line.
    shown.expand, shown.columns[-1].ratio = True, 1
    shown.columns[-1].overflow = "ellipsis"
    for record in records:
        place = (str(record.sequence), _minute(record.at), record.kind, record.key)
        shown.add_row(*place, summary(record), style=_style(record))
    console().print(shown)


def show_found(records: Sequence["Record"], asked: str) -> None:
    """What a search found: each record, and the words around the first that was asked for."""
    from assay.ledger.search import words_of

    if not records:
        aside("nothing was found")
        return
    shown = table("#", "kind", "project", "what", right=("#",), wraps=("what",))
    for record in records:
        text = " ".join(words_of(record.body).split())
        place = (str(record.sequence), record.kind, record.key)
        shown.add_row(*place, excerpt(text, asked), style=_style(record))
    console().print(shown)


def excerpt(text: str, asked: str, *, around: int = 90) -> str:
    """The part of a text around the first word that begins like one that was asked for."""
    starts = [word[: max(4, len(word) - 3)].lower() for word in asked.split()]
    found = [at for at in (text.lower().find(start) for start in starts) if at >= 0]
    at = min(found, default=0)
    first, last = max(0, at - around), at + around
    cut = text[first:last].strip()
    return f"{'…' if first else ''}{cut}{'…' if last < len(text) else ''}"


def show_record(record: "Record") -> None:
    """Everything in one record."""
    out = console()
    out.print(f"{record.sequence}  {record.kind}  {record.key}".rstrip(), style="bold")
    chain = [(name, getattr(record, name)) for name in ("at", "author", "hash", "previous")]
    out.print(pairs(chain))
    out.print()
    out.print(pairs([(name, _text(value)) for name, value in _fields(record).items()]))


def summary(record: "Record") -> str:
    """What a record says, in one line."""
    body = _fields(record)
    if record.kind == "attempt":
        return f"{body['name']}: {body['broke'] or _look(body)}".replace("\n", " ")
    if record.kind == "answer":
        return str(body["answer"])
    return next((str(body[name]) for name in _SAYS if body.get(name)), "")


def as_dict(record: "Record") -> dict[str, Any]:
    """A record as JSON takes it."""
    names = ("sequence", "kind", "key", "at", "author", "body", "previous", "hash")
    return {name: getattr(record, name) for name in names}


def _style(record: "Record") -> str:
    return COLOURS[_fields(record)["outcome"]] if record.kind == "verdict" else ""


def _look(body: dict[str, Any]) -> str:
    if body["imported"] is not None:
        return f"imported, {str(body['imported']['source']).partition(':')[0]}"
    return "no look of its own" if body["look"] is None else f"look {body['look']}"


def _fields(record: "Record") -> dict[str, Any]:
    return plain(record.body)


def _minute(at: str) -> str:
    return at[:16].replace("T", " ")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{name}: {_text(item)}" for name, item in value.items())
    if isinstance(value, list):
        return "\n".join(_text(item) for item in value)
    return "–" if value is None else str(value)
