/*
 * A suffix is S when it is less than the next one, else L (the last one is L); it is LMS when it is
 * S and the one before is L. The order of the LMS suffixes induces that of all: by one pass upwards
 * that of the L ones, by one downwards that of the S ones. LMS suffixes are sorted by the same
 * passes up to where the next one begins, named by that order, and, where names are equal, by the
 * suffix array of the names. In the array 0 is also "nothing": suffix 0 induces none.
 */
#include "corpus/suffix_array.h"

#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

enum {
    BYTES = 256,
    AHEAD = 24,     /* entries that are fetched before they are needed */
    BLOCK = 1 << 22 /* entries between two looks at whether to stop */
};

/* Bytes, or names. */
struct string {
    const void *items;
    int32_t count, kinds; /* each item is below kinds */
};

/* What all levels share. */
struct sorting {
    const struct lm_suffix_watch *watch;
    struct lm_err *err;
};

INLINE int32_t at(const struct string *s, int32_t i, bool is_wide)
{
    return is_wide ? ((const int32_t *)s->items)[i] : ((const uint8_t *)s->items)[i];
}

INLINE void fetch(const struct string *s, int32_t i, bool is_wide)
{
    i = i > 0 ? i - 1 : 0;
    __builtin_prefetch(is_wide ? (const void *)((const int32_t *)s->items + i)
                               : (const void *)((const uint8_t *)s->items + i));
}

static enum lm_status look(const struct sorting *own)
{
    return own->watch->is_cancelled != NULL && own->watch->is_cancelled(own->watch->user)
               ? lm_fail(own->err, LM_CANCELLED, "stopped while sorting suffixes; run again")
               : LM_OK;
}

/* Where the suffixes of each first item begin in the array, or end. */
INLINE void find_buckets(int32_t *buckets, const struct string *s, bool of_ends, bool is_wide)
{
    int32_t sum = 0;
    memset(buckets, 0, (size_t)s->kinds * sizeof *buckets);
    for (int32_t i = 0; i < s->count; i++)
        buckets[at(s, i, is_wide)]++;
    for (int32_t k = 0; k < s->kinds; k++) {
        int32_t own = buckets[k];
        sum += own;
        buckets[k] = of_ends ? sum : sum - own;
    }
}

/* The LMS suffix before place `i`, where *is_s says of what kind suffix i is; then of what kind the
 * one found is not asked again: it is S. -1: there is none. */
INLINE int32_t find_lms(const struct string *s, int32_t i, bool *is_s, bool is_wide)
{
    int32_t next = at(s, i, is_wide);
    for (i--; i >= 0; i--) {
        int32_t own = at(s, i, is_wide);
        bool was_s = *is_s;
        *is_s = own < next || (own == next && was_s);
        if (was_s && !*is_s)
            return i + 1;
        next = own;
    }
    return -1;
}

/* Walks the LMS suffixes from the last to the first: for (int32_t i = first_lms…; i >= 0; …). The
 * one before an LMS suffix is L. */
struct walk {
    int32_t place; /* the suffix that was looked at last */
    bool is_s;
};

INLINE int32_t next_lms(struct walk *walk, const struct string *s, bool is_wide)
{
    int32_t found = walk->place >= 0 ? find_lms(s, walk->place, &walk->is_s, is_wide) : -1;
    walk->place = found - 1; /* that one is L */
    walk->is_s = false;
    return found;
}

/* The L suffixes, upwards, from those that lie at the ends of their buckets. */
INLINE enum lm_status induce_l(int32_t *sa, const struct string *s, int32_t *buckets,
                               const struct sorting *own, bool is_wide)
{
    const int32_t n = s->count;
    find_buckets(buckets, s, false, is_wide);
    sa[buckets[at(s, n - 1, is_wide)]++] = n - 1;
    for (int32_t from = 0; from < n; from += from < n - BLOCK ? BLOCK : n - from) {
        const int32_t end = from < n - BLOCK ? from + BLOCK : n;
        LM_TRY(look(own));
        for (int32_t i = from; i < end; i++) {
            int32_t j = sa[i];
            fetch(s, sa[i < n - AHEAD ? i + AHEAD : i], is_wide);
            if (j > 0 && at(s, j - 1, is_wide) >= at(s, j, is_wide))
                sa[buckets[at(s, j - 1, is_wide)]++] = j - 1;
        }
    }
    return LM_OK;
}

/* The S suffixes, downwards, from the L ones; afterwards buckets[c] is where those of c begin. */
INLINE enum lm_status induce_s(int32_t *sa, const struct string *s, int32_t *buckets,
                               const struct sorting *own, bool is_wide)
{
    find_buckets(buckets, s, true, is_wide);
    for (int32_t end = s->count; end > 0; end -= end > BLOCK ? BLOCK : end) {
        const int32_t from = end > BLOCK ? end - BLOCK : 0;
        LM_TRY(look(own));
        for (int32_t i = end - 1; i >= from; i--) {
            int32_t j = sa[i];
            fetch(s, sa[i >= AHEAD ? i - AHEAD : i], is_wide);
            if (j == 0)
                continue;
            int32_t before = at(s, j - 1, is_wide), first = at(s, j, is_wide);
            if (before < first || (before == first && buckets[first] <= i))
                sa[--buckets[before]] = j - 1;
        }
    }
    return LM_OK;
}

INLINE enum lm_status induce(int32_t *sa, const struct string *s, int32_t *buckets,
                             const struct sorting *own, bool is_wide)
{
    LM_TRY(induce_l(sa, s, buckets, own, is_wide));
    return induce_s(sa, s, buckets, own, is_wide);
}

