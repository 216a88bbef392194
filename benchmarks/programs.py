# SPDX-License-Identifier: MIT
"""The programs of pyperformance that bench_programs.py measures, and the process that each of them runs in.

Nothing of pyperformance is copied: its ``run_benchmark.py`` files are imported from where it is installed, and their
own functions are called with smaller sizes, so that one loop takes some milliseconds. A program is made guarded by
configuration alone: a ``pyproject.toml`` whose ``[tool.owned]`` names every class of it (and, where the program is a
few lines around a library, every class of that library), in the folder that the process starts in.

``python -m benchmarks.programs <name> <mode>`` is that process; a number of loops on its standard input is answered by
a line of JSON. The mode ``plain`` does not import owned, except in a fork of the process, which ends after it has told
which classes there are and which of them ``own_class`` refuses, with the reason. `AS_IT_IS` does not even do that; it
is for ``benchmarks.audited``.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import importlib.util
import io
import json
import os
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs

AS_IT_IS = "as it is"  # a mode
MAIN = "run_benchmark"  # what pyperformance calls the one module of each of its programs


@attrs.frozen
class Workload:
    """A program that is ready to run."""

    run: Callable[[int], float]
    """So many loops, and the seconds they took."""
    result: Callable[[], object]
    """Runs it once more and returns what it made: the same in every mode."""


@attrs.frozen
class Program:
    """One row of the table."""

    name: str
    """As pyperformance calls the row."""
    folder: str
    prepare: Callable[[Any], Workload]
    packages: tuple[str, ...] = (MAIN,)
    """Whose classes are guarded."""
    without: tuple[str, ...] = ()
    """Modules in C that the pure-Python code is to do without."""
    needs: tuple[str, ...] = ()
    """What is imported and need not be installed."""


def programs_folder() -> Path | None:
    """Where pyperformance keeps its programs; None where it is not installed."""
    spec = importlib.util.find_spec("pyperformance")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "data-files" / "benchmarks"


# ---- how each is called ----------------------------------------------------------------------------------------------


def _calls(function: Callable[..., object], *args: Any) -> Callable[[int], float]:
    """For what pyperformance gives to ``bench_func``."""

    def run(loops: int) -> float:
        before = time.perf_counter()
        for _ in range(loops):
            function(*args)
        return time.perf_counter() - before

    return run


def _times(function: Callable[..., float], *args: Any) -> Callable[[int], float]:
    """For what pyperformance gives to ``bench_time_func``: it measures itself."""

    def run(loops: int) -> float:
        return function(loops, *args)

    return run


def _plain_call(function: Callable[..., object], *args: Any) -> Workload:
    return Workload(_calls(function, *args), lambda: function(*args))


class _Runner:
    """Stands for pyperf's runner, and keeps what a program wants measured."""

    def __init__(self) -> None:
        self.metadata: dict[str, object] = {}
        self.call: tuple[Callable[..., object], tuple[Any, ...]]

    def bench_func(self, name: str, function: Callable[..., object], *args: Any) -> None:
        self.call = (function, args)


def _fields(*objects: Any) -> list[tuple[str, dict[str, object]]]:
    """What plain objects hold, one level deep."""
    return [(type(x).__name__, {k: v for k, v in vars(x).items() if not hasattr(v, "__dict__")}) for x in objects]


def _richards(m: Any) -> Workload:
    return _plain_call(m.Richards().run, 1)


def _deltablue(m: Any) -> Workload:
    said: list[object] = []
    m.print = lambda *args: said.append(args)  # it tells what went wrong, and goes on

    def result() -> object:
        del said[:]
        m.delta_blue(30)
        return said, m.planner.current_mark

    return Workload(_calls(m.delta_blue, 30), result)


