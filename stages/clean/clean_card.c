#include "clean_card.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/json.h"
#include "text/unicode.h"

/* Bytes that became U+FFFD, and their share of those that came in. */
static void put_replaced(struct lm_json_writer *writer, int64_t replaced, int64_t bytes)
{
    lm_json_member_int(writer, "replaced_bytes", replaced);
    lm_json_member_double(writer, "replaced_share",
                          bytes > 0 ? (double)replaced / (double)bytes : 0);
}

static void put_sources(struct lm_json_writer *writer, const struct clean_corpus *corpus)
{
    lm_json_key(writer, "sources");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < corpus->source_count; i++) {
        const struct clean_source *source = &corpus->sources[i];
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "name", source->name);
        lm_json_member_string(writer, "license", source->license);
        lm_json_member_int(writer, "files", (int64_t)source->files);
        lm_json_member_int(writer, "bytes", source->bytes);
        put_replaced(writer, source->replaced_bytes, source->bytes);
        lm_json_member_int(writer, "documents", source->documents);
        lm_json_member_int(writer, "kept", source->kept);
        for (size_t k = 0; k < LM_SPLITS; k++)
            lm_json_member_int(writer, lm_split_names[k], source->shared[k]);
        if (source->digest[0] != '\0')
            lm_json_member_string(writer, "sha256", source->digest);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

/* Documents that more than one source has. */
static void put_overlaps(struct lm_json_writer *writer, const struct clean_corpus *corpus,
                         const struct clean_totals *totals)
{
    if (totals->overlap_count == 0)
        return;
    lm_json_key(writer, "overlaps");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < totals->overlap_count; i++) {
        const struct clean_overlap *row = &totals->overlaps[i];
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "source", corpus->sources[row->again].name);
        lm_json_member_string(writer, "met_in", corpus->sources[row->first].name);
        lm_json_member_int(writer, "documents", row->documents);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static void put_sums(struct lm_json_writer *writer, const struct clean_corpus *corpus,
                     const struct clean_totals *totals)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < corpus->source_count; i++)
        bytes += corpus->sources[i].bytes;
    lm_json_key(writer, "in");
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "files", (int64_t)corpus->file_count);
    lm_json_member_int(writer, "documents", totals->documents_in);
    lm_json_member_int(writer, "bytes", bytes);
    put_replaced(writer, totals->replaced_bytes, bytes);
    lm_json_close(writer, '}');
    lm_json_key(writer, "out");
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "documents", totals->documents);
    lm_json_member_int(writer, "bytes", totals->bytes);
    lm_json_member_int(writer, "characters", totals->kept.chars);
    lm_json_member_int(writer, "words", totals->kept.words);
    lm_json_member_int(writer, "lines", totals->kept.lines);
    lm_json_close(writer, '}');
}

/* Records of web archives, where there were some. */
static void put_archived(struct lm_json_writer *writer, const struct clean_totals *totals)
{
    int64_t all = 0;
    for (size_t i = 0; i < LM_WARC_TYPE_COUNT; i++)
        all += totals->archived[i];
    if (all == 0)
        return;
    lm_json_key(writer, "archived");
    lm_json_open(writer, '{');
    for (size_t i = 0; i < LM_WARC_TYPE_COUNT; i++)
        if (totals->archived[i] > 0)
            lm_json_member_int(writer, lm_warc_type_names[i], totals->archived[i]);
    lm_json_close(writer, '}');
}

static void put_splits(struct lm_json_writer *writer, struct clean_splitter *splitter)
{
    char digest[LM_DIGEST_HEX];
    lm_json_key(writer, "splits");
    lm_json_open(writer, '{');
    for (size_t i = 0; i < LM_SPLITS; i++) {
        lm_json_key(writer, lm_split_names[i]);
        lm_json_open(writer, '{');
        lm_json_member_int(writer, "documents", splitter->sides[i].documents);
        lm_json_member_int(writer, "bytes", splitter->sides[i].bytes);
        clean_splitter_digest(digest, &splitter->sides[i]);
        lm_json_member_string(writer, "ids_sha256", digest);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, '}');
}

/* ---- what went, and what passed ---- */

