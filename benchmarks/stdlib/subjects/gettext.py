# SPDX-License-Identifier: MIT
"""gettext."""

import struct

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, op, own, shared, small, words


def _mo(messages):
    ids, strs, offsets = b"", b"", []
    for key in sorted(messages):
        one, other = key.encode(), messages[key].encode()
        offsets.append((len(ids), len(one), len(strs), len(other)))
        ids += one + b"\0"
        strs += other + b"\0"
    start = 28 + 16 * len(offsets)
    keys = [part for at, size, _, _ in offsets for part in (size, start + at)]
    values = [part for _, _, at, size in offsets for part in (size, start + len(ids) + at)]
    head = struct.pack("<7I", 0x950412DE, 0, len(offsets), 28, 28 + 8 * len(offsets), 0, 0)
    return head + struct.pack(f"<{len(keys) + len(values)}I", *keys, *values) + ids + strs


MO = _mo(
    {
        "": "Content-Type: text/plain; charset=utf-8\nPlural-Forms: nplurals=2; plural=n != 1;\n",
        "hello": "hallo",
        "one\0many": "eins\0viele",
        "context\x04hello": "servus",
    }
)


def _install(folder, domain):
    path = folder / "de" / "LC_MESSAGES"
    path.mkdir(parents=True, exist_ok=True)
    (path / f"{domain}.mo").write_bytes(MO)
    return str(folder)


def _translated(gettext, domain):
    folder = _install(own("locale"), domain)
    found = gettext.translation(domain, folder, ["de_DE.UTF-8", "de"])
    found.add_fallback(gettext.NullTranslations())
    return found.gettext("hello"), gettext.find(domain, folder, ["de"], all=True)


def _default(gettext, domain):
    gettext.bindtextdomain(domain, _install(own("locale"), domain))
    gettext.textdomain(domain)
    return gettext.gettext("hello"), gettext.ngettext("one", "many", 2), gettext.pgettext("context", "hello")


def _common(gettext):
    from pathlib import Path

    return gettext.translation("d", _install(Path("common"), "d"), ["de"])


_lookups = (
    op("gettext", words),
    op("ngettext", words, words, small),
    op("pgettext", words, words),
    op("npgettext", words, words, words, small),
)
_plurals = st.sampled_from(["n != 1", "n%10==1 ? 0 : n>5 && n<9 || n==3 ? 1 : 2", "(n", "n**2", "!n", "n+1-(2*3)/4"])

SUBJECT = Subject(
    "gettext",
    calls=(
        *_lookups,
        op(_translated, names),
        op(_default, names),
        op(_common),
        op("c2py", _plurals),
        op("dgettext", names, words),
        op("dngettext", names, words, words, small),
        op("dpgettext", names, words, words),
        op("dnpgettext", names, words, words, words, small),
        op("textdomain"),
        op("bindtextdomain", names),
        op("textdomain", names),
        op("install", names),
    ),
    objects=(
        shared(
            "GNUTranslations",
            _common,
            *_lookups,
            op(lambda found: found.add_fallback(type(found)(__import__("io").BytesIO(MO)))),
            *each("info charset install"),
        ),
    ),
    tests=("test.test_gettext",),
)
