"""What type checkers make of the exceptions. Checked by mypy, run by tests/meta/test_typing.py."""

from typing import assert_type

import owned

error = owned.MovedError("gone")
assert_type(error.owner, str | None)
assert_type(error.owner_id, int | None)
assert_type(error.site, tuple[str, int, str] | None)
runtime_error: RuntimeError = error
type_error: TypeError = owned.FrozenError("frozen")
lookup_error: LookupError = error  # type: ignore[assignment]