static void put_flow(struct lm_json_writer *writer, const char *name, const struct clean_flow *flow)
{
    lm_json_key(writer, name);
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "documents", flow->documents);
    lm_json_member_int(writer, "bytes", flow->bytes);
    lm_json_member_int(writer, "characters", flow->chars);
    lm_json_member_int(writer, "words", flow->words);
    lm_json_close(writer, '}');
}

static struct clean_flow less(const struct clean_flow *a, const struct clean_flow *b)
{
    return (struct clean_flow){a->documents - b->documents, a->bytes - b->bytes,
                               a->chars - b->chars, a->words - b->words};
}

static void put_bounds(struct lm_json_writer *writer, const struct lm_rule *rule)
{
    const struct {
        const char *name;
        double value;
    } bounds[] = {{"min", rule->min}, {"max", rule->max}, {"length", rule->length}};

    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
        if (bounds[i].value == bounds[i].value)
            lm_json_member_double(writer, bounds[i].name, bounds[i].value);
    if (rule->kind->source != NULL)
        lm_json_member_string(writer, "source", rule->kind->source);
}

static void put_examples(struct lm_json_writer *writer, const struct clean_drop *drop)
{
    lm_json_key(writer, "examples");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < drop->example_count; i++)
        lm_json_put_bytes(writer, drop->examples[i].text, drop->examples[i].size);
    lm_json_close(writer, ']');
}

/* The languages that are kept, and how much of a text must be in them. */
static void put_wanted(struct lm_json_writer *writer, const struct clean_language *wanted)
{
    const char *const *keep = wanted->keep.items;
    lm_json_member_double(writer, "min", wanted->min);
    lm_json_key(writer, "keep");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < wanted->keep.count; i++)
        lm_json_put_string(writer, keep[i]);
    lm_json_close(writer, ']');
    lm_json_member_string(writer, "source", "CLD2, Sites 2013");
}

/* A row; *flow is what comes to it, then what passes it. NULL: nothing was measured there. */
static void put_drop(struct lm_json_writer *writer, const struct clean_drop *drop,
                     struct clean_flow *flow)
{
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "rule", drop->name);
    if (drop->rule != NULL)
        put_bounds(writer, drop->rule);
    if (drop->language != NULL)
        put_wanted(writer, drop->language);
    if (drop->near != NULL)
        lm_json_member_double(writer, "min", drop->near->threshold);
    lm_json_member_int(writer, "documents", drop->gone.documents);
    if (drop->rule != NULL && (drop->rule->kind->traits & LM_RULE_LINE))
        lm_json_member_int(writer, "lines", drop->lines);
    lm_json_member_int(writer, "bytes", drop->gone.bytes);
    if (flow != NULL) {
        lm_json_member_int(writer, "characters", drop->gone.chars);
        lm_json_member_int(writer, "words", drop->gone.words);
    }
    if (drop->rule != NULL && (drop->rule->kind->traits & LM_RULE_ENGLISH))
        lm_json_member_int(writer, "not_asked", drop->unfit);
    if (flow != NULL) {
        put_flow(writer, "in", flow);
        *flow = less(flow, &drop->gone);
        put_flow(writer, "out", flow);
    }
    put_examples(writer, drop);
    lm_json_close(writer, '}');
}

/* A row of what went beside the counted rows, so that the sums come out at `rest`. */
static void put_rest(struct lm_json_writer *writer, const char *name, struct clean_flow *flow,
                     const struct clean_flow *rest)
{
    struct clean_drop drop = {.name = name, .gone = less(flow, rest)};
    if (drop.gone.bytes != 0)
        put_drop(writer, &drop, flow);
}

/* What is left when rows from `from` on have taken theirs. */
static struct clean_flow add_back(const struct clean_totals *totals, struct clean_flow flow,
                                  size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        clean_flow_sum(&flow, &totals->drops[i].gone);
    return flow;
}

static void put_rules(struct lm_json_writer *writer, const struct clean_totals *totals,
                      struct clean_flow *flow)
{
    size_t last = CLEAN_RULES; /* behind the last rule of lines */
    for (size_t i = CLEAN_RULES; i < totals->drop_count; i++)
        if (totals->drops[i].rule->kind->traits & LM_RULE_LINE)
            last = i + 1;
    for (size_t i = CLEAN_RULES; i < totals->drop_count; i++) {
        put_drop(writer, &totals->drops[i], flow);
        if (i + 1 != last)
            continue;
        struct clean_flow rest = add_back(totals, totals->ruled, last, totals->drop_count);
        rest = add_back(totals, rest, CLEAN_LINELESS, CLEAN_LINELESS + 1);
        put_rest(writer, "line_ends", flow, &rest);
    }
}