def _file(make: Callable[[str], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "out")
        make(name)
        return Path(name).read_bytes()


def _raytrace(m: Any) -> Workload:
    return Workload(
        _times(m.bench_raytrace, 16, 16, None), lambda: _file(lambda name: m.bench_raytrace(1, 24, 24, name))
    )


def _chaos(m: Any) -> Workload:
    runner = _Runner()
    m.main(runner, SimpleNamespace(thickness=0.25, width=64, height=64, iterations=400, filename=None, rng_seed=1234))
    function, args = runner.call
    return Workload(_calls(function, *args), lambda: _file(lambda name: function(64, 64, 400, name, 1234)))


def _hexiom(m: Any) -> Workload:
    def result() -> str:
        stream = io.StringIO()
        m.solve_file(m.LEVELS[10][0].strip(), m.Done.FIRST_STRATEGY, m.DESCENDING, stream)
        return stream.getvalue()

    return Workload(_times(m.main, 10), result)


def _go(m: Any) -> Workload:
    m.GAMES = 4

    def result() -> object:
        before = m.MOVES
        return m.versus_cpu(), m.MOVES - before

    return Workload(_calls(m.versus_cpu), result)


def _mdp(m: Any) -> Workload:
    """The whole of it takes seconds: it is stopped when it knows what follows from its first states."""

    class EnoughError(Exception):
        pass

    def first_states(roots: list[Any], following: Callable[[Any], list[Any]]) -> None:
        known = list(roots)
        for state in known[:]:
            known += following(state)
        for state in known[1:10]:
            following(state)
        raise EnoughError

    m.topoSort = first_states

    def explore() -> object:
        battle = m.Battle()
        try:
            battle.evaluate(0.192)
        except EnoughError:
            return sorted(map(repr, battle.successors.items()))

    return _plain_call(explore)


def _float(m: Any) -> Workload:
    def result() -> object:
        point = m.benchmark(1000)
        return point.x, point.y, point.z

    return Workload(_calls(m.benchmark, 1000), result)


def _sor(m: Any) -> Workload:
    def result() -> object:
        grid = m.Random(7).RandomMatrix(m.Array2D(12, 12))
        m.SOR_execute(1.25, grid, 3, m.Array2D)
        return list(grid.data)

    return Workload(_times(m.bench_SOR, 20, 5, m.Array2D), result)


def _monte_carlo(m: Any) -> Workload:
    return Workload(_times(m.bench_MonteCarlo, 2000), lambda: m.MonteCarlo(2000))


def _pyflate(m: Any) -> Workload:
    import bz2

    text = Path(m.__file__).read_bytes()[:3000]
    packed = bz2.compress(text)

    def unpack() -> object:
        field = m.RBitfield(io.BytesIO(packed))
        assert field.readbits(16) == 0x425A
        return m.bzip2_main(field)

    return _plain_call(unpack)


def _barnes_hut(m: Any) -> Workload:
    def result() -> object:
        particles = m.create_deterministic_galaxy(20, 500, 400)
        for _ in range(3):
            m.advance_system(particles, 0.5, m.TIME_STEP, 1000, 800)
        return [(p.position.x, p.position.y, p.velocity.x, p.velocity.y) for p in particles]

    return Workload(_times(m.bench_quadtree_nbody, 24, 1, 0.5), result)


def _comprehensions(m: Any) -> Workload:
    return Workload(
        _times(m.bench_comprehensions),
        lambda: [widget.widget_id for widget in m.WidgetTray(1, m.make_some_widgets()).sorted_widgets],
    )


def _deepcopy(m: Any) -> Workload:
    import copy

    return Workload(_times(m.benchmark), lambda: repr(copy.deepcopy(m.A("hello", [1, [2], 3], True))))


def _generators(m: Any) -> Workload:
    tree = m.tree(range(5000))

    def walk() -> int:
        count = 0
        for _ in tree:
            count += 1
        return count

    return Workload(_calls(walk), lambda: list(tree))


def _protocols(m: Any) -> Workload:
    def result() -> object:
        protocols = (m.HasX, m.HasManyAttributes, m.SupportsInt, m.SupportsManyMethods, m.SupportsIntAndX)
        things = [
            value()
            for value in vars(m).values()
            if isinstance(value, type) and value.__doc__ and value.__module__ == MAIN and value not in protocols
        ]
        return [[isinstance(thing, protocol) for protocol in protocols] for thing in things]

    return Workload(_times(m.bench_protocols), result)


def _async_tree(m: Any) -> Workload:
    import asyncio

    m.NUM_RECURSE_LEVELS, m.IO_SLEEP_TIME = 3, 0

    def run() -> object:
        tree = m.MemoizationAsyncTree()
        asyncio.run(tree.run())
        return sorted(tree.cache), random.random()

    return _plain_call(run)


def _pyaes(m: Any) -> Workload:
    text = m.CLEARTEXT[:2000]

    def there_and_back() -> object:
        aes = m.pyaes.AESModeOfOperationCTR(m.KEY)
        secret = aes.encrypt(text)
        return secret, m.pyaes.AESModeOfOperationCTR(m.KEY).decrypt(secret)

    return _plain_call(there_and_back)


def _html5lib(m: Any) -> Workload:
    page = (Path(m.__file__).parent / "data" / "w3_tr_html5.html").read_bytes()[:12000]
    file = io.BytesIO(page)

    def result() -> object:
        import xml.etree.ElementTree as tree

        return tree.tostring(m.html5lib.parse(page))

    return Workload(_calls(m.bench_html5lib, file), result)


def _genshi(m: Any) -> Workload:
    kind, text = m.BENCHMARKS["xml"]
    template = kind(text)
    table = [dict(a=1, b=2, c=3, d=4, e=5) for _ in range(30)]
    return _plain_call(lambda: template.generate(table=table).render())


def _django(m: Any) -> Workload:
    import django
    import django.conf

    django.conf.settings.configure(TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}])
    django.setup()
    runner = _Runner()
    m.bench_django_template(runner, 15)
    return _plain_call(runner.call[0], *runner.call[1])


