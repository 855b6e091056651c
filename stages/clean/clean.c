/* Stage type clean: the descriptor. The work is in clean_run.c. */
#include <lmpipe/stage.h>

#include <stdio.h>
#include <string.h>

#include "task/task_follow.h"
#include "text/clean_text.h"
#include "text/documents.h"
#include "text/encoding.h"
#include "text/language_list.h"
#include "text/pii.h"
#include "text/rule_list.h"

#include "clean_params.h"
#include "clean_positive.h"

static const struct lm_port inputs[] = {
    {"corpus", "corpus", "files as they came, and the manifest that names them", LM_PORT_FOLDER},
    {"task_data", "corpus", "downloaded sources that tasks of decontaminate take their items from",
     LM_PORT_FOLDER | LM_PORT_OPTIONAL | LM_PORT_LIST},
    {CLEAN_POSITIVE_PORT, "text", "examples of good text for classifier: their train splits",
     LM_PORT_FOLDER | LM_PORT_OPTIONAL | LM_PORT_LIST},
    {NULL, NULL, NULL, 0},
};

static const struct lm_port outputs[] = {
    {"text", "text", "train.jsonl, valid.jsonl, test.jsonl: a document a line", LM_PORT_FOLDER},
    {"card", "card", "what came in, what was changed, what was dropped and why", 0},
    {"sources", "sources",
     "how many documents of each split are of which source, in the text's order", LM_PORT_OPTIONAL},
    {"meta", "meta", "a line a document, in the text's order: what documents.keep names",
     LM_PORT_FOLDER | LM_PORT_OPTIONAL},
    {"removals", "removals", "every removed document with why, by removals: true",
     LM_PORT_OPTIONAL},
    {NULL, NULL, NULL, 0},
};

#define NAME(code, name) name,
#define ENCODING(name, iconv_name) name,
#define RULE(name, pass, traits, min, max, length, count, over, source, help) name,
#define PROFILE(name, prefixes) name,
static const char *const document_ways[] = {LM_DOCUMENTS_LIST(NAME) NULL};
static const char *const encodings[] = {LM_ENCODING_LIST(ENCODING) NULL};
static const char *const repairs[] = {LM_REPAIR_LIST(NAME) NULL};
#define PII(code, name, token) name,
static const char *const pii_kinds[] = {LM_PII_LIST(PII) NULL};
#undef PII
static const char *const languages[] = {LM_LANGUAGE_LIST(ENCODING) NULL};
static const char *const code_ways[] = {"keep", "drop", NULL};
static const char *const compared[] = {"document", "paragraph", "line", NULL};
static const char *const groups[] = {"document", "file", "source", "host", NULL};
static const char *const compressions[] = {"none", "zstd", NULL};
static const char *const split_ways[] = {"hash", "position", NULL};
static const char *const rule_names[] = {LM_RULE_LIST(RULE) NULL};
static const char *const profiles[] = {"none", LM_PROFILE_LIST(PROFILE) NULL};

#define D(f) LM_FIELD(struct clean_documents, f)
#define R(f) LM_FIELD(struct clean_rule, f)
#define E(f) LM_FIELD(struct clean_dedup_params, f)
#define N(f) LM_FIELD(struct clean_near_params, f)
#define B(f) LM_FIELD(struct clean_substring_params, f)
#define S(f) LM_FIELD(struct clean_split, f)
#define L(f) LM_FIELD(struct clean_language, f)
#define Q(f) LM_FIELD(struct clean_classifier_params, f)
#define T(f) LM_FIELD(struct clean_decontaminate, f)
#define P(f) LM_FIELD(struct clean_params, f)

/* Of what is asked for. */
#define NEAR_THRESHOLD 0.8
#define LANGUAGE_MIN 0.65

enum { NEAR_NGRAM = 5, NEAR_BANDS = 14, NEAR_ROWS = 8, LEAK_NGRAM = 13, LEAK_WINDOW = 200 };

