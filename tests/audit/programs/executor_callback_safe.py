# SPDX-License-Identifier: MIT
# race: none
from concurrent.futures import ThreadPoolExecutor


class Progress:
    def __init__(self):
        self.text = "nothing"

    def tell(self, future):
        self.text = f"{self.text}, then {future.result()}"


progress = Progress()
progress.text = "begun"
with ThreadPoolExecutor(1) as pool:
    pool.submit(str, 5).add_done_callback(progress.tell)
print(progress.text)
