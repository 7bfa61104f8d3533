"""Numbers as a task's outputs keep them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from tiercel.model.execution import encode


def test_an_exact_decimal_is_kept_as_a_number_with_its_digits() -> None:
    body = encode({"price": Decimal("1.50"), "long": Decimal("12345678901234567890.5")})
    assert body == b'{"price":1.50,"long":12345678901234567890.5}'
    assert msgspec.json.decode(body)["price"] + 1 == 2.5
