/* What an access is called: a number, so that a record is small. */
// SPDX-License-Identifier: MIT
#include "shadow.h"

#define OPERATIONS_MOST 1024
#define LENGTH 32

static char named[OPERATIONS_MOST][LENGTH];
static unsigned used;

/* While the table of effects is read: by one thread. */
unsigned
audit_operation(const char *name)
{
    unsigned i = 0;
    while (i < used && strncmp(named[i], name, LENGTH - 1) != 0)
        i++;
    if (i == OPERATIONS_MOST)
        i--;
    else if (i == used)
        PyOS_snprintf(named[used++], LENGTH, "%s", name);
    return AUDIT_OP_NAMED + i;
}

PyObject *
audit_operation_told(unsigned operation, const char *variable)
{
    static const char *const plain[] = {
        [AUDIT_OP_ITEM] = "[]",           [AUDIT_OP_SET_ITEM] = "[] =",     [AUDIT_OP_UPDATE_ITEM] = "[] +=",
        [AUDIT_OP_DELETE_ITEM] = "del []", [AUDIT_OP_ITERATION] = "iteration", [AUDIT_OP_SLICE] = "slice",
        [AUDIT_OP_SET_SLICE] = "slice =", [AUDIT_OP_IN] = "in",             [AUDIT_OP_IN_PLACE] = "+=",
        [AUDIT_OP_GLOBAL] = "global",     [AUDIT_OP_CLOSURE] = "closure",
    };
    switch (operation) {
    case AUDIT_OP_ATTRIBUTE:
        return PyUnicode_FromFormat(".%s", variable);
    case AUDIT_OP_SET_ATTRIBUTE:
        return PyUnicode_FromFormat(".%s =", variable);
    case AUDIT_OP_UPDATE_ATTRIBUTE:
        return PyUnicode_FromFormat(".%s +=", variable);
    default:
        return PyUnicode_FromString(operation < AUDIT_OP_NAMED ? plain[operation] : named[operation - AUDIT_OP_NAMED]);
    }
}
