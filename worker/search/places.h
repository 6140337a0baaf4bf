/* Which lanes of a block are designs behind a prefix, of which edits, and in which stratum. */
#ifndef CELLGEBRA_PLACES_H
#define CELLGEBRA_PLACES_H

#include "found.h"
#include "work.h"

/* How many lanes of a prefix are designs; `live` says which. */
static int64_t find_live(const Screen *s, Work *w, Prefix p, int64_t block)
{
    const int64_t l = s->lanes, start = block * l, blocks = s->padded / l;
    const int64_t low = p.begin > start ? p.begin - start : 0;
    const int64_t high = p.end < start + l ? p.end - start : l;
    const int64_t edit[2] = {p.first, p.second};
    int is_whole = 1;
    if (high <= low) return 0;
    for (int64_t k = 0; k < low; k++) w->live[k] = 0;
    for (int64_t k = low; k < high; k++) w->live[k] = 1;
    for (int64_t k = high; k < l; k++) w->live[k] = 0;
    for (int n = 0; n < 2; n++) {
        if (!s->allowed || edit[n] < 0 || s->is_open[edit[n] * blocks + block]) continue;
        const uint8_t *restrict row = s->allowed + edit[n] * s->padded + start;
        for (int64_t k = 0; k < l; k++) w->live[k] &= row[k] != 0;
        is_whole = 0;
    }
    if (is_whole) return high - low;
    int64_t count = 0;
    for (int64_t k = 0; k < l; k++) count += w->live[k];
    return count;
}

/* How many they are, without saying which where nothing is forbidden. */
static int64_t count_live(const Screen *s, Work *w, Prefix p, int64_t block)
{
    const int64_t l = s->lanes, start = block * l, blocks = s->padded / l;
    const int64_t low = p.begin > start ? p.begin : start;
    const int64_t high = p.end < start + l ? p.end : start + l;
    const int64_t edit[2] = {p.first, p.second};
    if (high <= low) return 0;
    for (int n = 0; n < 2; n++)
        if (s->allowed && edit[n] >= 0 && !s->is_open[edit[n] * blocks + block])
            return find_live(s, w, p, block);
    return high - low;
}

static Edits edits_of(Prefix p, int64_t last)
{
    Edits e = {{(int32_t)last, -1, -1}};
    if (p.first >= 0) e.edit[0] = (int32_t)p.first, e.edit[1] = (int32_t)last;
    if (p.second >= 0) e.edit[1] = (int32_t)p.second, e.edit[2] = (int32_t)last;
    return e;
}

static int64_t stratum_of(const Screen *s, Prefix p, int64_t last)
{
    if (s->strata == 1) return 0;
    int64_t sum = s->stratum[last];
    if (p.first >= 0) sum += s->stratum[p.first];
    if (p.second >= 0) sum += s->stratum[p.second];
    return sum < s->strata ? sum : s->strata - 1;
}

#endif