/* clang-format off */
static const struct lm_param document_rows[] = {
    {D(by), .type = LM_P_ENUM, .def_str = "file", .choices = document_ways,
     .help = "what a document is; auto: by each file's content, plain text being one document"},
    {D(separator), .type = LM_P_STR, .def_str = "",
     .help = "the text between two documents, for by: separator"},
    {D(field), .also = "text_field key",
     .type = LM_P_STR, .def_str = "text", .flags = LM_PARAM_COMPACT,
     .help = "member that holds the text, for by: jsonl; a.b: member b of member a"},
    {D(column), .also = "text_column",
     .type = LM_P_STR, .def_str = "text", .flags = LM_PARAM_COMPACT,
     .help = "column that holds the text, for by: csv and tsv; a number where there is no header"},
    {D(code), .type = LM_P_ENUM, .def_str = "keep", .choices = code_ways, .flags = LM_PARAM_COMPACT,
     .help = "what becomes of code blocks, for by: markdown and rst"},
    {D(keep), .also = "metadata meta columns fields",
     .type = LM_P_LIST, .item = LM_P_STR, .flags = LM_PARAM_COMPACT | LM_PARAM_FILLED,
     .help = "members, columns or headers that the output meta holds, as [url, date]; also file, source"},
    {.name = NULL},
};

static const struct lm_param rule_rows[] = {
    {R(rule), .type = LM_P_ENUM, .flags = LM_PARAM_REQUIRED, .choices = rule_names,
     .help = "what is measured; lmpipe stages clean lists all"},
    {R(min), .type = LM_P_FLOAT, .def_float = LM_UNSET_FLOAT,
     .help = "documents (or lines) with less are dropped; the published threshold if not given"},
    {R(max), .type = LM_P_FLOAT, .def_float = LM_UNSET_FLOAT,
     .help = "documents (or lines) with more are dropped; the published threshold if not given"},
    {R(length), .type = LM_P_FLOAT, .def_float = LM_UNSET_FLOAT, .flags = LM_PARAM_COMPACT,
     .unit = "characters", .help = "what a short or long line is, for rules that count those"},
    {R(off), .also = "disable disabled",
     .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT, .help = "takes the rule out of the profile"},
    {.name = NULL},
};

static const struct lm_param near_rows[] = {
    {N(threshold), .also = "min jaccard similarity",
     .type = LM_P_FLOAT, .def_float = LM_UNSET_FLOAT, .given = NEAR_THRESHOLD, .max = 1,
     .flags = LM_PARAM_COMPACT | LM_PARAM_OPEN_MIN,
     .help = "share of shingles that two documents have in common (Jaccard) from which on one goes"},
    {N(ngram), .also = "n shingle ngram_size",
     .type = LM_P_INT, .def_int = LM_UNSET_INT, .given = NEAR_NGRAM, .min = 1, .max = CLEAN_NEAR_WORDS, .flags = LM_PARAM_COMPACT,
     .unit = "words", .help = "length of a shingle, in words as the rules count them"},
    {N(bands), .also = "buckets num_buckets",
     .type = LM_P_INT, .def_int = LM_UNSET_INT, .given = NEAR_BANDS, .min = 1, .max = CLEAN_NEAR_HASHES, .flags = LM_PARAM_COMPACT,
     .help = "candidates share one of that many bands: 1 - (1 - s^rows)^bands of those alike by s"},
    {N(rows), .also = "hashes_per_bucket",
     .type = LM_P_INT, .def_int = LM_UNSET_INT, .given = NEAR_ROWS, .min = 1, .max = CLEAN_NEAR_HASHES, .flags = LM_PARAM_COMPACT,
     .help = "hashes of a band"},
    {.name = NULL},
};

static const struct lm_param substring_rows[] = {
    {B(bytes), .also = "length length_threshold min_bytes min_length",
     .type = LM_P_INT, .def_int = LM_UNSET_INT, .given = 100, .min = 8, .max = 1e6,
     .flags = LM_PARAM_COMPACT, .unit = "bytes",
     .help = "runs of that many or more that stood before are cut out"},
    {.name = NULL},
};

