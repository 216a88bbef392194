# SPDX-License-Identifier: MIT
"""urllib.robotparser."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, op, shared

_robots = st.sampled_from(
    [
        "User-agent: a\nDisallow: /x\nAllow: /\nCrawl-delay: 3\n\nUser-agent: *\nRequest-rate: 3/15\nDisallow:\n",
        "Sitemap: http://x/y\nUser-agent: *\nDisallow: /\n# c\nbad\n",
        "",
    ]
)

SUBJECT = Subject(
    "urllib.robotparser",
    calls=(
        op(
            lambda m, text: (
                (one := m.RobotFileParser("http://h/r")).parse(text.splitlines())
                or [one.can_fetch("a", "/x"), str(one)]
            ),
            _robots,
        ),
        op(lambda m: m.RobotFileParser().set_url("http://h/r")),
    ),
    objects=(
        shared(
            "RobotFileParser",
            lambda m: m.RobotFileParser("http://h/r"),
            op(lambda parser, text: parser.parse(text.splitlines()), _robots),
            *each("can_fetch", names, st.just("/x")),
            *each("crawl_delay request_rate", names),
            *each("site_maps modified mtime __str__"),
            op("set_url", st.just("http://i/r")),
        ),
    ),
    tests=("test.test_robotparser",),
)
