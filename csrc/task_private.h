/* Tasks: what task_private() makes the holder of a region.
 *
 * A region that is private to a task is PRIVATE with OWNED_NOBODY as its holder, so every access takes the slow path, which
 * asks whether the task that runs on the calling thread is the region's. Who runs is asked of whoever runs it: asyncio or
 * trio (owned/_async_tasks.py). A context variable would answer for the task's children too: they start with a copy of its
 * context. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_TASK_PRIVATE_H
#define OWNED_TASK_PRIVATE_H

#include "compat.h"

/* What is remembered of a task (owned._core.TaskInfo). Nothing in it changes but `finished`. */
typedef struct owned_task_info {
    PyObject_HEAD
    PyObject *ask;     /* strong: callable that gives what runs on the calling thread now, RuntimeError: nothing of that kind */
    PyObject *ref;     /* strong: weak reference to the task */
    PyObject *name;    /* strong: the task's name when it was met, or None for a context */
    uint64_t finished; /* 1 once it was seen to have ended; atomic */
} owned_task_info;

/* Is it the one that runs on this thread now? 1, 0, or -1 with an error set. Runs Python only where the task's framework is
 * written in it. */
int owned_task_info_is_current(owned_task_info *task);

/* Has it ended, so that it will never touch anything again? 1 or 0; keeps an error that is set. */
int owned_task_info_has_ended(owned_task_info *task);

#endif
