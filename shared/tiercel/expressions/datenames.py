"""Names of months, weekdays and zones in the languages that dates are written in.

Promise: English is the default; a language that is not in this table comes from Babel, an extra.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tiercel.errors import ExpressionError


class Language(NamedTuple):
    """How one language writes dates."""

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]
    """Monday first."""
    styles: dict[str, str]
    first_day: int = 0
    """The day that weeks start on: 0 is Monday, 6 is Sunday."""
    least_days: int = 4
    """How many days of a year, or month, its first week holds at least."""
    halves: tuple[str, str] = ("AM", "PM")
    quarters: tuple[str, ...] = ("1st quarter", "2nd quarter", "3rd quarter", "4th quarter")
    short_quarters: tuple[str, ...] = ("Q1", "Q2", "Q3", "Q4")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _numbered(form: str) -> tuple[str, ...]:
    return tuple(form.format(number) for number in range(1, 5))


def _styles(full: str, long: str, medium: str, short: str) -> dict[str, str]:
    return {"full": full, "long": long, "medium": medium, "short": short}


_LANGUAGES = {
    "en": Language(
        _words("January February March April May June July August September October November December"),
        _words("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
        _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
        _words("Mon Tue Wed Thu Fri Sat Sun"),
        _styles(
            "EEEE, MMMM d, y 'at' h:mm:ss a zzzz", "MMMM d, y 'at' h:mm:ss a z", "MMM d, y, h:mm:ss a", "M/d/yy, h:mm a"
        ),
        first_day=6,
        least_days=1,
    ),
    "fr": Language(
        _words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        _words("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
        _words("lundi mardi mercredi jeudi vendredi samedi dimanche"),
        _words("lun. mar. mer. jeu. ven. sam. dim."),
        _styles("EEEE d MMMM y 'à' HH:mm:ss zzzz", "d MMMM y 'à' HH:mm:ss z", "d MMM y, HH:mm:ss", "dd/MM/y HH:mm"),
        quarters=("1er trimestre", "2e trimestre", "3e trimestre", "4e trimestre"),
        short_quarters=_numbered("T{}"),
    ),
    "de": Language(
        _words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        _words("Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
        _words("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
        _words("Mo. Di. Mi. Do. Fr. Sa. So."),
        _styles(
            "EEEE, d. MMMM y 'um' HH:mm:ss zzzz", "d. MMMM y 'um' HH:mm:ss z", "dd.MM.y, HH:mm:ss", "dd.MM.yy, HH:mm"
        ),
        quarters=_numbered("{}. Quartal"),
    ),
    "es": Language(
        _words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        _words("ene feb mar abr may jun jul ago sept oct nov dic"),
        _words("lunes martes miércoles jueves viernes sábado domingo"),
        _words("lun mar mié jue vie sáb dom"),
        _styles(
            "EEEE, d 'de' MMMM 'de' y, H:mm:ss (zzzz)",
            "d 'de' MMMM 'de' y, H:mm:ss z",
            "d MMM y, H:mm:ss",
            "d/M/yy, H:mm",
        ),
        halves=("a. m.", "p. m."),
        quarters=("1.er trimestre", "2.º trimestre", "3.er trimestre", "4.º trimestre"),
        short_quarters=_numbered("T{}"),
    ),
    "it": Language(
        _words("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
        _words("gen feb mar apr mag giu lug ago set ott nov dic"),
        _words("lunedì martedì mercoledì giovedì venerdì sabato domenica"),
        _words("lun mar mer gio ven sab dom"),
        _styles("EEEE d MMMM y HH:mm:ss zzzz", "d MMMM y HH:mm:ss z", "d MMM y, HH:mm:ss", "dd/MM/yy, HH:mm"),
        quarters=_numbered("{}º trimestre"),
        short_quarters=_numbered("T{}"),
    ),
    "nl": Language(
        _words("januari februari maart april mei juni juli augustus september oktober november december"),
        _words("jan. feb. mrt. apr. mei jun. jul. aug. sep. okt. nov. dec."),
        _words("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"),
        _words("ma di wo do vr za zo"),
        _styles("EEEE d MMMM y 'om' HH:mm:ss zzzz", "d MMMM y 'om' HH:mm:ss z", "d MMM y HH:mm:ss", "dd-MM-y HH:mm"),
        halves=("a.m.", "p.m."),
        quarters=_numbered("{}e kwartaal"),
        short_quarters=_numbered("K{}"),
    ),
    "pt": Language(
        _words("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
        _words("jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez."),
        _words("segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo"),
        _words("seg. ter. qua. qui. sex. sáb. dom."),
        _styles(
            "EEEE, d 'de' MMMM 'de' y HH:mm:ss zzzz",
            "d 'de' MMMM 'de' y HH:mm:ss z",
            "d 'de' MMM 'de' y HH:mm:ss",
            "dd/MM/y HH:mm",
        ),
        first_day=6,
        least_days=1,
        quarters=_numbered("{}º trimestre"),
        short_quarters=_numbered("T{}"),
    ),
}
ZONE_NAMES = {
    "UTC": "Coordinated Universal Time",
    "GMT": "Greenwich Mean Time",
    "BST": "British Summer Time",
    "WET": "Western European Standard Time",
    "WEST": "Western European Summer Time",
    "CET": "Central European Standard Time",
    "CEST": "Central European Summer Time",
    "EET": "Eastern European Standard Time",
    "EEST": "Eastern European Summer Time",
    "MSK": "Moscow Standard Time",
    "EST": "Eastern Standard Time",
    "EDT": "Eastern Daylight Time",
    "CST": "Central Standard Time",
    "CDT": "Central Daylight Time",
    "MST": "Mountain Standard Time",
    "MDT": "Mountain Daylight Time",
    "PST": "Pacific Standard Time",
    "PDT": "Pacific Daylight Time",
    "IST": "India Standard Time",
    "JST": "Japan Standard Time",
    "KST": "Korean Standard Time",
}
_LOCALE = re.compile(r"([a-z]{2,3})(?:_([A-Z]{2}))?")
_EUROPEAN_ENGLISH = frozenset(("GB", "IE"))


def language(locale: str | None) -> Language:
    """Return the language of a locale such as `fr` or `fr_FR`."""
    if locale is None or locale == "":
        return _LANGUAGES["en"]
    found = _LOCALE.fullmatch(locale)
    if found is None:
        raise ExpressionError(f"The locale '{locale[:40]}' is not of the form fr or fr_FR")
    known = _LANGUAGES.get(found.group(1))
    if known is None:
        from tiercel.expressions.babelnames import babel_language

        return babel_language(locale)
    if found.group(2) in _EUROPEAN_ENGLISH:
        return known._replace(first_day=0, least_days=4, halves=("am", "pm"))
    return known