static const struct lm_param dedup_rows[] = {
    {E(same), .key = "", .type = LM_P_BOOL, .def_bool = true,
     .help = "of documents with equal cleaned text the first stays"},
    {E(exact), .type = LM_P_LIST, .item = LM_P_ENUM, .choices = compared,
     .flags = LM_PARAM_COMPACT | LM_PARAM_FILLED,
     .help = "also of those that say the same without case, punctuation and layout"},
    {E(near), .also = "minhash fuzzy lsh near_duplicates",
     .type = LM_P_RECORD, .flags = LM_PARAM_SHORT, .fields = near_rows,
     .fields_size = sizeof(struct clean_near_params),
     .help = "and of those that are nearly the same: {threshold: 0.8}",
     .source = "Broder 1997; Lee et al. 2022, section 4.2"},
    {E(substring), .also = "exact_substring suffix_array substrings spans",
     .type = LM_P_RECORD, .flags = LM_PARAM_SHORT, .fields = substring_rows,
     .fields_size = sizeof(struct clean_substring_params),
     .help = "and of what stands in several places, to the byte, the later ones: {bytes: 100}",
     .source = "Lee et al. 2022, section 4.1"},
    {.name = NULL},
};

static const struct lm_param language_rows[] = {
    {L(keep), .also = "languages lang codes",
     .type = LM_P_LIST, .item = LM_P_ENUM, .choices = languages,
     .flags = LM_PARAM_COMPACT | LM_PARAM_FILLED,
     .help = "codes of the languages to keep, as [en, de]; zh is in either script"},
    {L(min), .also = "threshold score",
     .type = LM_P_FLOAT, .def_float = LM_UNSET_FLOAT, .given = LANGUAGE_MIN, .max = 1,
     .flags = LM_PARAM_COMPACT | LM_PARAM_OPEN_MIN,
     .help = "share of a text's letters that must be in them; documents with less are dropped"},
    {.name = NULL},
};

static void follow_task(const struct lm_follow *follow)
{
    struct clean_params *params = follow->params;
    lm_task_follow(follow, &params->decontaminate.names);
}

static const struct lm_param decontaminate_rows[] = {
    {T(against), .also = "tasks task benchmarks",
     .type = LM_P_LIST, .item = LM_P_PATH,
     .flags = LM_PARAM_COMPACT | LM_PARAM_ENV | LM_PARAM_FILLED, .follow = follow_task,
     .help = "task files, as evaluate has them: all their items are looked for (docs/tasks.md)"},
    {T(ngram), .also = "n ngram_size",
     .type = LM_P_INT, .def_int = LM_UNSET_INT, .given = LEAK_NGRAM, .min = 1, .max = CLEAN_LEAK_WORDS, .flags = LM_PARAM_COMPACT,
     .unit = "words", .help = "of an item that stand in a document; letters where none are parted"},
    {T(window), .also = "window_to_remove margin",
     .type = LM_P_INT, .def_int = LM_UNSET_INT, .given = LEAK_WINDOW, .min = 0, .max = 1e9, .flags = LM_PARAM_COMPACT,
     .unit = "characters",
     .help = "cut on each side of them; a piece of fewer that is left goes as well"},
    {.name = NULL},
};

static const struct lm_param classifier_rows[] = {
    {Q(positive), .also = "positives good reference target",
     .type = LM_P_LIST, .item = LM_P_PATH,
     .flags = LM_PARAM_COMPACT | LM_PARAM_ENV | LM_PARAM_FILLED,
     .help = "files and folders of good text, or JSON lines of it; beside the port positive"},
    {Q(alpha), .also = "pareto a shape",
     .type = LM_P_FLOAT, .def_float = LM_UNSET_FLOAT, .given = 9, .max = 1e6,
     .flags = LM_PARAM_COMPACT | LM_PARAM_OPEN_MIN,
     .help = "kept is a document of which a draw of Pareto's shape alpha is above 1 - score"},
    {.name = NULL},
};

static const struct lm_param split_rows[] = {
    {S(by), .type = LM_P_ENUM, .def_str = "hash", .choices = split_ways,
     .help = "hash: by a document's content, for good; position: the last parts of the text"},
    {S(group), .also = "group_by",
     .type = LM_P_ENUM, .def_str = "document", .choices = groups, .flags = LM_PARAM_COMPACT,
     .help = "what never stands on two sides, by: hash; host needs a url member, column or header"},
    {S(salt), .type = LM_P_STR, .def_str = "", .flags = LM_PARAM_COMPACT,
     .help = "any text: another one shares out anew, by: hash"},
    {S(valid), .also = "val validation dev valid_size val_size val_split",
     .type = LM_P_FLOAT, .def_float = 0.05, .max = 1,
     .flags = LM_PARAM_OPEN_MIN | LM_PARAM_OPEN_MAX, .help = "share of the valid split"},
    {S(test), .also = "test_size test_split",
     .type = LM_P_FLOAT, .def_float = 0.05, .max = 1, .flags = LM_PARAM_OPEN_MAX,
     .help = "share of the test split; 0: none"},
    {.name = NULL},
};

