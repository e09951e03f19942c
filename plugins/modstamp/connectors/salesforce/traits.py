"""What tells an org apart from a plain one, as far as describing a type shows it (see `modstamp.mapping.traits`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from modstamp.model import Trait

_FLAGS: Final = {
    "IsPersonAccount": Trait.PERSONS,
    "CurrencyIsoCode": Trait.CURRENCIES,
    "TimeZoneSidKey": Trait.TIME_ZONES,
}
_CODE: Final = re.compile(r"(\w*)(State|Country)Code")


def traits(body: Mapping[str, Any]) -> dict[Trait, tuple[str, ...]]:
    """Trait → the fields that it is about; record types: their names."""
    names = {field["name"] for field in body["fields"]}
    found = {trait: (name,) for name, trait in _FLAGS.items() if name in names}
    coded = tuple(name.removesuffix("Code") for name in sorted(names) if _CODE.fullmatch(name))
    kinds = tuple(each["name"] for each in body.get("recordTypeInfos") or () if not each["master"] and each["active"])
    return found | ({Trait.PLACES: coded} if coded else {}) | ({Trait.RECORD_TYPES: kinds} if kinds else {})
