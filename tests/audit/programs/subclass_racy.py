# SPDX-License-Identifier: MIT
# race: certain Stack
import threading


class Stack(list):
    def push(self, item):
        self.append(item)

    def show(self):
        return [str(item) for item in self]


stack = Stack(["a"])
threads = [threading.Thread(target=stack.push, args=("b",)), threading.Thread(target=stack.show)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(stack))
