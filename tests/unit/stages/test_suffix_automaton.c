#include <stdbool.h>

#include <lmpipe/rng.h>

#include "stages/sample/suffix_automaton.h"
#include "tap.h"

enum { TEXTS = 6, TEXT = 60, STREAM = 400 };

/* Longest suffix of text[0..end] that occurs anywhere in the stream, by trying all places. */
static size_t longest_match(const int32_t *text, size_t end, const int32_t *stream, size_t count)
{
    size_t best = 0;
    for (size_t at = 0; at < count; at++) {
        size_t length = 0;
        while (length <= end && length <= at && text[end - length] == stream[at - length])
            length++;
        best = length > best ? length : best;
    }
    return best;
}

static void check_against_search(struct tap *tap, uint64_t seed, uint64_t alphabet)
{
    int32_t texts[TEXTS][TEXT], stream[STREAM];
    size_t places[TEXTS], counts[TEXTS];
    struct lm_rng rng = lm_rng_stream(seed, "texts");
    struct suffix_automaton *automaton = suffix_automaton_create(TEXTS * (TEXT + 1));
    REQUIRE(automaton != NULL);
    for (size_t i = 0; i < STREAM; i++)
        stream[i] = (int32_t)lm_rng_below(rng, 99, i, alphabet);
    for (size_t t = 0; t < TEXTS; t++) {
        counts[t] = t == 3 ? 0 : TEXT - t;
        for (size_t i = 0; i < counts[t]; i++)
            texts[t][i] = t == 1 ? stream[100 + i] : (int32_t)lm_rng_below(rng, t, i, alphabet);
        places[t] = suffix_automaton_add(automaton, texts[t], counts[t]);
    }
    /* in pieces of any length by two readers, each begun a text early; and fed in two parts */
    struct suffix_reader *readers[2] = {suffix_reader_create(automaton),
                                        suffix_reader_create(automaton)};
    REQUIRE(readers[0] != NULL && readers[1] != NULL);
    size_t piece = 1 + (size_t)seed * 29, turn = 0;
    for (size_t first = 0; first < STREAM; first += piece, turn++) {
        size_t end = first + piece < STREAM ? first + piece : STREAM;
        size_t from = first > TEXT - 1 ? first - (TEXT - 1) : 0, middle = from + (end - from) / 2;
        suffix_reader_restart(readers[turn % 2]);
        suffix_reader_take(readers[turn % 2], stream + from, middle - from);
        suffix_reader_take(readers[turn % 2], stream + middle, end - middle);
    }
    for (size_t r = 0; r < 2; r++) {
        suffix_automaton_join(automaton, readers[r]);
        suffix_reader_free(readers[r]);
    }
    REQUIRE(suffix_automaton_finish(automaton));
    for (size_t t = 0; t < TEXTS; t++) {
        for (size_t i = 0; i < counts[t]; i++)
            CHECK_INT(suffix_automaton_match(automaton, places[t] + i),
                      longest_match(texts[t], i, stream, STREAM));
    }
    suffix_automaton_free(automaton);
}

static void equals_search(struct tap *tap)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        check_against_search(tap, seed, 1);
        check_against_search(tap, seed, 2);
        check_against_search(tap, seed, 5);
        check_against_search(tap, seed, 40);
    }
}

static void empty_stream_matches_nothing(struct tap *tap)
{
    struct suffix_automaton *automaton = suffix_automaton_create(3);
    REQUIRE(automaton != NULL);
    suffix_automaton_add(automaton, (const int32_t[]){1, 2}, 2);
    REQUIRE(suffix_automaton_finish(automaton));
    CHECK_INT(suffix_automaton_match(automaton, 0), 0);
    CHECK_INT(suffix_automaton_match(automaton, 1), 0);
    suffix_automaton_free(automaton);
}

static const struct tap_test tests[] = {TAP_ROW(equals_search)
                                            TAP_ROW(empty_stream_matches_nothing)};
LM_TEST_FILE(tests)
