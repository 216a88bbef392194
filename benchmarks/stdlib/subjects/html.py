# SPDX-License-Identifier: MIT
"""html, html.parser and html.entities."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, flags, op, shared, text, words

_pages = st.sampled_from(
    [
        "<!DOCTYPE html><p class=a>x &amp; y&#65;<br/></p>",
        "<script>a < b</script><!-- c --><?pi x?>",
        "<a href='x\"y' b>&unknown; &copy",
        "</p><![CDATA[x]]><!bad>",
        "<textarea>&lt;</textarea><title>x",
    ]
)


def _parse(html, page):
    parser = __import__("html.parser").parser.HTMLParser(convert_charrefs=len(page) % 2 == 0)
    parser.feed(page)
    parser.feed(page[:9])
    parser.close()
    return parser.getpos(), parser.get_starttag_text()


SUBJECT = Subject(
    "html",
    files=("html.parser", "html.entities", "_markupbase"),
    calls=(op(_parse, _pages), *each("escape unescape", _pages), op("escape", text, flags)),
    objects=(
        shared(
            "HTMLParser",
            lambda html: __import__("html.parser").parser.HTMLParser(),
            op("feed", _pages),
            *each("close reset getpos get_starttag_text"),
            op("unknown_decl", words),
            op("set_cdata_mode", st.just("script")),
            op("clear_cdata_mode"),
        ),
    ),
    tests=("test.test_htmlparser",),
)