/* In the order of the work. */
static void put_dropped(struct lm_json_writer *writer, const struct clean_totals *totals,
                        const struct clean_classifier *classifier,
                        const struct clean_substring *substring)
{
    const struct clean_drop *drops = totals->drops;
    struct clean_flow flow = totals->cleaned;
    const struct clean_flow kept = {totals->documents, totals->bytes, totals->kept.chars,
                                    totals->kept.words};
    put_flow(writer, "cleaned", &flow);
    lm_json_key(writer, "dropped");
    lm_json_open(writer, '[');
    if (drops[CLEAN_MISSING].gone.documents > 0)
        put_drop(writer, &drops[CLEAN_MISSING], NULL);
    put_drop(writer, &drops[CLEAN_INVALID], NULL);
    put_drop(writer, &drops[CLEAN_EMPTY], NULL);
    if (drops[CLEAN_LANGUAGE].language != NULL)
        put_drop(writer, &drops[CLEAN_LANGUAGE], &flow);
    put_rules(writer, totals, &flow);
    if (drops[CLEAN_LINELESS].gone.documents > 0)
        put_drop(writer, &drops[CLEAN_LINELESS], &flow);
    if (drops[CLEAN_ALIKE].gone.documents > 0)
        put_drop(writer, &drops[CLEAN_ALIKE], &flow);
    struct clean_flow cut = kept; /* what is left of repeats, and what comes to them */
    clean_flow_sum(&cut, &totals->cut);
    cut = add_back(totals, cut, CLEAN_LEAKED, CLEAN_LEAKED + 1);
    struct clean_flow whole = cut;
    clean_flow_sum(&whole, &substring->cut);
    struct clean_flow rest = add_back(totals, whole, CLEAN_NEAR, CLEAN_REPEATED + 1);
    rest = add_back(totals, rest, CLEAN_DUPLICATE, CLEAN_DUPLICATE + 1);
    put_rest(writer, "duplicate_parts", &flow, &rest);
    put_drop(writer, &drops[CLEAN_DUPLICATE], &flow);
    if (drops[CLEAN_NEAR].near != NULL)
        put_drop(writer, &drops[CLEAN_NEAR], &flow);
    if (classifier->params != NULL)
        put_drop(writer, &drops[CLEAN_CLASSIFIED], &flow);
    if (substring->params != NULL)
        put_drop(writer, &drops[CLEAN_REPEATED], &flow);
    put_rest(writer, "repeated_parts", &flow, &cut);
    if (drops[CLEAN_LEAKED].gone.documents > 0)
        put_drop(writer, &drops[CLEAN_LEAKED], &flow);
    put_rest(writer, "contaminated_parts", &flow, &kept);
    lm_json_close(writer, ']');
}

static void put_met_before(struct lm_json_writer *writer, const struct clean_totals *totals)
{
    if (totals->dropped_parts == 0)
        return;
    lm_json_key(writer, "met_before");
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "paragraphs", totals->dropped_paragraphs);
    lm_json_member_int(writer, "lines", totals->dropped_lines);
    lm_json_member_int(writer, "bytes", totals->dropped_parts);
    lm_json_close(writer, '}');
}

/* Where the bytes went, from files to the kept text: what is not in a text that was found (markup,
 * other members, newlines between documents, the encoding), what cleaning changed within one (less
 * than 0: it grew), what was dropped before and behind it. */
static void put_bytes(struct lm_json_writer *writer, const struct clean_corpus *corpus,
                      const struct clean_totals *totals)
{
    int64_t in = 0, found = 0;
    const int64_t uncleaned =
        totals->drops[CLEAN_INVALID].gone.bytes + totals->drops[CLEAN_EMPTY].gone.bytes;
    for (size_t i = 0; i < corpus->source_count; i++)
        in += corpus->sources[i].bytes;
    for (size_t i = 0; i < LM_BY_AUTO; i++)
        found += totals->formats[i].bytes;
    lm_json_key(writer, "bytes");
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "in", in);
    lm_json_member_int(writer, "outside_texts", in - found);
    lm_json_member_int(writer, "invalid_or_empty", uncleaned);
    lm_json_member_int(writer, "repaired", found - uncleaned - totals->cleaned.bytes);
    lm_json_member_int(writer, "dropped", totals->cleaned.bytes - totals->bytes);
    lm_json_member_int(writer, "out", totals->bytes);
    lm_json_close(writer, '}');
}

