# SPDX-License-Identifier: MIT
"""The way out of a race, in one or two sentences, picked from what the run showed."""

from __future__ import annotations

import os
import re

from owned._audit._findings import Access, Certainty, Exposure, Findings, Kind, Lock, Place, Race

_CHECK = re.compile(r"\bis (not )?None\b|\bnot in\b|^\s*if not\b|\bhasattr\(")
_STEP = re.compile(r"[-+|&^]=\s*(-?\d+|len\(.*\))\s*(#.*)?$")
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_FIRST_THREAD = 1
_NAMES_ONLY = (Kind.GLOBAL, Kind.CLOSURE, Kind.CLASS_ATTRIBUTE)
"""The variables that are no part of an object that could be shared or frozen."""


def advise(race: Race, findings: Findings) -> str:
    """What to do about a race.

    Args:
        race: the race.
        findings: the locks, threads and exposures of the run.

    Returns:
        Plain English; what is in backticks is code.
    """
    return (
        _make_once(race, findings)
        or _use_the_lock(race, findings)
        or _agree_on_a_lock(race, findings)
        or _count_atomically(race)
        or _wait(race, findings)
        or _freeze(race, findings)
        or _move(race, findings)
        or _share(race)
    )


def _use_the_lock(race: Race, findings: Findings) -> str:
    """One of the two held a lock, the other one none."""
    held = [one for one in race.accesses if one.locks]
    if len(held) != 1:
        return ""
    [careful] = held
    careless = race.second if careful is race.first else race.first
    lock = findings.lock_of(careful.locks[-1])
    where = _where(careless.place)
    if careless.place == careful.place:
        where = f"{where} on every way there"
    told = f"Take {_lock(lock)} at {where} as well"
    if race.variable.kind in _NAMES_ONLY:
        return f"{told}: {_who(findings, careful)} held it, {_who(findings, careless)} did not."
    return (
        f"{told}, as {_who(findings, careful)} did. With `share({_object(race)}, lock={_lock_name(lock)})` the access "
        "that forgets it raises at once."
    )


def _agree_on_a_lock(race: Race, findings: Findings) -> str:
    """Both held a lock, and not the same one."""
    if not (race.first.locks and race.second.locks) or set(race.first.locks) & set(race.second.locks):
        return ""
    one, other = (findings.lock_of(access.locks[-1]) for access in race.accesses)
    told = f"Two locks guard one variable, {_lock(one)} and {_lock(other)}: use the same one at both places."
    if one.made and one.made[:1] == other.made[:1]:
        told = f"Each thread took a lock of its own, made at {_where(one.made[0])}: make one lock for both."
    if race.variable.kind in _NAMES_ONLY:
        return told
    return f"{told} With `share({_object(race)}, lock={_lock_name(one)})` any other one raises."


def _count_atomically(race: Race) -> str:
    """Both of them count: `x += 1` and the like on an integer."""
    one, other = race.accesses
    is_step = [access.kind == "update" or one.place.line == other.place.line for access in race.accesses]
    if not any(step and _STEP.search(access.place.source) for step, access in zip(is_step, race.accesses, strict=True)):
        return ""
    if race.variable.kind is Kind.ITEM:
        return f"Let each value be an `AtomicInt`, and count by `increment()` or `add(n)`; or {_under_a_lock(race)}."
    return (
        "Make it an `AtomicInt`, and count by `increment()` or `add(n)`: each is one step, and no update is lost. "
        f"Or {_under_a_lock(race)}."
    )


def _make_once(race: Race, findings: Findings) -> str:
    """One of them looked whether it was there before it was made."""
    one, other = race.accesses
    if one.place.function != other.place.function or not (one.writes or other.writes):
        return ""
    reads = [access for access in race.accesses if _CHECK.search(access.place.source)]
    if not reads:
        return ""
    locks = [lock for access in race.accesses for lock in access.locks]
    if locks and not reads[0].locks:
        return (
            f"The first look at {_where(reads[0].place)} is outside of {_lock(findings.lock_of(locks[-1]))}: look "
            "inside. Or let `Lazy(make)` make it once, whoever asks first."
        )
    return (
        "Two threads can find it missing, and both make it. `Lazy(make)` makes it once, whoever asks first; "
        f"or {_under_a_lock(race, 'the look and the making together')}."
    )


