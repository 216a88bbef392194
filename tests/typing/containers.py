"""What type checkers make of the guarded containers. Checked by mypy, run by tests/meta/test_typing.py."""

from typing import assert_type

import owned

numbers = owned.List([1, 2])
assert_type(numbers, owned.List[int])
assert_type(numbers[0], int)
assert_type(numbers.copy(), owned.List[int])
more = numbers + [3]  # noqa: RUF005 - the operator is what is looked at
assert_type(more, owned.List[int])
plain: list[int | str] = [*numbers]
assert_type([number for number in numbers if number > 1], list[int])

ages = owned.Dict({"Ada": 36})
assert_type(ages, owned.Dict[str, int])
assert_type(ages["Ada"], int)
assert_type(ages.copy(), owned.Dict[str, int])
assert_type(owned.Dict(Ada=36), owned.Dict[str, int])
as_dict: dict[str, int] = ages
assert_type([name for name, age in ages.items() if age > 30], list[str])

names = owned.Set({"Ada"})
assert_type(names, owned.Set[str])
assert_type(names.copy(), owned.Set[str])
names.add(3)  # type: ignore[arg-type]
numbers.append("3")  # type: ignore[arg-type]