/* Texts as they were found, by how their files were read. */
static void put_formats(struct lm_json_writer *writer, const struct clean_totals *totals)
{
    lm_json_key(writer, "formats");
    lm_json_open(writer, '{');
    for (size_t i = 0; i < LM_BY_AUTO; i++) {
        if (totals->formats[i].documents == 0)
            continue;
        lm_json_key(writer, lm_documents_by_names[i]);
        lm_json_open(writer, '{');
        lm_json_member_int(writer, "documents", totals->formats[i].documents);
        lm_json_member_int(writer, "bytes", totals->formats[i].bytes);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, '}');
}

static void put_repairs(struct lm_json_writer *writer, const struct clean_totals *totals)
{
    lm_json_key(writer, "repairs");
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "converted_files", totals->converted);
    lm_json_member_int(writer, "byte_order_marks", totals->marks);
    lm_json_member_int(writer, "newlines", totals->newlines);
#define PUT(field, name) lm_json_member_int(writer, name, totals->repairs.field);
    LM_CLEAN_COUNTS(PUT)
#undef PUT
    lm_json_close(writer, '}');
}

static void put_lengths(struct lm_json_writer *writer, struct clean_totals *totals)
{
    static const struct {
        const char *name;
        int64_t percent;
    } marks[] = {{"minimum", 0}, {"p10", 10}, {"median", 50}, {"p90", 90}, {"maximum", 100}};

    clean_sizes_sort(&totals->sizes);
    lm_json_key(writer, "document_bytes");
    lm_json_open(writer, '{');
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        lm_json_member_int(
            writer, marks[i].name,
            clean_sizes_at(&totals->sizes, (totals->documents - 1) * marks[i].percent / 100));
    lm_json_member_double(writer, "mean", (double)totals->bytes / (double)totals->documents);
    lm_json_close(writer, '}');
}

