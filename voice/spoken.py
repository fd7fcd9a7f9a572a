"""Text as it is spoken: numbers, units, initialisms and signs become words, markup vanishes.

Only speech is rewritten; screen and event log keep the written text. Words that are already
spoken ones pass unchanged, so `spoken` may be applied twice.
"""

import re
import unicodedata
from collections.abc import Callable

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_DENOMINATORS = {2: "half", 3: "third", 4: "quarter", 5: "fifth", 8: "eighth", 10: "tenth"}

_UNITS = {
    "mmHg": ("millimetre of mercury", "millimetres of mercury"),
    "mm": ("millimetre", "millimetres"),
    "cm": ("centimetre", "centimetres"),
    "km": ("kilometre", "kilometres"),
    "m": ("metre", "metres"),
    "ft": ("foot", "feet"),
    "mcg": ("microgram", "micrograms"),
    "μg": ("microgram", "micrograms"),
    "mg": ("milligram", "milligrams"),
    "kg": ("kilogram", "kilograms"),
    "g": ("gram", "grams"),
    "lbs?": ("pound", "pounds"),
    "m[lL]": ("millilitre", "millilitres"),
    "[lL]": ("litre", "litres"),
    "bpm": ("beat per minute", "beats per minute"),
    "s|secs?": ("second", "seconds"),
    "mins?": ("minute", "minutes"),
    "h|hrs?": ("hour", "hours"),
    "d": ("day", "days"),
    "mo": ("month", "months"),
    "y|yrs?": ("year", "years"),
    "°\\s?C|C(?! [A-Z]\\b)": ("degree Celsius", "degrees Celsius"),
    "°\\s?F|F(?! [A-Z]\\b)": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    # "in" is mostly a preposition; an inch only where nothing follows that could be its object.
    "in(?=[.,;:)/]|\\s*$| (?:deep|long|wide|apart)\\b)": ("inch", "inches"),
}
_PER = {
    "min|minute": "minute",
    "s|sec|second": "second",
    "h|hr|hour": "hour",
    "kg": "kilogram",
    "m[lL]": "millilitre",
    "[lL]": "litre",
}
_ABBREVIATIONS = {
    r"e\.\s?g\.": "for example",
    r"i\.\s?e\.": "that is",
    r"etc\.": "and so on",
    r"vs\.?": "versus",
    r"approx\.": "about",
    r"Dr\.": "Doctor",
    r"Mrs\.": "Missis",
    r"Mr\.": "Mister",
    r"w/o": "without",
    r"w/": "with ",
}
_INITIALISMS = "AED|BLS|BP|BVM|CPR|ECG|EKG|EMS|EMT|ER|GP|ICU|IV|NHS|ORS|TV|UK|USA"
_SIGNS = {
    "<=": " at most ",
    "≤": " at most ",
    ">=": " at least ",
    "≥": " at least ",
    "<": " less than ",
    ">": " more than ",
    "~": " about ",
    "≈": " about ",
    "±": " plus or minus ",
}
_EMERGENCY = "000|111|112|911|988|999"


def spoken(text: str) -> str:
    """Give the words to say for a written text; empty when nothing in it can be said."""
    for _ in range(4):  # a removed mark may join what another pass still has to read
        said = _once(text)
        if said == text:
            break
        text = said
    return text