def _freeze(race: Race, findings: Findings) -> str:
    """One thread filled it, and from then on it was only read."""
    exposure = _exposure(race, findings)
    if race.variable.kind in _NAMES_ONLY or exposure is None or exposure.writes or race.second.writes:
        return ""
    if race.maker and race.maker != _thread(findings, race.first.thread):
        return ""
    name = _object(race)
    return (
        f"It is only read once it is there: `freeze({name})` when it is complete, before another thread can see it, or "
        "hand it over through a `Channel` or a queue."
    )


def _move(race: Race, findings: Findings) -> str:
    """Where it was made it was still written when another thread had taken it over."""
    if race.variable.kind in _NAMES_ONLY or not race.made or race.maker != _thread(findings, race.first.thread):
        return ""
    if race.made[0].function != race.first.place.function:
        return ""
    return (
        f"Let {race.first.place.function} give it away when it is done with it: `move({_object(race)})` makes a later "
        "access there raise. Where both threads need it, "
        f"{_under_a_lock(race)}."
    )


def _wait(race: Race, findings: Findings) -> str:
    """The main thread looks at what another one writes."""
    first, second = race.accesses
    gives_away = race.maker and race.maker == _thread(findings, first.thread)
    for looker, writer in ((second, first),) if gives_away else ((second, first), (first, second)):
        if writer.writes and not looker.writes and looker.thread == _FIRST_THREAD:
            return (
                f"Wait for thread {findings.thread_name(writer.thread)!r} before looking at what it makes: "
                "`join()` it, or take the result from a future or a `Channel`. Where both must go on, "
                f"{_under_a_lock(race)}."
            )
    return ""


def _share(race: Race) -> str:
    text = _under_a_lock(race)
    if race.certainty is Certainty.POSSIBLE and set(race.first.locks) & set(race.second.locks):
        return f"Hold the lock until both are done with it: {text}."
    return f"{text[0].upper()}{text[1:]}."


# ---- words -----------------------------------------------------------------------------------------------------------


def _under_a_lock(race: Race, what: str = "every access") -> str:
    if race.variable.kind in _NAMES_ONLY:
        return f"take one lock around {what}" + (f" of {race.variable.short}" if what == "every access" else "")
    return f"`share({_object(race)}, lock=lock)`, and `with lock:` around {what}"


def _object(race: Race) -> str:
    """The object that was touched as the program calls it, or by its type."""
    if race.variable.kind is Kind.ATTRIBUTE:
        return _snake(race.variable.owner_name)
    for access in race.accesses:
        found = _NAME.match(access.place.expression)
        if found is None:
            continue
        name, rest = found[0], access.place.expression[found.end() :]
        if rest.startswith("(") or (not rest and _is_called(access.place)):
            name = name.rpartition(".")[0]
        if name:
            return name
    if race.made and (target := re.match(r"([\w.]+)\s*(:[^=]+)?=[^=]", race.made[0].source)):
        return target[1]
    return _snake(race.variable.owner)


def _is_called(place: Place) -> bool:
    line = place.source
    at = line.find(place.expression)
    return at >= 0 and line[at + len(place.expression) :].lstrip().startswith("(")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower().strip("_")


def _lock(lock: Lock) -> str:
    where = f" (made at {_where(lock.made[0])})" if lock.made else ""
    return f"`{lock.name}`{where}"


def _lock_name(lock: Lock) -> str:
    return lock.name if _NAME.fullmatch(lock.name) else "lock"


def _where(place: Place) -> str:
    folder, name = os.path.split(place.file)
    if name.startswith("__"):
        name = f"{os.path.basename(folder)}/{name}"
    return f"{name}:{place.line}"


def _who(findings: Findings, access: Access) -> str:
    return f"thread {findings.thread_name(access.thread)!r}"


def _exposure(race: Race, findings: Findings) -> Exposure | None:
    return next((one for one in findings.exposures if one.variable == race.variable), None)


def _thread(findings: Findings, number: int) -> str:
    return next((thread.name for thread in findings.threads if thread.number == number), "")