/* Documents by length: each row those below a power of two, and not below the one before. */
static void put_histogram(struct lm_json_writer *writer, const struct clean_totals *totals)
{
    const struct clean_sizes *sizes = &totals->sizes;
    size_t at = 0;
    lm_json_key(writer, "lengths");
    lm_json_open(writer, '[');
    for (int64_t below = 16; at < sizes->count; below *= 2) {
        int64_t documents = 0;
        for (; at < sizes->count && sizes->items[at].bytes < below; at++)
            documents += sizes->items[at].documents;
        if (documents == 0)
            continue;
        lm_json_open(writer, '{');
        lm_json_member_int(writer, "below", below);
        lm_json_member_int(writer, "documents", documents);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

/* ---- scripts ---- */

struct script_share {
    size_t script;
    int64_t letters;
};

static int compare_shares(const void *a, const void *b)
{
    const struct script_share *x = a, *y = b;
    if (x->letters != y->letters)
        return x->letters > y->letters ? -1 : 1;
    return x->script < y->script ? -1 : x->script > y->script;
}

/* Scripts that (nearly) one language alone is written in. */
static const char *guess_language(const struct lm_text_measure *kept, const char *first,
                                  int64_t letters)
{
    static const struct {
        const char *script, *language;
    } known[] = {{"Greek", "Greek"},      {"Armenian", "Armenian"},
                 {"Hebrew", "Hebrew"},    {"Bengali", "Bengali"},
                 {"Gurmukhi", "Punjabi"}, {"Gujarati", "Gujarati"},
                 {"Tamil", "Tamil"},      {"Telugu", "Telugu"},
                 {"Kannada", "Kannada"},  {"Malayalam", "Malayalam"},
                 {"Sinhala", "Sinhala"},  {"Thai", "Thai"},
                 {"Lao", "Lao"},          {"Tibetan", "Tibetan"},
                 {"Myanmar", "Burmese"},  {"Georgian", "Georgian"},
                 {"Hangul", "Korean"},    {"Ethiopic", "Amharic"},
                 {"Khmer", "Khmer"},      {"Mongolian", "Mongolian"}};

    int64_t kana = 0;
    for (size_t i = 0; i < LM_SCRIPTS; i++)
        if (strcmp(lm_script_names[i], "Hiragana") == 0 ||
            strcmp(lm_script_names[i], "Katakana") == 0)
            kana += kept->scripts[i];
    if (kana * 10 > letters)
        return "Japanese";
    if (strcmp(first, "Han") == 0)
        return "Chinese";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(first, known[i].script) == 0)
            return known[i].language;
    return "not told by the script";
}

static void put_scripts(struct lm_json_writer *writer, const struct lm_text_measure *kept)
{
    struct script_share shares[LM_SCRIPTS];
    int64_t letters = 0;
    for (size_t i = 0; i < LM_SCRIPTS; i++) {
        shares[i] = (struct script_share){i, kept->scripts[i]};
        letters += kept->scripts[i];
    }
    qsort(shares, LM_SCRIPTS, sizeof shares[0], compare_shares);
    lm_json_key(writer, "scripts");
    lm_json_open(writer, '{');
    for (size_t i = 0; i < LM_SCRIPTS && shares[i].letters > 0; i++)
        lm_json_member_double(writer, lm_script_names[shares[i].script],
                              (double)shares[i].letters / (double)letters);
    lm_json_close(writer, '}');
    lm_json_member_string(writer, "language",
                          guess_language(kept, lm_script_names[shares[0].script], letters));
}

/* ---- languages ---- */

static int compare_spoken(const void *a, const void *b)
{
    const struct clean_spoken *x = a, *y = b;
    if (x->documents != y->documents)
        return x->documents > y->documents ? -1 : 1;
    return strcmp(x->code, y->code);
}

/* Documents by their most frequent language, where languages are asked for. */
static void put_languages(struct lm_json_writer *writer, struct clean_totals *totals)
{
    if (totals->drops[CLEAN_LANGUAGE].language == NULL)
        return;
    qsort(totals->languages, totals->language_count, sizeof totals->languages[0], compare_spoken);
    lm_json_key(writer, "languages");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < totals->language_count; i++) {
        const struct clean_spoken *row = &totals->languages[i];
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "language", row->code[0] != '\0' ? row->code : "not told");
        lm_json_member_int(writer, "documents", row->documents);
        lm_json_member_int(writer, "bytes", row->bytes);
        lm_json_member_int(writer, "kept", row->kept);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

enum lm_status clean_card_write(const char *path, const struct clean_corpus *corpus,
                                struct clean_totals *totals, struct clean_splitter *splitter,
                                const struct clean_near *near, struct clean_sketches *sketches,
                                const struct clean_classifier *classifier,
                                const struct clean_substring *substring,
                                struct clean_contamination *contamination, struct lm_err *err)
{
    struct lm_buf out;
    struct lm_json_writer writer;
    lm_buf_init(&out, 0);
    lm_json_begin(&writer, &out, true);
    lm_json_open(&writer, '{');
    lm_json_member_int(&writer, "lmpipe_card", 1);
    put_sources(&writer, corpus);
    put_overlaps(&writer, corpus, totals);
    put_sums(&writer, corpus, totals);
    put_bytes(&writer, corpus, totals);
    put_archived(&writer, totals);
    put_formats(&writer, totals);
    put_splits(&writer, splitter);
    clean_leak_put(&writer, &splitter->leak);
    put_met_before(&writer, totals);
    clean_near_put(&writer, near);
    if (sketches != NULL)
        clean_sketches_put(&writer, sketches);
    clean_classifier_put(&writer, classifier);
    clean_substring_put(&writer, substring);
    enum lm_status status = clean_contamination_put(&writer, contamination, err);
    put_dropped(&writer, totals, classifier, substring);
    put_repairs(&writer, totals);
    clean_transform_put(&writer, &totals->transform, &totals->transformed);
    put_lengths(&writer, totals);
    put_histogram(&writer, totals);
    put_languages(&writer, totals);
    put_scripts(&writer, &totals->kept);
    lm_json_close(&writer, '}');
    lm_buf_putc(&out, '\n');
    if (status == LM_OK)
        status = lm_file_write_buf(path, &out, err);
    lm_buf_release(&out);
    return status;
}
