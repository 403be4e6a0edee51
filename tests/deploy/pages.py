"""The command blocks of the pages of docs/."""

import re

# A fenced block, which may be part of a list.
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.M | re.S)


def blocks(text):
    """The language and text of each block."""
    for indent, language, block in BLOCK.findall(text):
        yield language, re.sub(f"^{indent}", "", block, flags=re.M)


def section(text, title):
    """The part of a page under a heading of the second level."""
    (found,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return found
