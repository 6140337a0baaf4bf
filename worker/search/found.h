/* What is kept of the designs that were evaluated. One order of designs decides everywhere: the
 * higher value first, and of equal values the smaller edits, so that no sharding changes a result.
 */
#ifndef CELLGEBRA_FOUND_H
#define CELLGEBRA_FOUND_H

#include "screen.h"
#include <math.h>

typedef struct {
    int32_t edit[3];
} Edits;

static int is_before(const int32_t *a, const int32_t *b)
{
    for (int n = 0; n < 3; n++)
        if (a[n] != b[n]) return a[n] < b[n];
    return 0;
}

static int is_better(float value, const int32_t *edit, float other, const int32_t *other_edit)
{
    if (value != other) return value > other;
    return is_before(edit, other_edit);
}

static void put(float *value, int32_t *edit, int64_t place, float v, const int32_t *e)
{
    value[place] = v;
    for (int n = 0; n < 3; n++) edit[3 * place + n] = e[n];
}

static void sift_down(float *value, int32_t *edit, int64_t filled, float v, Edits e)
{
    int64_t place = 0;
    for (;;) {
        int64_t child = 2 * place + 1;
        if (child >= filled) break;
        if (child + 1 < filled &&
            is_better(value[child], edit + 3 * child, value[child + 1], edit + 3 * (child + 1)))
            child++;
        if (!is_better(v, e.edit, value[child], edit + 3 * child)) break;
        put(value, edit, place, value[child], edit + 3 * child);
        place = child;
    }
    put(value, edit, place, v, e.edit);
}

static void sift_up(float *value, int32_t *edit, int64_t place, float v, Edits e)
{
    while (place > 0) {
        const int64_t parent = (place - 1) / 2;
        if (!is_better(value[parent], edit + 3 * parent, v, e.edit)) break;
        put(value, edit, place, value[parent], edit + 3 * parent);
        place = parent;
    }
    put(value, edit, place, v, e.edit);
}

/* The least value that may still enter a stratum. */
static inline float threshold(const Found *found, int64_t stratum)
{
    if (found->filled[stratum] < found->kept) return -INFINITY;
    return found->value[stratum * found->kept];
}

static void keep(Found *found, int64_t stratum, float v, Edits e)
{
    float *value = found->value + stratum * found->kept;
    int32_t *edit = found->edit + 3 * stratum * found->kept;
    if (!found->kept) return;
    if (found->filled[stratum] < found->kept)
        sift_up(value, edit, found->filled[stratum]++, v, e);
    else if (is_better(v, e.edit, value[0], edit))
        sift_down(value, edit, found->kept, v, e);
}

/* How many of the front have a first value that is not below a. */
static int64_t count_above(const Found *found, float a)
{
    int64_t low = 0, high = found->front_count;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (found->front_value[2 * middle] >= a) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* Whether some design of the front is at least as good in both values and better in one. */
static int is_beaten(const Found *found, float a, float b)
{
    const int64_t low = count_above(found, a);
    const float *last = found->front_value + 2 * (low - 1);
    return low > 0 && (last[1] > b || (last[1] == b && last[0] > a));
}

/* Note a design that the front does not beat, by what its values are at most. */
static void add_rival(Found *found, float a, float b, Edits e)
{
    float *value = found->rival_value;
    int32_t *edit = found->rival_edit;
    if (found->lost_rivals) return;
    if (found->rival_count == found->rival_capacity) {
        int64_t kept = 0;
        for (int64_t n = 0; n < found->rival_count; n++) {
            if (is_beaten(found, value[2 * n], value[2 * n + 1])) continue;
            memmove(value + 2 * kept, value + 2 * n, 2 * sizeof(float));
            memmove(edit + 3 * kept++, edit + 3 * n, 3 * sizeof(int32_t));
        }
        found->rival_count = kept;
        found->lost_rivals = 2 * kept > found->rival_capacity;
        if (found->lost_rivals) return;
    }
    const int64_t place = found->rival_count++;
    value[2 * place] = a, value[2 * place + 1] = b;
    for (int n = 0; n < 3; n++) edit[3 * place + n] = e.edit[n];
}

/* Keep a design that none of the front is better than in one value and as good as in the other.
 * The front is sorted by falling first and so rising second values; of equals the first is kept.
 * Returns 0 where the front is full. */
static int keep_on_front(Found *found, float a, float b, Edits e)
{
    float *value = found->front_value;
    int32_t *edit = found->front_edit;
    const int64_t low = count_above(found, a);
    if (low > 0 && value[2 * low - 1] >= b) {
        const int64_t last = low - 1;
        if (value[2 * last] == a && value[2 * last + 1] == b && is_before(e.edit, edit + 3 * last))
            for (int n = 0; n < 3; n++) edit[3 * last + n] = e.edit[n];
        return 1;
    }
    int64_t begin = low, end = low; /* those that it is better than stand here */
    while (begin > 0 && value[2 * begin - 2] == a) begin--;
    while (end < found->front_count && value[2 * end + 1] <= b) end++;
    if (begin == end && found->front_count == found->front_capacity) return 0;
    const int64_t moved = found->front_count - end;
    memmove(value + 2 * (begin + 1), value + 2 * end, 2 * moved * sizeof(float));
    memmove(edit + 3 * (begin + 1), edit + 3 * end, 3 * moved * sizeof(int32_t));
    value[2 * begin] = a;
    value[2 * begin + 1] = b;
    for (int n = 0; n < 3; n++) edit[3 * begin + n] = e.edit[n];
    found->front_count = begin + 1 + moved;
    return 1;
}

#endif
