# SPDX-License-Identifier: MIT
"""How names stand in sentences."""


def with_article(name: str) -> str:
    """A name with its indefinite article: a Node, an Account."""
    return f"an {name}" if name[:1] in "AEIOUaeiou" else f"a {name}"
