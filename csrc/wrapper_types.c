/* Which type a wrapper has: one per set of capabilities, made from the table in wrapper_slots.h when it is first needed.
 *
 *     type of the inside -> its capabilities and its way through a membrane -> type of the wrapper
 *
 * The first step walks the whole type, so its answer is kept in a small cache. What it is kept under is the type's
 * version, which no other type and no changed type shares: a class that gains __call__ has wrappers that can be
 * called from then on, no entry ever has to be dropped, and an entry is one number, so reading needs no lock. */
// SPDX-License-Identifier: MIT
#include "membrane.h"
#include "wrapper_slots.h"

#define SLOTS_MOST 128

_Static_assert(OWNED_CAPABILITIES_END <= 64, "a set of capabilities is one 64-bit number");

#define CAN(capability) ((uint64_t)1 << OWNED_CAN_##capability)

/* ---- the way through a membrane ---------------------------------------------------------------------------- */

/* Types known by name: they are looked for among the modules that are loaded, as their instances cannot exist before.
 * Those that serve many threads are listed in owned/_known_types.py. */
static const struct {
    const char *module, *name;
    int passage;
    char subclasses_too;
} known_types[] = {
    {"enum", "Enum", OWNED_BARE | OWNED_UNLISTED, 1},
    {"datetime", "date", OWNED_BARE | OWNED_UNLISTED, 0},
    {"datetime", "datetime", OWNED_BARE | OWNED_UNLISTED, 0},
    {"datetime", "time", OWNED_BARE | OWNED_UNLISTED, 0},
    {"datetime", "timedelta", OWNED_BARE | OWNED_UNLISTED, 0},
    {"datetime", "timezone", OWNED_BARE | OWNED_UNLISTED, 0},
    {"zoneinfo", "ZoneInfo", OWNED_BARE | OWNED_UNLISTED, 0},
    {"decimal", "Decimal", OWNED_BARE | OWNED_UNLISTED, 0},
    {"fractions", "Fraction", OWNED_BARE | OWNED_UNLISTED, 0},
    {"uuid", "UUID", OWNED_BARE | OWNED_UNLISTED, 0},
    {"pathlib", "PurePosixPath", OWNED_BARE | OWNED_UNLISTED, 0},
    {"pathlib", "PureWindowsPath", OWNED_BARE | OWNED_UNLISTED, 0},
    {"pathlib", "PosixPath", OWNED_BARE | OWNED_UNLISTED, 0},
    {"pathlib", "WindowsPath", OWNED_BARE | OWNED_UNLISTED, 0},
    {"re", "Pattern", OWNED_BARE | OWNED_UNLISTED, 0},
    {"types", "GenericAlias", OWNED_BARE | OWNED_UNLISTED, 0},
    {"types", "UnionType", OWNED_BARE | OWNED_UNLISTED, 0},
};

/* The type of that name if its module is loaded: a new reference, or NULL without an error. */
PyObject *
owned_find_known_type(const char *module_name, const char *name)
{
    PyObject *found = NULL;
    PyObject *key = PyUnicode_InternFromString(module_name);
    PyObject *module = key == NULL ? NULL : PyImport_GetModule(key);
    if (module != NULL)
        found = PyObject_GetAttrString(module, name);
    if (found == NULL)
        PyErr_Clear(); /* a module that is being imported, or replaced by something else */
    else if (!PyType_Check(found))
        Py_CLEAR(found);
    Py_XDECREF(module);
    Py_XDECREF(key);
    return found;
}

/* Whether its instances carry a region: see owned_carried(). */
static int
is_guarded(PyTypeObject *type)
{
    owned_state *state = owned_the_state;
    PyTypeObject *const guarded[] = {state->List, state->Dict, state->Set, state->Owned, state->Wrapper};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(guarded); i++)
        if (guarded[i] != NULL && PyType_IsSubtype(type, guarded[i]))
            return 1;
    return 0;
}