static const struct lm_param params[] = {
    {P(documents), .type = LM_P_RECORD, .flags = LM_PARAM_SHORT, .fields = document_rows,
     .fields_size = sizeof(struct clean_documents),
     .help = "how files are cut into documents; also short, as documents: line"},
    {P(encoding), .also = "charset",
     .type = LM_P_ENUM, .def_str = "utf-8", .choices = encodings, .flags = LM_PARAM_COMPACT,
     .help = "how bytes are read; auto: told by content, refused where in doubt; marks go first"},
    {P(invalid), .type = LM_P_ENUM, .def_str = "replace", .choices = repairs,
     .help = "bytes that are not UTF-8: U+FFFD, drop the document, or read as Windows-1252",
     .source = "Unicode 15.0, section 3.9"},
    /* Key names count how often their work changed: only results that used it are stale. */
    {P(mojibake), .key = "mojibake_2", .also = "fix_encoding ftfy",
     .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT,
     .help = "repair UTF-8 that was read as something else, where that is beyond doubt"},
    {P(nfc), .also = "normalize normalization",
     .type = LM_P_BOOL, .def_bool = true,
     .help = "composed characters: normalisation form C", .source = "Unicode UAX #15"},
    {P(gutenberg), .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT,
     .help = "drop Project Gutenberg's front and back matter, where there is some"},
    {P(unwrap), .key = "unwrap_2", .also = "dehyphenate join_lines",
     .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT,
     .help = "join lines that were broken because the next word did not fit the text's width"},
    {P(pii), .also = "mask anonymize anonymise redact",
     .type = LM_P_LIST, .item = LM_P_ENUM, .choices = pii_kinds,
     .flags = LM_PARAM_COMPACT | LM_PARAM_FILLED,
     .help = "replace addresses of mail and network and phone numbers by [EMAIL], [IP], [PHONE]"},
    {P(strip_trailing_space), .type = LM_P_BOOL, .def_bool = false,
     .help = "drop white space at the ends of lines"},
    {P(trim), .type = LM_P_BOOL, .def_bool = true,
     .help = "drop blank lines at a document's start and white space at its end"},
    {P(max_blank_lines), .type = LM_P_INT, .def_int = LM_UNSET_INT, .max = 1e9, .unit = "lines",
     .help = "longest run of blank lines that is kept; any when not given"},
    {P(dedup), .also = "deduplicate deduplication",
     .type = LM_P_RECORD, .flags = LM_PARAM_SHORT, .fields = dedup_rows,
     .fields_size = sizeof(struct clean_dedup_params),
     .help = "keep only the first of documents with equal text: true, false, or {exact: [line]}"},
    {P(language), .also = "languages lang lang_id",
     .type = LM_P_RECORD, .fields = language_rows, .fields_size = sizeof(struct clean_language),
     .help = "keep texts in some languages: {keep: [en], min: 0.65}; needs CLD2",
     .source = "CLD2, Sites 2013"},
    {P(classifier), .also = "quality quality_filter filter_model",
     .type = LM_P_RECORD, .fields = classifier_rows,
     .fields_size = sizeof(struct clean_classifier_params),
     .help = "keep documents by how much they are like good text: {positive: [books/]}",
     .source = "Brown et al. 2020, appendix A"},
    {P(decontaminate), .also = "decontamination contamination",
     .type = LM_P_RECORD, .fields = decontaminate_rows,
     .fields_size = sizeof(struct clean_decontaminate),
     .help = "cut out what evaluation items have in common with the text: {against: [task.yaml]}",
     .source = "Brown et al. 2020, appendix C"},
    {P(profile), .also = "recipe preset",
     .type = LM_P_ENUM, .def_str = "none", .choices = profiles, .flags = LM_PARAM_NOT_IN_KEY,
     .help = "a published set of rules at its thresholds; resolved into rules"},
    {P(rules), .also = "filters",
     .type = LM_P_LIST, .item = LM_P_RECORD, .flags = LM_PARAM_FILLED, .fields = rule_rows,
     .fields_size = sizeof(struct clean_rule),
     .help = "rules beside the profile, or other thresholds: {rule: gopher.words, min: 30}"},
    {P(split), .also = "splits",
     .type = LM_P_RECORD, .flags = LM_PARAM_SHORT, .fields = split_rows,
     .fields_size = sizeof(struct clean_split),
     .help = "how documents are shared out to train, valid and test"},
    {P(shards), .also = "num_shards",
     .type = LM_P_INT, .flags = LM_PARAM_COMPACT, .def_int = 1, .min = 1, .max = 99999, .unit = "files",
     .help = "files of each split, of about equal size, in the text's order: train-00001-of-00007.jsonl"},
    {P(compression), .also = "compress",
     .type = LM_P_ENUM, .flags = LM_PARAM_COMPACT, .def_str = "none", .choices = compressions,
     .help = "zstd: files of the text are compressed, train.jsonl.zst", .source = "RFC 8878"},
    {P(removals), .also = "exclusions",
     .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT,
     .help = "every removed document with why, as the output removals"},
    {.name = NULL},
};

