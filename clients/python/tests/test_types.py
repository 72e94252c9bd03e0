"""The types of answers beside the document of the API, as a daemon serves it."""

from __future__ import annotations

from typing import Any
import json
import os
import unittest
import urllib.request

from sigil_client import types

URLS = os.environ.get("SIGIL_URLS", "").split()
NAMES = [
    "Memory", "MemoryPage", "RelatedPage", "Problem", "BatchItem", "Hit", "SearchPage", "Matched", "ScoreExplanation", "SignatureRef",
    "Erased", "EraseCounts", "Receipt", "ReceiptKey",
    "Crystal", "CrystalPage", "PatternList", "Arithmetic", "Event", "EventPage", "Recalls", "Forecast", "Explanation", "Stats", "Identity",
]  # fmt: skip


class Types(unittest.TestCase):
    def test_members(self) -> None:
        self.assertTrue(URLS, "SIGIL_URLS must name daemons; scripts/clients.sh starts them")
        with urllib.request.urlopen(URLS[0] + "/openapi.json") as answer:
            schemas: dict[str, Any] = json.load(answer)["components"]["schemas"]
        inner = {
            "SpiralPoint": schemas["Spiral"]["items"],
            "Recall": schemas["Recalls"]["properties"]["memories"]["items"],
            "Pattern": schemas["PatternList"]["properties"]["patterns"]["items"],
            "PatternCount": schemas["Forecast"]["properties"]["patterns"]["items"],
            "TagCount": schemas["Forecast"]["properties"]["tags"]["items"],
            "ForecastBin": schemas["Forecast"]["properties"]["bins"]["items"],
            "PolicyCount": schemas["Stats"]["properties"]["policies"]["items"],
            "Parts": schemas["Hit"]["properties"]["parts"],
        }
        for name, schema in {**{name: schemas[name] for name in NAMES}, **inner}.items():
            with self.subTest(name):
                type_ = getattr(types, name)
                self.assertEqual(set(schema["properties"]), set(type_.__annotations__))
                self.assertEqual(set(schema["required"]), set(type_.__required_keys__))


if __name__ == "__main__":
    unittest.main()