static int
is_ours(PyTypeObject *type)
{
    owned_state *state = owned_the_state;
    PyTypeObject *const ours[] = {state->Region,    state->ThreadInfo, state->Parcel,   state->Unchecked, state->Lock,
                                  state->RLock, state->RWLock,     state->ReadSide, state->WriteSide};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(ours); i++)
        if (ours[i] != NULL && PyType_IsSubtype(type, ours[i]))
            return 1;
    return 0;
}

/* The table is a tuple of (module, name). A failure is a no. */
static int
is_synchronized(PyTypeObject *type)
{
    PyObject *table = owned_the_state->synchronized_types;
    int found = 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(table) && !found; i++) {
        PyObject *row = PyTuple_GET_ITEM(table, i);
        const char *module = PyUnicode_AsUTF8(PyTuple_GET_ITEM(row, 0)), *name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(row, 1));
        PyObject *known = module == NULL || name == NULL ? NULL : owned_find_known_type(module, name);
        if (known == NULL)
            PyErr_Clear();
        found = known != NULL && PyType_IsSubtype(type, (PyTypeObject *)known);
        Py_XDECREF(known);
    }
    return found;
}

static int
passage_of(PyTypeObject *type)
{
    PyTypeObject *const constant[] = {
        &PyUnicode_Type, &PyLong_Type, &PyFloat_Type, &PyBool_Type, &PyBytes_Type, &PyComplex_Type, &PyRange_Type, &PyCode_Type,
        Py_TYPE(Py_None), Py_TYPE(Py_Ellipsis), Py_TYPE(Py_NotImplemented),
    };
    for (size_t i = 0; i < Py_ARRAY_LENGTH(constant); i++)
        if (type == constant[i])
            return OWNED_BARE | OWNED_UNLISTED;
    if (type == &PyTuple_Type || type == &PyFrozenSet_Type || type == &PySlice_Type)
        return OWNED_UNLISTED;
    if (type == &PyMethod_Type || type == &PyCFunction_Type || type == &PyCMethod_Type ||
        type == (PyTypeObject *)owned_the_state->MethodWrapper)
        return OWNED_UNLISTED | OWNED_METHOD_TYPE;
    if (PyType_IsSubtype(type, &PyType_Type) || PyType_IsSubtype(type, &PyModule_Type))
        return OWNED_BARE;
    if (is_guarded(type))
        return OWNED_BARE;
    if (is_ours(type))
        return OWNED_SYNCHRONIZED;
    int passage = 0;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(known_types) && passage == 0; i++) {
        PyObject *known = owned_find_known_type(known_types[i].module, known_types[i].name);
        if (known == NULL)
            continue;
        if (known_types[i].subclasses_too ? PyType_IsSubtype(type, (PyTypeObject *)known) : (PyObject *)type == known)
            passage = known_types[i].passage;
        Py_DECREF(known);
    }
    return passage != 0 ? passage : is_synchronized(type) ? OWNED_SYNCHRONIZED : 0;
}

/* ---- capabilities ------------------------------------------------------------------------------------------ */

PyObject *
owned_type_lookup(PyTypeObject *type, PyObject *name)
{
    PyObject *mro = Py_XNewRef(type->tp_mro), *found = NULL;
    if (mro == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro) && found == NULL; i++) {
        PyObject *names = PyType_GetDict((PyTypeObject *)PyTuple_GET_ITEM(mro, i));
        int answer = names == NULL ? 0 : PyDict_GetItemRef(names, name, &found);
        Py_XDECREF(names);
        if (answer < 0)
            break;
    }
    Py_DECREF(mro);
    return found;
}