/* clang-format on */

static const struct lm_metric_row metrics[] = {
    {"documents", "documents", LM_BETTER_NONE, "documents that are left"},
    {"{,train.,valid.,test.}bytes", "bytes", LM_BETTER_NONE,
     "text that is left, of all and by split"},
    {NULL},
};

static bool is_one_of(const char *by, const char *const *ways)
{
    for (; *ways != NULL; ways++)
        if (strcmp(by, *ways) == 0)
            return true;
    return false;
}

/** Names of what is kept beside the text. */
static enum lm_status check_keep(const struct clean_documents *documents, struct lm_err *err)
{
    const char *const *names = documents->keep.items;
    if (documents->keep.count > CLEAN_KEPT)
        return lm_fail_field(err, LM_RANGE, "documents.keep: %zu names; at most %d can be kept",
                             documents->keep.count, CLEAN_KEPT);
    for (size_t i = 0; i < documents->keep.count; i++) {
        if (names[i][0] == '\0')
            return lm_fail_field(err, LM_INVALID, "documents.keep.%zu: is empty; name a member", i);
        for (size_t k = 0; k < i; k++)
            if (strcmp(names[i], names[k]) == 0)
                return lm_fail_field(err, LM_INVALID,
                                     "documents.keep.%zu: '%s' is named twice; leave one out", i,
                                     names[i]);
    }
    return LM_OK;
}

/** Options of some ways to cut files. */
static enum lm_status check_documents(const struct clean_documents *documents, struct lm_err *err)
{
    static const char *const names[] = {"separator", "field", "column", "code"};
    static const char *const ways[][4] = {{"separator", NULL},
                                          {"jsonl", "auto", NULL},
                                          {"csv", "tsv", "auto", NULL},
                                          {"markdown", "rst", NULL}};
    static const char *const defaults[] = {"", "text", "text", "keep"};
    const char *const given[] = {documents->separator, documents->field, documents->column,
                                 documents->code};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        bool is_its = is_one_of(documents->by, ways[i]);
        if (is_its && given[i][0] == '\0')
            return lm_fail_field(err, LM_INVALID, "documents.%s: is missing; by: %s needs it",
                                 names[i], documents->by);
        if (!is_its && strcmp(given[i], defaults[i]) != 0)
            return lm_fail_field(err, LM_INVALID,
                                 "documents.%s: has no effect with by: %s; use by: %s", names[i],
                                 documents->by, ways[i][0]);
    }
    return LM_OK;
}

/** Groups are of digests, and hosts are of records that have addresses. */
static enum lm_status check_split(const struct clean_params *p, struct lm_err *err)
{
    static const char *const ways[] = {"jsonl", "csv", "tsv", "warc", "auto", NULL};
    bool is_grouped = strcmp(p->split.group, "document") != 0;
    if (strcmp(p->split.by, "hash") != 0 && (is_grouped || p->split.salt[0] != '\0'))
        return lm_fail_field(err, LM_INVALID,
                             "split.%s: has no effect with by: position; use by: hash",
                             is_grouped ? "group" : "salt");
    if (strcmp(p->split.group, "host") == 0 && !is_one_of(p->documents.by, ways))
        return lm_fail_field(err, LM_INVALID,
                             "split.group: documents by: %s have no host; use by: jsonl, csv or "
                             "warc, or another group",
                             p->documents.by);
    return LM_OK;
}

