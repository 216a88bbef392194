from threading import Thread

from owned import freeze, owned


@owned
class Config:
    def __init__(self) -> None:
        self.servers = ["alpha", "beta"]


config = freeze(Config())  # everybody may read it, for ever, without a lock


def serve() -> None:
    print("servers:", config.servers)
    config.servers = ["gamma"]


Thread(target=serve, name="server").start()