/* The slots of the type that are there or not. */
static uint64_t
slots_of(PyTypeObject *type, int passage)
{
    static const PyNumberMethods no_number;
    static const PySequenceMethods no_sequence;
    static const PyMappingMethods no_mapping;
    static const PyAsyncMethods no_async;
    static const PyBufferProcs no_buffer;
    const PyNumberMethods *number = type->tp_as_number != NULL ? type->tp_as_number : &no_number;
    const PySequenceMethods *sequence = type->tp_as_sequence != NULL ? type->tp_as_sequence : &no_sequence;
    const PyMappingMethods *mapping = type->tp_as_mapping != NULL ? type->tp_as_mapping : &no_mapping;
    const PyAsyncMethods *async = type->tp_as_async != NULL ? type->tp_as_async : &no_async;
    const PyBufferProcs *buffer = type->tp_as_buffer != NULL ? type->tp_as_buffer : &no_buffer;
    /* int() and float() take text too */
    int text = PyType_HasFeature(type, Py_TPFLAGS_UNICODE_SUBCLASS) || PyType_HasFeature(type, Py_TPFLAGS_BYTES_SUBCLASS) ||
               PyType_IsSubtype(type, &PyByteArray_Type);
    int a_dict = PyType_HasFeature(type, Py_TPFLAGS_DICT_SUBCLASS); /* PySequence_Check() is false for it */
    int a_class = PyType_HasFeature(type, Py_TPFLAGS_TYPE_SUBCLASS); /* list[int] */
    int a_method = (passage & OWNED_METHOD_TYPE) != 0;
    int an_iterator = type->tp_iternext != NULL;
    /* A coroutine, or what an async generator hands out: what it yields is for the event loop. A class of Python's may have
     * __await__ and __next__ for different things. */
    int driven = async->am_await != NULL && (async->am_send != NULL || an_iterator) &&
                 !PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE);
    const struct {
        int there;
        uint64_t capability;
    } facts[] = {
        {1, CAN(ALWAYS)},
        {number->nb_int != NULL || text, CAN(INT)},
        {number->nb_float != NULL || text, CAN(FLOAT)},
        {number->nb_index != NULL, CAN(INDEX)},
        {sequence->sq_length != NULL, CAN(SQ_LENGTH)},
        {mapping->mp_length != NULL, CAN(MP_LENGTH)},
        {sequence->sq_item != NULL && !a_dict, CAN(SEQUENCE)},
        {sequence->sq_ass_item != NULL && !a_dict, CAN(SQ_ASSIGN)},
        {sequence->sq_contains != NULL, CAN(CONTAINS)},
        {mapping->mp_subscript != NULL || a_class, CAN(SUBSCRIPT)},
        {mapping->mp_ass_subscript != NULL, CAN(ASSIGN)},
        {type->tp_iter != NULL, CAN(ITER)},
        {an_iterator, driven ? CAN(NEXT_BARE) : CAN(NEXT)},
        {async->am_send != NULL, driven ? CAN(SEND_BARE) : CAN(SEND)},
        {async->am_await != NULL, CAN(AWAIT)},
        {async->am_aiter != NULL, CAN(AITER)},
        {async->am_anext != NULL, CAN(ANEXT)},
        {type->tp_call != NULL, a_method ? CAN(METHOD) : CAN(CALL)},
        {type->tp_descr_get != NULL, CAN(GET)},
        {type->tp_descr_set != NULL, CAN(SET)},
        {buffer->bf_getbuffer != NULL, CAN(BUFFER) | CAN(__bytes__)},
        {type->tp_hash != NULL && type->tp_hash != &PyObject_HashNotImplemented, CAN(HASH)},
        {type->tp_hash == NULL || type->tp_hash == &PyObject_HashNotImplemented, CAN(NO_HASH)},
        {type->tp_weaklistoffset != 0 && !a_method, CAN(WEAKREF)},
        {(passage & OWNED_UNLISTED) == 0, CAN(LISTED)},
        {(passage & OWNED_UNLISTED) != 0 && !a_method, CAN(UNLISTED)},
        {PyType_HasFeature(type, Py_TPFLAGS_SEQUENCE), CAN(MATCHES_SEQUENCE)},
        {PyType_HasFeature(type, Py_TPFLAGS_MAPPING), CAN(MATCHES_MAPPING)},
    };
    uint64_t capabilities = CAN(__copy__) | CAN(__deepcopy__);
    for (size_t i = 0; i < Py_ARRAY_LENGTH(facts); i++)
        if (facts[i].there)
            capabilities |= facts[i].capability;
    return capabilities;
}