def _yaml(m: Any) -> Workload:
    text = json.dumps(m.DICT, default=str)
    return Workload(_calls(m.bench_yaml, (text,)), lambda: m.yaml.load(text, Loader=m.yaml.Loader))


def _docutils(m: Any) -> Workload:
    text = min(m.DOC_ROOT.rglob("*.txt"), key=lambda path: path.stat().st_size).read_text(encoding="utf-8")
    settings = {"input_encoding": "unicode", "output_encoding": "unicode", "report_level": 5, "_disable_config": True}

    def publish() -> object:
        return m.core.publish_string(text, writer_name="html5", settings_overrides=settings)

    return _plain_call(publish)


def _logging(m: Any) -> Workload:
    stream = io.StringIO()
    logger = m.logging.getLogger("benchlogger")
    logger.propagate = False
    logger.addHandler(m.logging.StreamHandler(stream=stream))
    logger.setLevel(m.logging.WARNING)

    def result() -> str:
        m.bench_formatted_output(2, logger, stream)
        return stream.getvalue()

    return Workload(_times(m.bench_formatted_output, logger, stream), result)


def _argparse(m: Any) -> Workload:
    def result() -> object:
        parser = m.argparse.ArgumentParser(prog="prog")
        parser.add_argument("--count", type=int, default=3)
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--loud", action="store_true")
        commands = parser.add_subparsers(dest="command")
        commands.add_parser("add").add_argument("files", nargs="+")
        return sorted(vars(parser.parse_args(["--loud", "add", "a", "b"])).items()), parser.format_help()

    return Workload(_calls(m.BENCHMARKS["many_optionals"]), result)


def _pickle(which: str) -> Callable[[Any], Workload]:
    def prepare(m: Any) -> Workload:
        import pickle

        assert pickle.Pickler.__module__ == "pickle"
        options = SimpleNamespace(protocol=pickle.HIGHEST_PROTOCOL)
        data = m.DICT

        def result() -> object:
            packed = pickle.dumps(data, options.protocol)
            return packed, pickle.loads(packed)

        function = m.BENCHMARKS[which][0]
        m.DICT_GROUP = []
        return Workload(_times(function, pickle, options), result)

    return prepare


def _etree(m: Any) -> Workload:
    import xml.etree.ElementTree as etree

    def generate() -> object:
        root = etree.Element("root")
        for number in range(30):
            child = etree.SubElement(root, "child", number=str(number))
            etree.SubElement(child, "leaf").text = f"leaf {number}"
        return etree.tostring(root)

    return _plain_call(generate)


def _pprint(m: Any) -> Workload:
    return _plain_call(m.p.pformat, m.printable[:20])


def _regex_compile(m: Any) -> Workload:
    regexes = [
        (r"(?P<year>\d{4})-(?P<month>[01]\d)-(\d\d)?", 0),
        (r"^(?:[a-z]+|\s*(foo|bar)*?)$", 2),
        (r"[^\w.-]+$", 0),
    ]

    def result() -> object:
        m.re.purge()
        return [m.re.compile(*regex).findall("2020-01-02 foo\nbar") for regex in regexes]

    return Workload(_times(m.bench_regex_compile, regexes), result)


