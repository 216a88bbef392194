/* The map behind owned_identity: linear probing at most half full, deletion by shifting back, so no tombstones. */
// SPDX-License-Identifier: MIT
#include "identity.h"

static size_t
home_of(const owned_identity *map, const void *key)
{
    uint64_t h = ((uint64_t)(uintptr_t)key >> 4) * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(h ^ (h >> 32)) & (map->size - 1);
}

/* Where key is, or the free entry where it would go. */
static owned_identity_entry *
entry_of(const owned_identity *map, const void *key)
{
    size_t i = home_of(map, key);
    while (map->entries[i].key != NULL && map->entries[i].key != key)
        i = (i + 1) & (map->size - 1);
    return &map->entries[i];
}

int
owned_identity_find(const owned_identity *map, const void *key, uintptr_t *value)
{
    if (map->size == 0)
        return 0;
    owned_identity_entry *entry = entry_of(map, key);
    *value = entry->value;
    return entry->key != NULL;
}

int
owned_identity_reserve(owned_identity *map, size_t more)
{
    if (more > SIZE_MAX / 8 / sizeof(owned_identity_entry) - map->used)
        return -1;
    size_t wanted = map->size == 0 ? 16 : map->size;
    while (wanted < (map->used + more) * 2)
        wanted *= 2;
    if (wanted == map->size)
        return 0;
    owned_identity bigger = {PyMem_RawCalloc(wanted, sizeof(owned_identity_entry)), wanted, map->used};
    if (bigger.entries == NULL)
        return -1;
    for (size_t i = 0; i < map->size; i++)
        if (map->entries[i].key != NULL)
            *entry_of(&bigger, map->entries[i].key) = map->entries[i];
    PyMem_RawFree(map->entries);
    *map = bigger;
    return 0;
}

int
owned_identity_put(owned_identity *map, const void *key, uintptr_t value, uintptr_t *old)
{
    owned_identity_entry *entry = entry_of(map, key);
    int replaced = entry->key != NULL;
    *old = entry->value;
    map->used += !replaced;
    *entry = (owned_identity_entry){key, value};
    return replaced;
}

int
owned_identity_take(owned_identity *map, const void *key, uintptr_t *value)
{
    if (!owned_identity_find(map, key, value))
        return 0;
    size_t mask = map->size - 1, hole = (size_t)(entry_of(map, key) - map->entries);
    for (size_t i = (hole + 1) & mask; map->entries[i].key != NULL; i = (i + 1) & mask) {
        size_t home = home_of(map, map->entries[i].key);
        if (((i - home) & mask) >= ((i - hole) & mask)) { /* its home is not behind the hole: it may move there */
            map->entries[hole] = map->entries[i];
            hole = i;
        }
    }
    map->entries[hole] = (owned_identity_entry){NULL, 0};
    map->used--;
    return 1;
}

void
owned_identity_release(owned_identity *map)
{
    PyMem_RawFree(map->entries);
    *map = (owned_identity){NULL, 0, 0};
}