/* All of them, or 0 with an error set. */
static uint64_t
capabilities_of(PyTypeObject *type, int passage)
{
    uint64_t capabilities = slots_of(type, passage);
    PyObject *names = owned_the_state->wrapper_names;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        PyObject *name = PyTuple_GET_ITEM(names, i);
        if (name == Py_None || capabilities & (uint64_t)1 << i)
            continue;
        PyObject *method = owned_type_lookup(type, name);
        if (method != NULL)
            capabilities |= (uint64_t)1 << i;
        else if (PyErr_Occurred())
            return 0;
        Py_XDECREF(method);
    }
    return capabilities;
}

/* ---- making the types -------------------------------------------------------------------------------------- */

/* Method definitions live as long as their types, and those as long as the process. */
static PyMethodDef *
methods_for(uint64_t capabilities)
{
    size_t count = 1;
    for (const owned_wrapper_row *row = owned_wrapper_rows; row->capability >= 0; row++)
        count += row->slot == 0;
    PyMethodDef *methods = PyMem_Calloc(count, sizeof(PyMethodDef));
    if (methods == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    PyMethodDef *next = methods;
    for (const owned_wrapper_row *row = owned_wrapper_rows; row->capability >= 0; row++)
        if (row->slot == 0 && capabilities & (uint64_t)1 << row->capability)
            *next++ = row->method;
    return methods;
}

static PyObject *
make_type(uint64_t capabilities)
{
    PyType_Slot slots[SLOTS_MOST];
    size_t count = 0;
    PyMethodDef *methods = methods_for(capabilities);
    if (methods == NULL)
        return NULL;
    for (const owned_wrapper_row *row = owned_wrapper_rows; row->capability >= 0; row++)
        if (row->slot != 0 && capabilities & (uint64_t)1 << row->capability)
            slots[count++] = (PyType_Slot){row->slot, row->function};
    slots[count++] = (PyType_Slot){Py_tp_methods, methods};
    slots[count] = (PyType_Slot){0, NULL};

    unsigned long flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION;
    if (capabilities & CAN(METHOD))
        flags |= Py_TPFLAGS_HAVE_VECTORCALL;
    if (capabilities & CAN(MATCHES_SEQUENCE))
        flags |= Py_TPFLAGS_SEQUENCE;
    if (capabilities & CAN(MATCHES_MAPPING))
        flags |= Py_TPFLAGS_MAPPING;
    PyType_Spec spec = {
        .name = "owned._core.Wrapper",
        .basicsize = (int)(sizeof(owned_wrapper) + (capabilities & (CAN(METHOD) | CAN(WEAKREF)) ? sizeof(void *) : 0)),
        .flags = (unsigned int)flags,
        .slots = slots,
    };
    PyObject *type = PyType_FromSpecWithBases(&spec, (PyObject *)owned_the_state->Wrapper);
    if (type == NULL)
        PyMem_Free(methods);
    return type;
}

/* The type of wrappers with these capabilities: borrowed from the module. */
static PyTypeObject *
type_with(uint64_t capabilities)
{
    PyObject *types = owned_the_state->wrapper_types;
    PyObject *key = PyLong_FromUnsignedLongLong(capabilities);
    if (key == NULL)
        return NULL;
    PyObject *kept = NULL;
    if (PyDict_GetItemRef(types, key, &kept) == 0) {
        PyObject *made = make_type(capabilities);
        if (made != NULL)
            kept = Py_XNewRef(PyDict_SetDefault(types, key, made)); /* another thread may have been first */
        Py_XDECREF(made);
    }
    Py_DECREF(key);
    Py_XDECREF(kept); /* nothing ever leaves the dict */
    return (PyTypeObject *)kept;
}

/* ---- the cache --------------------------------------------------------------------------------------------- */

#define CACHE_SIZE 1024
#define NUMBERED_MOST 4096

static PyTypeObject *numbered[NUMBERED_MOST]; /* borrowed from the module */
static uint64_t numbered_count;
static owned_mutex numbered_mutex;
static uint64_t cache[CACHE_SIZE]; /* version of the inside's type << 32 | passage << 16 | number of the wrapper's type */

static void
remember(uint32_t version, int passage, PyTypeObject *type)
{
    uint64_t number = 0;
    owned_mutex_lock(&numbered_mutex);
    while (number < numbered_count && numbered[number] != type)
        number++;
    if (number == numbered_count && number < NUMBERED_MOST) {
        numbered[number] = type;
        numbered_count++;
    }
    owned_mutex_unlock(&numbered_mutex);
    if (number < NUMBERED_MOST)
        owned_store_u64(&cache[version % CACHE_SIZE], (uint64_t)version << 32 | (uint64_t)passage << 16 | number);
}

PyTypeObject *
owned_wrapper_type_for(PyTypeObject *inside, int *passage)
{
    uint32_t version = owned_type_version(inside);
    if (version != 0) {
        uint64_t kept = owned_load_u64(&cache[version % CACHE_SIZE]);
        if (kept >> 32 == version) {
            if (passage != NULL)
                *passage = (int)(kept >> 16 & 0xFFFF);
            return numbered[kept & 0xFFFF];
        }
    }
    else {
        owned_type_assign_version(inside);
        version = owned_type_version(inside);
    }
    int way = passage_of(inside);
    uint64_t capabilities = capabilities_of(inside, way);
    PyTypeObject *type = capabilities == 0 ? NULL : type_with(capabilities);
    if (type == NULL)
        return NULL;
    if (version != 0 && owned_type_version(inside) == version)
        remember(version, way, type);
    if (passage != NULL)
        *passage = way;
    return type;
}

PyTypeObject *
owned_wrapper_type_for_awaiting(PyTypeObject *inside, int *passage)
{
    *passage = passage_of(inside);
    uint64_t capabilities = capabilities_of(inside, *passage);
    if (capabilities == 0)
        return NULL;
    if (capabilities & CAN(NEXT))
        capabilities = (capabilities & ~CAN(NEXT)) | CAN(NEXT_BARE);
    if (capabilities & CAN(SEND))
        capabilities = (capabilities & ~CAN(SEND)) | CAN(SEND_BARE);
    return type_with(capabilities);
}

/* ---- Wrapper ----------------------------------------------------------------------------------------------- */

PyDoc_STRVAR(wrapper_doc,
"What own() puts around an object: everything about it is checked, then delegated.\n\n"
"The types of wrappers derive from this one; there is one for each set of things that the wrapped object can do. It cannot be\n"
"called: see own().");

/* Python before 3.14 asks of a base type that it may be a base type; nothing can be made of a subclass from Python. */
static PyType_Slot wrapper_base_slots[] = {
    {Py_tp_doc, (void *)wrapper_doc},
    {0, NULL},
};

static PyType_Spec wrapper_base_spec = {
    .name = "owned._core.Wrapper",
    .basicsize = sizeof(owned_wrapper),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = wrapper_base_slots,
};

int
owned_wrapper_types_add(PyObject *module)
{
    owned_state *state = owned_the_state;
    if (owned_state_add_type(module, &state->Wrapper, &wrapper_base_spec, NULL, "Wrapper") < 0)
        return -1;
    state->wrapper_types = PyDict_New();
    state->wrapper_names = PyTuple_New(OWNED_CAPABILITIES_END);
    if (state->wrapper_types == NULL || state->wrapper_names == NULL)
        return -1;
    for (Py_ssize_t i = 0; i < OWNED_CAPABILITIES_END; i++)
        PyTuple_SET_ITEM(state->wrapper_names, i, Py_NewRef(Py_None));
    for (const owned_wrapper_row *row = owned_wrapper_rows; row->capability >= 0; row++) {
        if (row->slot != 0)
            continue;
        PyObject *name = PyUnicode_InternFromString(row->method.ml_name);
        if (name == NULL || PyTuple_SetItem(state->wrapper_names, row->capability, name) < 0)
            return -1;
    }
    return 0;
}