def cardinal(number: int) -> str:
    """Give 0 to 999,999 in words; larger numbers are read digit by digit."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    if number < 1000:
        return _compound(number, 100, "hundred")
    if number < 1_000_000:
        return _compound(number, 1000, "thousand")
    return digits(str(number))


def digits(text: str) -> str:
    """Give the digits of a telephone number one by one."""
    return " ".join(_ONES[int(d)] for d in text if d in "0123456789")


def _compound(number: int, size: int, name: str) -> str:
    high, rest = divmod(number, size)
    return f"{cardinal(high)} {name}" + (f" {cardinal(rest)}" if rest else "")


def _number(text: str) -> str:
    """Words for an unsigned number as written: 7, 1,500, 2.4, 007."""
    whole, _, fraction = text.replace(",", "").partition(".")
    one_by_one = len(whole) > 6 or (len(whole) > 1 and whole.startswith("0"))
    words = digits(whole) if one_by_one else cardinal(int(whole))
    return f"{words} point {digits(fraction)}" if fraction else words


def _ordinal(match: re.Match[str]) -> str:
    head, hyphen, last = cardinal(int(match[1])).rpartition("-")
    if not hyphen:
        head, hyphen, last = last.rpartition(" ")
    ending = _ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return f" {head}{hyphen}{ending} "


def _clock(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2])
    half = f" {match[3][0].upper()} M" if match[3] else ""
    if minute == 0:
        end = "" if half else " o'clock" if 0 < hour <= 12 else " hundred"
    else:
        end = f" oh {_ONES[minute]}" if minute < 10 else f" {cardinal(minute)}"
    return f" {cardinal(hour)}{end}{half} "


def _fraction(match: re.Match[str]) -> str:
    whole, over, under = match[1], int(match[2]), int(match[3])
    if under not in _DENOMINATORS or not 0 < over < under:
        lead = f"{_number(whole)} " if whole else ""
        return f" {lead}{_number(match[2])} over {_number(match[3])} "
    part = _DENOMINATORS[under]
    if over > 1:
        part = "halves" if under == 2 else f"{part}s"
    return (
        f" {_number(whole)} and {cardinal(over)} {part} " if whole else f" {cardinal(over)} {part} "
    )


def _unit(names: tuple[str, str]) -> Callable[[re.Match[str]], str]:
    return lambda match: f" {_number(match[1])} {names[match[1] != '1']} "


_NUM = r"(?<![0-9])([0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)"
_Replace = str | Callable[[re.Match[str]], str]


def _rules() -> list[tuple[re.Pattern[str], _Replace]]:
    """All rewritings in the order in which they apply."""
    units = "|".join(_UNITS)
    counts = rf"\s?(?:{units})(?!\w)|\s?/\s?(?:{'|'.join(_PER)})\b| (?:beats|per|to)\b"
    rules: list[tuple[str, _Replace]] = [
        *((rf"(?<![\w.]){short}(?!\w)", f"{word} ") for short, word in _ABBREVIATIONS.items()),
        (r"\b(?:[A-Z]\.){2,}", lambda m: " ".join(m[0].replace(".", "")) + " "),
        # Telephone numbers, before ranges and fractions take their marks.
        (r"(?<![\w-])\+?[0-9]{1,4}(?:-[0-9]{2,4}){2,}(?![\w-])", _telephone),
        (r"(?i)\b(call|dial|ring|phone|number)( )([0-9]{3,6})\b", lambda m: m[1] + _spaced(m[3])),
        (rf"(?<![\w.,-])({_EMERGENCY})(?!{counts}|[\w-]|[.,][0-9]|\s?[%:])", _digits_of),
        (r"\b([0-9]+):([0-9])(?![0-9:])", r"\1 to \2"),
        (r"(?i)\b([01]?[0-9]|2[0-3]):([0-5][0-9])(?!\d)(?:\s?(am|pm)\b)?", _clock),
        (r"(?<=[0-9])\s?-\s?(?=[0-9])", " to "),
        *((re.escape(sign) + r"(?=\s*[0-9])", word) for sign, word in _SIGNS.items()),
        (r"(?<![\w-])-(?=[0-9])", " minus "),
        *((rf"{_NUM}[ -]?(?:{short})(?![A-Za-z])", _unit(n)) for short, n in _UNITS.items()),
        (r"(?:\b([0-9]{1,6})\s)?\b([0-9]{1,6})/([0-9]{1,6})\b(?!/)", _fraction),
        *((rf"(?<=[\w ])/\s?(?:{short})\b", f" per {word} ") for short, word in _PER.items()),
        (r"\b([0-9]{1,6})(?:st|nd|rd|th)\b", _ordinal),
        (r"(?<=[0-9])-(?=[A-Za-z])", " "),
        (_NUM, lambda m: f" {_number(m[1])} "),
        (r"\s?%", " percent "),
        (rf"\b({_INITIALISMS})(s?)\b", lambda m: " ".join(m[1]) + ("'s" if m[2] else "")),
        (r"\s?&\s?", " and "),
        (r"\+", " plus "),
        (r"=", " equals "),
        (r"\band\s*/\s*or\b", "and or"),
        (r"(?<=\w)\s*/\s*(?=\w)", " or "),
    ]
    return [(re.compile(pattern), replace) for pattern, replace in rules]


def _spaced(number: str) -> str:
    return f" {digits(number)} "


def _digits_of(match: re.Match[str]) -> str:
    return _spaced(match[1])


def _telephone(match: re.Match[str]) -> str:
    return " " + ", ".join(digits(group) for group in match[0].split("-")) + " "


_RULES = _rules()
_MARKUP = [
    (re.compile(r"[^\S\n]+"), " "),
    (re.compile(r" ?\n\s*"), "\n"),
    (re.compile(r"```\w*|`"), " "),
    (re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)"), r"\1"),
    (re.compile(r"(?:https?://|www\.)\S*"), " "),
    (re.compile(r"</?[A-Za-z][^<>]*>"), " "),
    (re.compile(r"(?m)^ ?(?:[-*•>#]+|[0-9]{1,2}[.)]) +"), ""),
    (re.compile(r"[*_#]+"), ""),
    (re.compile(r"(?<=\w)\n"), ". "),
    (re.compile(r"(?<=\d)[–—−](?=\d)"), "-"),  # noqa: RUF001 - the dashes are meant
    (re.compile(r"−"), "-"),  # noqa: RUF001
    (re.compile(r" ?[–—―|] ?|\s-+\s|\(|\)"), ", "),  # noqa: RUF001
]
_QUOTES = str.maketrans({"’": "'", "‘": "'", "⁄": "/", "‐": "-", "‑": "-"})  # noqa: RUF001
_TIDY = [
    (re.compile(r"[^\w\s.,;:!?'-]|[\d_]"), " "),
    (re.compile(r"(?<![^\W\d_])[-']+|[-']+(?![^\W\d_])"), " "),
    (re.compile(r"\s+"), " "),
    (re.compile(r" (?=[.,;:!?])"), ""),
    (re.compile(r"[.,;:!?]*?([.!?])[.,;:!?]*"), r"\1"),
    (re.compile(r"[,;:]*([,;:])"), r"\1"),
    (re.compile(r"([.,;:!?])(?=\w)"), r"\1 "),
    (re.compile(r"^[\s.,;:!?]+|\s+$"), ""),
]


def _once(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    for pattern, mark in _MARKUP:
        text = pattern.sub(mark, text)
    for rule, replace in _RULES:
        text = rule.sub(replace, text)
    for pattern, mark in _TIDY:
        text = pattern.sub(mark, text)
    return text
