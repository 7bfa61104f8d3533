"""Dates to the nanosecond, and dates in the languages of this package and of Babel."""

from __future__ import annotations

import sys
from datetime import date, timedelta

import pytest

from tiercel.errors import ExpressionError
from tiercel.expressions.babelnames import babel_language
from tiercel.expressions.dateformat import week_of
from tiercel.expressions.datenames import language

from .sample import text_of

FINE = "2024-01-31T10:20:30.123456789"

NANOSECONDS = [
    (f"{{{{ '{FINE}' | date('SSSSSSSSS n N') }}}}", "123456789 123456789 37230123456789"),
    (f"{{{{ '{FINE}Z' | timestampNano }}}}", "1706696430123456789"),
    (f"{{{{ '{FINE}+01:00' | timestampMicro }}}}", "1706692830123456"),
    (f"{{{{ '{FINE}Z' | date('iso_instant') }}}}", f"{FINE}Z"),
    (f"{{{{ '{FINE}Z' | date('iso') }}}}", "2024-01-31T10:20:30.123456Z"),
    (f"{{{{ '{FINE}Z' | date('iso_local_time', timeZone='Europe/Paris') }}}}", "11:20:30.123456789"),
    (f"{{{{ '{FINE}Z' | dateAdd(1, 'NANOS', 'n') }}}}", "123456790"),
    (f"{{{{ '{FINE}Z' | dateAdd(-790, 'NANOS', 'n') }}}}", "123455999"),
    (f"{{{{ '{FINE}Z' | dateAdd(1, 'MONTHS', 'iso_local_date_time') }}}}", "2024-02-29T10:20:30.123456789"),
    ("{{ '01/02/2024 1.000000007' | date('n', existingFormat='dd/MM/yyyy H.SSSSSSSSS') }}", "7"),
    ("{{ '2024-01-31T10:20:30.1Z' | date('iso_instant') }}", "2024-01-31T10:20:30.100Z"),
    ("{{ '2024-01-31T10:20:30.100Z' | date('iso_local_time') }}", "10:20:30.1"),
]


@pytest.mark.parametrize(("template", "wanted"), NANOSECONDS)
def test_a_date_keeps_its_nanoseconds(template: str, wanted: str) -> None:
    assert text_of(template) == wanted


LANGUAGES = [
    ("fr", "lundi 30 septembre sept. T3 3e trimestre"),
    ("de_AT", "Montag 30 September Sept. Q3 3. Quartal"),
    ("es", "lunes 30 septiembre sept T3 3.er trimestre"),
    ("it", "lunedì 30 settembre set T3 3º trimestre"),
    ("nl", "maandag 30 september sep. K3 3e kwartaal"),
    ("pt_BR", "segunda-feira 30 setembro set. T3 3º trimestre"),
    ("en_GB", "Monday 30 September Sep Q3 3rd quarter"),
    ("pl", "poniedziałek 30 września wrz III kw. III kwartał"),
    ("sv_SE", "måndag 30 september sep. K3 3:e kvartalet"),
    ("ja", "月曜日 30 9月 9月 Q3 第3四半期"),
]


@pytest.mark.parametrize(("locale", "wanted"), LANGUAGES)
def test_a_date_is_written_in_a_language(locale: str, wanted: str) -> None:
    assert text_of(f"{{{{ '2024-09-30' | date('EEEE d MMMM MMM QQQ QQQQ', locale='{locale}') }}}}") == wanted


STYLES = [
    ("pl", "short", "30.09.2024, 15:20"),
    ("zh_TW", "short", "2024/9/30 下午3:20"),
    ("zh_TW", "full", "2024年9月30日 星期一 下午3:20:30 [Coordinated Universal Time]"),
]


@pytest.mark.parametrize(("locale", "style", "wanted"), STYLES)
def test_a_style_is_that_of_the_language(locale: str, style: str, wanted: str) -> None:
    assert text_of(f"{{{{ '2024-09-30T15:20:30Z' | date('{style}', locale='{locale}') }}}}") == wanted


def test_a_date_in_another_language_is_read() -> None:
    template = "{{ '30 września 2024' | date('yyyy-MM-dd', existingFormat='d MMMM yyyy', locale='pl') }}"
    assert text_of(template) == "2024-09-30"


def test_a_language_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ExpressionError, match="locale 'xx' is not known"):
        text_of("{{ '2024-09-30' | date(locale='xx') }}")


def test_without_babel_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    babel_language.cache_clear()
    monkeypatch.setitem(sys.modules, "babel", None)
    with pytest.raises(ExpressionError, match=r"pip install 'tiercel\[locales\]'"):
        text_of("{{ '2024-09-30' | date(locale='pl') }}")
    assert text_of("{{ '2024-09-30' | date('MMMM', locale='fr') }}") == "septembre"


def test_weeks_are_iso_in_europe_and_begin_on_sunday_in_america() -> None:
    europe, america = language("fr"), language("en")
    days = [date(1995, 1, 1) + timedelta(days=number) for number in range(12_000)]
    assert all(week_of(day, europe) == tuple(day.isocalendar())[:2] for day in days)
    assert [week_of(day, america) for day in (date(2023, 12, 31), date(2024, 12, 28), date(2024, 12, 29))] == [
        (2024, 1),
        (2024, 52),
        (2025, 1),
    ]
    assert week_of(date(9999, 12, 31), america) == (10000, 1)