PROGRAMS: tuple[Program, ...] = (
    Program("richards", "bm_richards", _richards),
    Program("richards_super", "bm_richards_super", _richards),
    Program("deltablue", "bm_deltablue", _deltablue),
    Program("raytrace", "bm_raytrace", _raytrace),
    Program("chaos", "bm_chaos", _chaos),
    Program("hexiom", "bm_hexiom", _hexiom),
    Program("go", "bm_go", _go),
    Program("mdp", "bm_mdp", _mdp),
    Program("float", "bm_float", _float),
    Program("scimark_sor", "bm_scimark", _sor),
    Program("scimark_monte_carlo", "bm_scimark", _monte_carlo),
    Program("pyflate", "bm_pyflate", _pyflate),
    Program("barnes_hut", "bm_barnes_hut", _barnes_hut),
    Program("comprehensions", "bm_comprehensions", _comprehensions),
    Program("deepcopy", "bm_deepcopy", _deepcopy),
    Program("generators", "bm_generators", _generators),
    Program("typing_runtime_protocols", "bm_typing_runtime_protocols", _protocols),
    Program("async_tree_memoization", "bm_async_tree", _async_tree),
    Program("crypto_pyaes", "bm_crypto_pyaes", _pyaes, ("pyaes",), needs=("pyaes",)),
    Program("html5lib", "bm_html5lib", _html5lib, ("html5lib",), needs=("html5lib",)),
    Program("genshi_xml", "bm_genshi", _genshi, ("genshi",), needs=("genshi",)),
    Program("django_template", "bm_django_template", _django, ("django.template",), needs=("django",)),
    Program("yaml", "bm_yaml", _yaml, ("yaml",), needs=("yaml",)),
    Program("docutils", "bm_docutils", _docutils, ("docutils",), needs=("docutils",)),
    Program("logging_format", "bm_logging", _logging, ("logging",)),
    Program("argparse_many_optionals", "bm_argparse", _argparse, ("argparse",)),
    Program("pickle_pure_python", "bm_pickle", _pickle("pickle"), ("pickle",), ("_pickle",)),
    Program("unpickle_pure_python", "bm_pickle", _pickle("unpickle"), ("pickle",), ("_pickle",)),
    Program("xml_etree_pure_python_generate", "bm_xml_etree", _etree, ("xml.etree",), ("_elementtree",)),
    Program("pprint_pformat", "bm_pprint", _pprint, ("pprint",)),
    Program("regex_compile", "bm_regex_compile", _regex_compile, ("re",)),
)
BY_NAME = {program.name: program for program in PROGRAMS}


# ---- the process -----------------------------------------------------------------------------------------------------


def _classes(packages: tuple[str, ...]) -> list[str]:
    """Every class that the modules of these packages define, as ``own_class`` wants it."""
    found = []
    for name, module in list(sys.modules.items()):
        if any(name == package or name.startswith(f"{package}.") for package in packages):
            todo = list(vars(module).items())
            for path, value in todo:
                if isinstance(value, type) and value.__module__ == name and value.__qualname__ == path:
                    found.append(f"{name}:{path}")
                    todo += [(f"{path}.{inner}", below) for inner, below in vars(value).items()]
    return found


def _try_classes(packages: tuple[str, ...]) -> dict[str, object]:
    from owned import own_class

    taken, refused = [], {}
    for name in _classes(packages):
        try:
            own_class(name)
        except (TypeError, ValueError) as error:
            refused[name] = str(error)
        else:
            taken.append(name)
    return {"classes": taken, "refused": refused}


def _in_a_fork(ask: Callable[[], dict[str, object]]) -> dict[str, object]:
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(readable)
        status = 1
        try:
            with os.fdopen(writable, "w") as file:
                json.dump(ask(), file)
            status = 0
        finally:
            os._exit(status)
    os.close(writable)
    with os.fdopen(readable) as file:
        text = file.read()
    os.waitpid(child, 0)
    answer: dict[str, object] = json.loads(text)
    return answer


def _guarded(packages: tuple[str, ...]) -> int:
    """How many of the classes are guarded now."""
    owned = sys.modules.get("owned")
    if owned is None:
        return 0
    count = 0
    for name in _classes(packages):
        module, _, path = name.partition(":")
        found: Any = sys.modules[module]
        for part in path.split("."):
            found = vars(found)[part]
        count += issubclass(found, owned.Owned)
    return count


def _digest(result: object) -> str:
    return hashlib.sha256(repr(result).encode()).hexdigest()


def main(name: str, mode: str) -> None:
    """Be the process of one program in one mode."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    sys.stdout = io.StringIO()  # what programs print goes nowhere
    warnings.simplefilter("ignore")
    program = BY_NAME[name]
    folder = programs_folder()
    assert folder is not None
    for module in program.without:
        sys.modules.pop(module, None)
        sys.modules[module] = None  # type: ignore[assignment]  # None makes an import fail
    for module in list(sys.modules):
        if any(
            module == package or module.startswith(f"{package}.") for package in program.packages if program.without
        ):
            del sys.modules[module]
    if mode not in ("plain", AS_IT_IS):
        import owned  # noqa: F401  # reads [tool.owned] of the folder's pyproject.toml
    sys.path.insert(0, str(folder / program.folder))
    workload = program.prepare(importlib.import_module(MAIN))
    result = workload.result()
    found = _in_a_fork(lambda: _try_classes(program.packages)) if mode == "plain" else {}
    gc.collect()
    guarded = 0 if mode == AS_IT_IS else _guarded(program.packages)
    print(json.dumps({"result": _digest(result), "guarded": guarded, **found}), file=answers)
    for line in sys.stdin:
        print(json.dumps(workload.run(int(line))), file=answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
