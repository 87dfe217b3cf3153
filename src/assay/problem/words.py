"""Numbers as a card prints them."""


def percent(share: float) -> str:
    """A share as per cent with two digits that count: `27 %`, `2.4 %`, `0.031 %`."""
    value = 100.0 * share
    if value == 0.0:
        return "0 %"
    if 99.5 <= value < 100.0:
        return f"{value:.2f} %" if value < 99.995 else "nearly 100 %"
    return f"{value:.0f} %" if value >= 10.0 else f"{value:.2g} %"


def number(value: float) -> str:
    """A number with four digits that count, and commas in large whole numbers: `7.7`, `12,345`."""
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def p_value(p: float) -> str:
    """A p value, never shown as 0: `p = 0.03`, `p < 0.0001`."""
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"


def plural(count: int, noun: str) -> str:
    """A count and its noun: `1 row`, `2 rows`; `series` stays as it is."""
    return f"{count:,} {noun}" + ("" if count == 1 or noun.endswith("s") else "s")
