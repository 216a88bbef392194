# SPDX-License-Identifier: MIT
"""locale, what of it is in Python."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, flags, floats, numbers, op, words

_locales = st.sampled_from(
    ["de_DE.utf8", "en_US", "C", "fr", "ja_JP.eucJP", "sr@latin", "x.y.z", "en_GB.ISO8859-1@euro"]
)

SUBJECT = Subject(
    "locale",
    calls=(
        op("normalize", _locales),
        *each("getlocale localeconv getpreferredencoding getencoding"),
        op("setlocale", st.just(0), st.sampled_from(["C", "", "C.UTF-8", ("C", None)])),
        op("format_string", st.just("%d %% %s"), st.just((1234567, "x")), flags, monetary=flags),
        op("format_string", st.sampled_from(["%d", "%.2f", "%s %%", "%(a)d"]), numbers, flags),
        op("currency", floats, flags, flags),
        *each("str delocalize", st.sampled_from([1.5, "1,000.5"])),
        *each("atof atoi", st.sampled_from(["1", "1.5", "x"])),
        *each("strxfrm", words),
        op("strcoll", words, words),
        op("localize", st.just("1234.5"), flags),
        op("getdefaultlocale"),
        op(lambda locale: locale._print_locale()),
        op(lambda locale: locale._override_localeconv.update({"grouping": [3, 2, 0], "thousands_sep": ","})),
    ),
    tests=("test.test_locale",),
)
