from threading import Thread

from owned import List, locked, share

log = share(List(["opened"]))  # from now on only under its lock


def visit() -> None:
    with locked(log):
        log.append("came")  # fine
    log.append("went")


Thread(target=visit, name="visitor").start()