static void fill(int64_t *value, int64_t usual)
{
    *value = *value == LM_UNSET_INT ? usual : *value;
}

static enum lm_status check_language(struct clean_language *language, struct lm_err *err)
{
    const char *const *keep = language->keep.items;
    if (language->keep.count == 0 && !lm_is_unset(language->min))
        return lm_fail_field(err, LM_INVALID,
                             "language.keep: is missing; name languages, as [en, de]");
    if (language->keep.count > 0 && lm_is_unset(language->min))
        language->min = LANGUAGE_MIN;
    for (size_t i = 0; i < language->keep.count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(keep[i], keep[k]) == 0)
                return lm_fail_field(err, LM_INVALID,
                                     "language.keep.%zu: '%s' is named twice; leave one out", i,
                                     keep[i]);
    return LM_OK;
}

/* Near-duplicates are found by a bounded number of hashes. */
static enum lm_status check_near(struct clean_near_params *near, struct lm_err *err)
{
    if (lm_is_unset(near->threshold))
        return LM_OK;
    fill(&near->ngram, NEAR_NGRAM);
    fill(&near->bands, NEAR_BANDS);
    fill(&near->rows, NEAR_ROWS);
    if (near->bands * near->rows > CLEAN_NEAR_HASHES)
        return lm_fail_field(err, LM_RANGE,
                             "dedup.near.bands: with rows they are %lld hashes of each document; "
                             "lower one, to %d in all",
                             (long long)near->bands * near->rows, CLEAN_NEAR_HASHES);
    return LM_OK;
}

/* Options of what is not asked for. */
static enum lm_status check_decontaminate(struct clean_decontaminate *p, struct lm_err *err)
{
    const bool is_asked = p->ngram != LM_UNSET_INT || p->window != LM_UNSET_INT;
    if (p->against.count == 0 && is_asked)
        return lm_fail_field(err, LM_INVALID,
                             "decontaminate.against: is missing; name task files, as [blimp.yaml]");
    if (p->against.count > 0) {
        fill(&p->ngram, LEAK_NGRAM);
        fill(&p->window, LEAK_WINDOW);
    }
    return LM_OK;
}

static enum lm_status check_ports(const void *data, bool (*has)(const void *user, const char *port),
                                  const void *user, struct lm_err *err)
{
    const struct clean_params *p = data;
    if (has(user, LM_TASK_PORT) && p->decontaminate.against.count == 0)
        return lm_fail_field(err, LM_INVALID,
                             "decontaminate.against: names no task, but " LM_TASK_PORT
                             " is connected; name task files, or leave it out");
    const bool is_asked = !lm_is_unset(p->classifier.alpha);
    if (has(user, CLEAN_POSITIVE_PORT) && !is_asked)
        return lm_fail_field(err, LM_INVALID,
                             "classifier: is not asked for, but " CLEAN_POSITIVE_PORT
                             " is connected; write classifier: {}, or leave it out");
    if (is_asked && p->classifier.positive.count == 0 && !has(user, CLEAN_POSITIVE_PORT))
        return lm_fail_field(err, LM_INVALID,
                             "classifier.positive: is missing; name files of good text, or connect "
                             "the text of another stage to " CLEAN_POSITIVE_PORT);
    return LM_OK;
}

static enum lm_status resolve(void *data, struct lm_arena *arena, struct lm_err *err)
{
    struct clean_params *p = data;
    LM_TRY(check_documents(&p->documents, err));
    LM_TRY(check_keep(&p->documents, err));
    LM_TRY(lm_clean_rules_resolve(p, arena, err));
    LM_TRY(check_split(p, err));
    LM_TRY(check_language(&p->language, err));
    LM_TRY(check_near(&p->dedup.near, err));
    LM_TRY(check_decontaminate(&p->decontaminate, err));
    if (p->split.valid + p->split.test >= 1)
        return lm_fail_field(
            err, LM_RANGE,
            "split.valid: with split.test it leaves nothing to train on; lower them");
    return LM_OK;
}

/** May pages be read? Their encodings differ. */
static bool is_reading_pages(const struct clean_params *p)
{
    const char *by = p->documents.by;
    return strcmp(by, "html") == 0 || strcmp(by, "warc") == 0 || strcmp(by, "auto") == 0;
}

