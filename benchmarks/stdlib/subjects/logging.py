# SPDX-License-Identifier: MIT
"""logging."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, numbers, op, own, shared, words

PROMISED = "the logging module is intended to be thread-safe"
_levels = st.sampled_from([10, 20, 30, "INFO", "DEBUG"])
_loggers = st.sampled_from(["", "a", "a.b", "a.b.c", "d"])


class _Sink:
    def __init__(self):
        self.text = []

    def write(self, text):
        self.text.append(text)

    def flush(self):
        pass


def _configured(logging, name):
    import logging.config

    logging.config.dictConfig(
        {
            "version": 1,
            "formatters": {"f": {"format": "%(message)s"}},
            "filters": {"only": {"name": "a"}},
            "handlers": {"h": {"class": "logging.NullHandler", "filters": ["only"], "formatter": "f"}},
            "loggers": {name: {"handlers": ["h"], "level": "INFO", "propagate": False}},
            "disable_existing_loggers": False,
        }
    )


def _handled(logging, kind, **options):
    import logging.handlers

    handler = getattr(logging.handlers, kind)(str(own("log")), **options)
    for number in range(3):
        handler.handle(logging.makeLogRecord({"msg": "text %d", "args": (number,), "levelno": 30}))
    handler.close()


def _logger(logging):
    logger = logging.Logger("shared")
    logger.addHandler(logging.StreamHandler(_Sink()))
    return logger


def _rotating(logging):
    import logging.handlers

    return logging.handlers.RotatingFileHandler("rotating", maxBytes=60, backupCount=2)


def _memory(logging):
    import logging.handlers

    return logging.handlers.MemoryHandler(2, target=logging.StreamHandler(_Sink()))


def _watched(logging):
    import logging.handlers

    return logging.handlers.WatchedFileHandler("watched")


def _record(logging_handler):
    import logging

    return logging.LogRecord("a", 30, __file__, 1, "text %s", ("x",), None)


_handler_ops = (
    op(lambda handler: handler.handle(_record(handler))),
    op(lambda handler: handler.emit(_record(handler))),
    op("setLevel", _levels),
    op("setFormatter", st.builds(lambda: None)),
    op("addFilter", st.builds(lambda: lambda record: True)),
    op(lambda handler: handler.removeFilter(handler.filters[0])),
    op("set_name", names),
    op("get_name"),
    *each("flush close"),
    op(lambda handler: handler.acquire() or handler.release()),
    op(repr),
)

SUBJECT = Subject(
    "logging",
    files=("logging.config", "logging.handlers"),
    calls=(
        op("getLogger", _loggers),
        op(lambda logging, name, level: logging.getLogger(name).setLevel(level), _loggers, _levels),
        op(lambda logging, name: logging.getLogger(name).isEnabledFor(20), _loggers),
        op(lambda logging, name: logging.getLogger(name).getChild("x"), _loggers),
        op(lambda logging, name: logging.getLogger(name).info("text"), st.just("a.b")),
        op(lambda logging: logging.getLogger("a").getChildren()),
        *each("disable", st.sampled_from([0, 10])),
        op("addLevelName", numbers, names),
        *each("getLevelName getHandlerByName", names),
        *each("getLevelNamesMapping getHandlerNames getLogRecordFactory getLoggerClass shutdown"),
        op(lambda logging: logging.setLogRecordFactory(logging.LogRecord)),
        op(lambda logging: logging.setLoggerClass(logging.Logger)),
        op(lambda logging: logging.basicConfig(handlers=[logging.NullHandler()], force=True)),
        op(lambda logging: logging.captureWarnings(True)),
        op(lambda logging: logging.captureWarnings(False)),
        op(lambda logging, name: logging.StreamHandler(_Sink()).set_name(name), names),
        op(lambda logging: logging.Formatter("{message}", style="{").format(_record(None))),
        op(lambda logging: logging.BufferingFormatter().format([_record(None)])),
        op(lambda logging: logging.LoggerAdapter(logging.getLogger("d"), {"x": 1}).debug("text")),
        op(_configured, st.sampled_from(["a", "a.b"])),
        op(lambda logging: _handled(logging, "RotatingFileHandler", maxBytes=20, backupCount=1)),
        op(lambda logging: _handled(logging, "TimedRotatingFileHandler", when="S")),
        op(lambda logging: _handled(logging, "WatchedFileHandler")),
    ),
    objects=(
        shared(
            "Logger",
            _logger,
            *each("debug info warning error critical exception", words),
            op("log", _levels, words),
            op("setLevel", _levels),
            *each("getEffectiveLevel hasHandlers getChildren"),
            op("isEnabledFor", numbers),
            op(lambda logger: logger.addHandler(type(logger.handlers[0])(_Sink()))),
            op(lambda logger: logger.removeHandler(logger.handlers[0])),
            op("addFilter", st.builds(lambda: lambda record: True)),
            op(lambda logger: logger.removeFilter(logger.filters[0])),
            op("getChild", names),
            promised=PROMISED,
        ),
        shared(
            "StreamHandler",
            lambda logging: logging.StreamHandler(_Sink()),
            *_handler_ops,
            op(lambda h: h.setStream(_Sink())),
            promised=PROMISED,
        ),
        shared(
            "FileHandler",
            lambda logging: logging.FileHandler("log", delay=True),
            *_handler_ops[:9],
            op("flush"),
            op("close"),
            promised=PROMISED,
        ),
        shared(
            "RotatingFileHandler",
            _rotating,
            *_handler_ops[:9],
            op("doRollover"),
            promised=PROMISED,
            done=lambda h: h.close(),
        ),
        shared(
            "MemoryHandler",
            _memory,
            *_handler_ops[:9],
            op("flush"),
            op("close"),
            op("setTarget", st.just(None)),
            promised=PROMISED,
        ),
        shared(
            "WatchedFileHandler",
            _watched,
            *_handler_ops[:9],
            op("reopenIfNeeded"),
            promised=PROMISED,
            done=lambda h: h.close(),
        ),
        shared(
            "LogRecord",
            lambda logging: _record(None),
            op("getMessage"),
            op(lambda record: __import__("logging").Formatter("%(asctime)s %(message)s").format(record)),
            promised=PROMISED,
        ),
    ),
    tests=("test.test_logging",),
    not_tests=("SMTPHandler", "ConfigDictTest.test_listen", "test_listen"),
)
