"""Cron expressions in words."""

from __future__ import annotations

import pytest

from tiercel.ui.cronwords import in_words


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("30 6 * * 1-5", "at 06:30 on Monday to Friday"),
        ("0 6,18 * * *", "at 06:00 and 18:00 every day"),
        ("@hourly", "every hour"),
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("*/10 9-17 * * MON,THU", "every 10 minutes from 09:00 to 17:59 on Monday and Thursday"),
        ("15 */4 * * *", "every 4 hours at minute 15"),
        ("5 8-10 * * *", "every hour from 08:00 to 10:59 at minute 5"),
        ("0 0 1 1 *", "at 00:00 on day 1 of the month in January"),
        ("0 0 1,15 * *", "at 00:00 on day 1 and 15 of the month"),
        ("0 0 13 * FRI", "at 00:00 on day 13 of the month or on Friday"),
        ("0 0 * JUN-AUG SUN", "at 00:00 on Sunday in June to August"),
        ("0 30 6 * * *", "at 06:30 every day"),
        ("*/10 * * * * *", ""),
        ("0 0 */2 * *", ""),
        ("0 0 * * 9", ""),
        ("nonsense", ""),
    ],
)
def test_a_cron_expression_is_said_in_words_or_not_at_all(cron: str, words: str) -> None:
    assert in_words(cron) == words
