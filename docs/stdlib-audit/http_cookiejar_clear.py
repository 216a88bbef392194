# SPDX-License-Identifier: MIT
"""http.cookiejar: a request fails while another thread clears a domain of the shared jar.

`CookieJar` takes its lock in most methods, but not in `clear()`, so that `add_cookie_header()` iterates over a
dictionary that shrinks under it.
"""

import http.cookiejar
import sys
import threading
import urllib.request

ROUNDS = 100_000
errors = []
done = threading.Event()


def cookie(domain):
    return http.cookiejar.Cookie(
        0, "a", "1", None, False, domain, True, False, "/", True, False, 4_000_000_000, False, None, None, {}
    )


jar = http.cookiejar.CookieJar()
for number in range(20):
    jar.set_cookie(cookie(f"host{number}.example.com"))


def change():
    while not done.is_set():
        jar.set_cookie(cookie("host7.example.com"))
        jar.clear("host7.example.com")


def ask():
    try:
        for _ in range(ROUNDS):
            jar.add_cookie_header(urllib.request.Request("http://host3.example.com/"))
    except (RuntimeError, KeyError) as error:
        errors.append(error)
    finally:
        done.set()


threads = [threading.Thread(target=change), threading.Thread(target=ask)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if errors:
    sys.exit(f"add_cookie_header() raised {errors[0]!r}")
