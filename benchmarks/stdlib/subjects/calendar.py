# SPDX-License-Identifier: MIT
"""calendar."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, flags, op, shared, small

_years = st.sampled_from([1, 1999, 2024])
_months = st.integers(1, 12)
_firsts = st.integers(0, 6)
_month_of = each(
    "monthdatescalendar monthdays2calendar monthdayscalendar itermonthdates itermonthdays itermonthdays2"
    " itermonthdays3 itermonthdays4",
    _years,
    _months,
)
_year_of = each("yeardatescalendar yeardays2calendar yeardayscalendar", _years)

SUBJECT = Subject(
    "calendar",
    calls=(
        op("setfirstweekday", _firsts),
        op("firstweekday"),
        *each("monthrange monthcalendar month prmonth", _years, _months),
        *each("calendar isleap", _years),
        op("leapdays", _years, _years),
        op("weekday", _years, _months, _months),
        op("weekheader", small),
        op(lambda calendar, year, month: calendar.HTMLCalendar().formatmonth(year, month), _years, _months),
        op(lambda calendar, year: calendar.HTMLCalendar().formatyearpage(year), _years),
        op(lambda calendar, y, m: calendar.LocaleTextCalendar(locale="C").formatmonth(y, m), _years, _months),
        op(lambda calendar, y, m: calendar.LocaleHTMLCalendar(locale="C").formatmonth(y, m), _years, _months),
        op("timegm", st.just((2024, 2, 3, 4, 5, 6))),
    ),
    objects=(
        shared(
            "TextCalendar",
            lambda calendar: calendar.TextCalendar(),
            op("setfirstweekday", _firsts),
            *each("iterweekdays getfirstweekday"),
            op("formatmonth", _years, _months, small, small),
            op("formatyear", _years, small, small, small, small),
            *_month_of,
            *_year_of,
        ),
        shared(
            "LocaleTextCalendar",
            lambda calendar: calendar.LocaleTextCalendar(locale="C"),
            op("formatmonth", _years, _months),
            op("formatmonthname", _years, _months, small, flags),
            op("formatweekday", _firsts, small),
        ),
    ),
)
