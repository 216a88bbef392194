/* From 3.13 on CPython tells of each object that begins and ends. Both are listened to: an object that ends may show itself once more,
 * in its finalizer or a destructor of its parts, after its end was told and before its memory is another's.
 *
 * Before, memory that is given back is the sign. An object begins 0, 2 or 4 pointers after its memory (behind what the collector
 * and an instance's dictionary need), so each of these addresses is over. Lists and dicts are told of by their types, because
 * their memory is kept for the next one. */
// SPDX-License-Identifier: MIT
#include "deaths.h"
#include "shadow.h"

uint64_t audit_frames[AUDIT_FRAMES];

static void
made_at(uintptr_t address)
{
    if (!audit_is_on())
        return;
    uint64_t *place = &audit_places[audit_place_of(address)];
    uint64_t era = audit_short_era(owned_load_u64(&audit_era)), before;
    while ((before = owned_load_u64(place)) >> AUDIT_ERA_SHIFT != era)
        if (owned_cas_u64(place, before, (before & ((UINT64_C(1) << AUDIT_ERA_SHIFT) - 1)) | era << AUDIT_ERA_SHIFT))
            break;
}

#ifdef OWNED_HAS_REF_TRACER

/* Another thread may call the tracer that it saw with the data that are there a moment later: so the data stay what they were. */
static PyRefTracer tracer_before;

static int
trace(PyObject *obj, PyRefTracerEvent event, void *data)
{
    if (event == PyRefTracer_CREATE) {
        audit_address_changes((uintptr_t)obj);
        made_at((uintptr_t)obj);
        if (PyFrame_Check(obj))
            owned_add_u64(audit_frames_at((uintptr_t)obj), 1);
    }
    else if (event == PyRefTracer_DESTROY)
        audit_address_changes((uintptr_t)obj);
    else
        return 0; /* another tracer takes our place */
    return tracer_before == NULL ? 0 : tracer_before(obj, event, data);
}

int
audit_deaths_watch(void)
{
    void *data;
    PyRefTracer tracer = PyRefTracer_GetTracer(&data);
    if (tracer == trace)
        return 0;
    tracer_before = tracer;
    return PyRefTracer_SetTracer(trace, data);
}

/* Where another one has been put before ours it stays, and passes on to the one before. */
void
audit_deaths_unwatch(void)
{
    void *data;
    if (PyRefTracer_GetTracer(&data) == trace && PyRefTracer_SetTracer(tracer_before, data) < 0)
        PyErr_Clear();
}

#else

static PyMemAllocatorEx allocator;
static destructor list_dealloc_before, dict_dealloc_before;
static int is_watching;

#define BEGINNINGS 3

static void
memory_over(uintptr_t memory)
{
    for (uintptr_t i = 0; i < BEGINNINGS; i++)
        audit_address_changes(memory + i * 2 * sizeof(void *));
}

static void *
memory_made(void *memory)
{
    for (uintptr_t i = 0; memory != NULL && i < BEGINNINGS; i++)
        made_at((uintptr_t)memory + i * 2 * sizeof(void *));
    ++*audit_frames_at((uintptr_t)memory + 2 * sizeof(void *)); /* behind what the collector needs */
    return memory;
}

static void *
hooked_malloc(void *Py_UNUSED(context), size_t size)
{
    return memory_made(allocator.malloc(allocator.ctx, size));
}

static void *
hooked_calloc(void *Py_UNUSED(context), size_t count, size_t size)
{
    return memory_made(allocator.calloc(allocator.ctx, count, size));
}

static void *
hooked_realloc(void *Py_UNUSED(context), void *memory, size_t size)
{
    void *moved = allocator.realloc(allocator.ctx, memory, size);
    if (moved != NULL && moved != memory && memory != NULL)
        memory_over((uintptr_t)memory);
    return moved == memory ? moved : memory_made(moved);
}

static void
hooked_free(void *Py_UNUSED(context), void *memory)
{
    if (memory != NULL)
        memory_over((uintptr_t)memory);
    allocator.free(allocator.ctx, memory);
}

/* The original's own guard against deep nesting works for objects whose type has the original only, so there is one here. */
static void
hooked_list_dealloc(PyObject *op)
{
    PyObject_GC_UnTrack(op);
    Py_TRASHCAN_BEGIN(op, hooked_list_dealloc)
    audit_address_changes((uintptr_t)op);
    made_at((uintptr_t)op); /* the next one here comes from a free list, which nobody tells of */
    list_dealloc_before(op);
    Py_TRASHCAN_END
}

static void
hooked_dict_dealloc(PyObject *op)
{
    PyObject_GC_UnTrack(op);
    Py_TRASHCAN_BEGIN(op, hooked_dict_dealloc)
    audit_address_changes((uintptr_t)op);
    made_at((uintptr_t)op);
    dict_dealloc_before(op);
    Py_TRASHCAN_END
}

int
audit_deaths_watch(void)
{
    if (is_watching)
        return 0;
    PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &allocator);
    PyMemAllocatorEx hooked = {NULL, hooked_malloc, hooked_calloc, hooked_realloc, hooked_free};
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &hooked);
    list_dealloc_before = PyList_Type.tp_dealloc;
    dict_dealloc_before = PyDict_Type.tp_dealloc;
    PyList_Type.tp_dealloc = hooked_list_dealloc;
    PyDict_Type.tp_dealloc = hooked_dict_dealloc;
    is_watching = 1;
    return 0;
}

/* Where another one has been put before ours it stays, and passes on to the one before. */
void
audit_deaths_unwatch(void)
{
    PyMemAllocatorEx now;
    PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &now);
    if (!is_watching || now.free != hooked_free || PyList_Type.tp_dealloc != hooked_list_dealloc ||
        PyDict_Type.tp_dealloc != hooked_dict_dealloc)
        return;
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &allocator);
    PyList_Type.tp_dealloc = list_dealloc_before;
    PyDict_Type.tp_dealloc = dict_dealloc_before;
    is_watching = 0;
}

#endif