/* By the parameters alone: what the files are is not known when a key is made. A library that might
 * decide is named, so that another version of it is never taken for the same. */
static const char *const *libraries(const void *data)
{
    static const char *const sets[][5] = {{NULL},
                                          {"utf8proc"},
                                          {"glibc"},
                                          {"glibc", "utf8proc"},
                                          {"glibc", "libxml2"},
                                          {"glibc", "libxml2", "utf8proc"},
                                          {"cld2"},
                                          {"cld2", "utf8proc"},
                                          {"cld2", "glibc"},
                                          {"cld2", "glibc", "utf8proc"},
                                          {"cld2", "glibc", "libxml2"},
                                          {"cld2", "glibc", "libxml2", "utf8proc"}};
    const struct clean_params *p = data;
    bool is_converting =
        strncmp(p->encoding, "utf-", 4) != 0; /* by iconv, whose tables are glibc's */
    return sets[(p->language.keep.count > 0 ? 6 : 0) +
                (is_reading_pages(p) ? 4
                 : is_converting     ? 2
                                     : 0) +
                (p->nfc || p->dedup.exact.count > 0)];
}

bool lm_clean_keeps_all(const struct clean_params *p)
{
    static const char *const ways[] = {"file",      "line",    "blank_line", "unindented",
                                       "separator", "heading", "code",       NULL};
    return is_one_of(p->documents.by, ways) && p->rules.count == 0 && p->language.keep.count == 0;
}

/* Where repeats are cut all text is in memory at once. */
static void estimate(const void *data, const struct lm_upstream *upstream, struct lm_estimate *out)
{
    const struct clean_params *p = data;
    const uint64_t bytes = lm_upstream_bytes(upstream, "corpus");
    out->state = bytes >= LM_WORK_FROM ? bytes / 10 * 11 : 0; /* documents that are kept */
    if (!clean_substring_is_wanted(&p->dedup.substring) || !lm_clean_keeps_all(p) || bytes == 0)
        return;
    out->memory = clean_substring_need(bytes, 0);
    snprintf(out->text, sizeof out->text, "dedup.substring in %llu MB of text",
             (unsigned long long)(bytes / 1000000));
}

static bool has_output(const void *data, const char *port)
{
    const struct clean_params *p = data;
    if (strcmp(port, "removals") == 0)
        return p->removals;
    return strcmp(port, "meta") != 0 || p->documents.keep.count > 0;
}

/* What decides about the documents of a file by themselves: all but how they are compared with
 * others, shared out and laid down. */
static bool prefix(void *data, struct lm_prefix *out)
{
    struct clean_params *p = data;
    *out = (struct lm_prefix){.format = CLEAN_ITEM_FORMAT, .parts = "corpus"};
    p->dedup.same = true;
    if (p->dedup.near.threshold == p->dedup.near.threshold)
        p->dedup.near.threshold = 1;
    p->dedup.substring.bytes = LM_UNSET_INT;
    p->classifier = (struct clean_classifier_params){.alpha = LM_UNSET_FLOAT};
    p->decontaminate.window = 0;
    if (strcmp(p->split.group, "host") != 0)
        p->split.group = groups[0];
    p->split.salt = "";
    p->split.valid = p->split.test = 0;
    p->shards = 1;
    p->compression = compressions[0];
    return true;
}

/* Documents wait in memory until the split is known. */
static const struct lm_stage_cost cost = {.pace = 20e6,
                                          .memory = 20e6,
                                          .memory_share = 6,
                                          .memory_most = 1.2e9,
                                          .sizes = {1.1, 0.001, 0.001}};

extern const struct lm_stage lm_stage_clean;
const struct lm_stage lm_stage_clean = {
    .name = "clean",
    .version = 6,
    .flags = LM_STAGE_RESUMES,
    .summary =
        "repairs text, cuts it into documents, filters and deduplicates them, splits the rest",
    .inputs = inputs,
    .outputs = outputs,
    .params = params,
    .params_size = sizeof(struct clean_params),
    .metrics = metrics,
    .libraries = libraries,
    .resolve = resolve,
    .check_ports = check_ports,
    .estimate = estimate,
    .has_output = has_output,
    .prefix = prefix,
    .cost = &cost,
};
