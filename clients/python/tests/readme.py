"""Runs the example of the README against a new daemon, with the package as it is installed: readme.py README URL."""

from __future__ import annotations

import contextlib
import io
import re
import sys

import sigil_client

readme, url = sys.argv[1:]
assert "site-packages" in sigil_client.__file__, sigil_client.__file__
text = open(readme, encoding="utf-8").read()
example, prints = re.search(r"```python\n(.*?)```\n\nprints\n\n```text\n(.*?)```", text, re.S).groups()  # type: ignore[union-attr]
assert "Client()" in example
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    exec(compile(example.replace("Client()", f"Client({url!r}, tenant='readme-python')"), readme, "exec"))
if printed.getvalue() != prints:
    sys.exit(f"the example of {readme} prints:\n{printed.getvalue()}instead of:\n{prints}")
