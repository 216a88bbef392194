# SPDX-License-Identifier: MIT
"""urllib.request: `urlopen()` fails while another thread calls `urlcleanup()`.

`urlopen()` tests whether the module has an opener, and then reads the global again; `urlcleanup()` sets it to None.
"""

import sys
import threading
import urllib.request

SECONDS = 60
errors = []
done = threading.Event()


def change():
    while not done.is_set():
        urllib.request.install_opener(opener)
        urllib.request.urlcleanup()


def ask():
    try:
        while not done.is_set():
            urllib.request.urlopen("test:x")
    except AttributeError as error:
        errors.append(error)
    finally:
        done.set()


class Test(urllib.request.BaseHandler):
    """Answers at once, so that most of the time is spent where the race is."""

    def test_open(self, request):
        return request


opener = urllib.request.OpenerDirector()
opener.add_handler(Test())
urllib.request.build_opener = lambda: opener
threads = [threading.Thread(target=change), threading.Thread(target=ask), threading.Thread(target=ask)]
for thread in threads:
    thread.start()
threads[1].join(SECONDS)
done.set()
for thread in threads:
    thread.join()
if errors:
    sys.exit(f"urlopen() raised {errors[0]!r}")