/* LMS suffixes in any order at the ends of their buckets; how many there are. */
INLINE int32_t place_lms(int32_t *sa, const struct string *s, int32_t *buckets, bool is_wide)
{
    struct walk walk = {s->count - 1, false};
    int32_t count = 0;
    memset(sa, 0, (size_t)s->count * sizeof *sa);
    find_buckets(buckets, s, true, is_wide);
    for (int32_t i; (i = next_lms(&walk, s, is_wide)) >= 0; count++)
        sa[--buckets[at(s, i, is_wide)]] = i;
    return count;
}

/* Of all suffixes the LMS ones, to the front. */
INLINE void gather_lms(int32_t *sa, const struct string *s, const int32_t *buckets, bool is_wide)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < s->count; i++) {
        int32_t j = sa[i];
        fetch(s, sa[i < s->count - AHEAD ? i + AHEAD : i], is_wide);
        if (j == 0)
            continue;
        int32_t first = at(s, j, is_wide);
        if (i >= buckets[first] && at(s, j - 1, is_wide) > first)
            sa[kept++] = j;
    }
}

INLINE bool is_equal(const struct string *s, int32_t a, int32_t b, int32_t length, bool is_wide)
{
    if (length > s->count - a || length > s->count - b) /* the last one, with the text's end */
        return false;
    for (int32_t i = 0; i < length; i++)
        if (at(s, a + i, is_wide) != at(s, b + i, is_wide))
            return false;
    return true;
}

/* Names of the `count` sorted LMS suffixes up to the next one's first item, in the order of the
 * text at the end of `sa`; how many there are. */
INLINE int32_t name_lms(int32_t *sa, const struct string *s, int32_t count, bool is_wide)
{
    const int32_t n = s->count;
    struct walk walk = {n - 1, false};
    int32_t next = n, names = 0, last = 0, last_length = -1;
    memset(sa + count, 0, (size_t)(n - count) * sizeof *sa);
    for (int32_t i; (i = next_lms(&walk, s, is_wide)) >= 0; next = i)
        sa[count + i / 2] = next - i + 1; /* two are never neighbours */
    for (int32_t i = 0; i < count; i++) {
        int32_t own = sa[i], length = sa[count + own / 2];
        if (length != last_length || !is_equal(s, own, last, length, is_wide))
            names++;
        sa[count + own / 2] = names;
        last = own;
        last_length = length;
    }
    for (int32_t i = n - 1, to = n; i >= count; i--)
        if (sa[i] != 0)
            sa[--to] = sa[i] - 1;
    return names;
}

static enum lm_status sort_names(int32_t *sa, const struct string *s, int32_t *room,
                                 int32_t room_count, const struct sorting *own);

/* The `count` LMS suffixes in order, at the front; their places in the text are found anew. */
INLINE enum lm_status order_lms(int32_t *sa, const struct string *s, int32_t count, int32_t names,
                                const struct sorting *own, bool is_wide)
{
    int32_t *last = sa + s->count - count;
    struct walk walk = {s->count - 1, false};
    if (names < count) {
        const struct string reduced = {last, count, names};
        LM_TRY(sort_names(sa, &reduced, sa + count, s->count - 2 * count, own));
    } else {
        for (int32_t i = 0; i < count; i++)
            sa[last[i]] = i;
    }
    for (int32_t i, to = count; (i = next_lms(&walk, s, is_wide)) >= 0;)
        last[--to] = i;
    for (int32_t i = 0; i < count; i++)
        sa[i] = last[sa[i]];
    return LM_OK;
}

INLINE enum lm_status sort(int32_t *sa, const struct string *s, int32_t *buckets,
                           const struct sorting *own, bool is_wide)
{
    int32_t count = place_lms(sa, s, buckets, is_wide);
    LM_TRY(induce(sa, s, buckets, own, is_wide));
    if (count < 2) /* one is sorted */
        return LM_OK;
    gather_lms(sa, s, buckets, is_wide);
    int32_t names = name_lms(sa, s, count, is_wide);
    LM_TRY(order_lms(sa, s, count, names, own, is_wide));
    memset(sa + count, 0, (size_t)(s->count - count) * sizeof *sa);
    find_buckets(buckets, s, true, is_wide);
    for (int32_t i = count - 1; i >= 0; i--) {
        int32_t j = sa[i];
        sa[i] = 0;
        sa[--buckets[at(s, j, is_wide)]] = j;
    }
    return induce(sa, s, buckets, own, is_wide);
}

/* Buckets lie in the room that is left in the array, which is enough for names of a language.
 * NOLINTNEXTLINE(misc-no-recursion): each level has half as many items at most */
static enum lm_status sort_names(int32_t *sa, const struct string *s, int32_t *room,
                                 int32_t room_count, const struct sorting *own)
{
    int32_t *made = room_count < s->kinds ? malloc((size_t)s->kinds * sizeof *made) : NULL;
    if (room_count < s->kinds && made == NULL)
        return lm_fail(own->err, LM_NOMEM, "no memory to sort suffixes; free some");
    enum lm_status status = sort(sa, s, made != NULL ? made : room, own, true);
    free(made);
    return status;
}

enum lm_status lm_suffix_array(int32_t *out, const uint8_t *text, size_t size,
                               const struct lm_suffix_watch *watch, struct lm_err *err)
{
    static const struct lm_suffix_watch nobody = {NULL, NULL};
    const struct sorting own = {watch != NULL ? watch : &nobody, err};
    const struct string s = {text, (int32_t)size, BYTES};
    int32_t buckets[BYTES];
    if (size > LM_SUFFIXES_MOST)
        return lm_fail(err, LM_RANGE, "a suffix array is of 2 GiB of text at most; take less");
    return size == 0 ? LM_OK : sort(out, &s, buckets, &own, false);
}
