/** Parameters of the stage type `clean`, as its rows in clean.c fill them. */
#ifndef LM_STAGES_CLEAN_PARAMS_H
#define LM_STAGES_CLEAN_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/param.h>
#include <lmpipe/status.h>

enum {
    CLEAN_KEPT = 64,
    CLEAN_ITEM_FORMAT = 2 /**< of cleaned documents as they are kept (clean_item.h) */
};

struct clean_documents {
    const char *by;        /**< one of lm_documents_by_names */
    const char *separator; /**< for by: separator, else "" */
    const char *field;     /**< path of the text in a record of by: jsonl */
    const char *column;    /**< name or number of the text's column in a table */
    const char *code;      /**< "keep" or "drop": of by: markdown and rst */
    struct lm_list keep;   /**< const char *: members that `meta` holds, at most CLEAN_KEPT */
};

/** Which languages texts must be in; keep empty: any. */
struct clean_language {
    struct lm_list keep; /**< const char *: of LM_LANGUAGE_LIST */
    double min;          /**< share of a text's letters that must be in them */
};

struct clean_rule {
    const char *rule; /**< one of LM_RULE_LIST */
    double min, max;  /**< unset: no bound */
    double length;    /**< unset but for rules that take one */
    bool off;         /**< as typed: takes the row out of the profile */
};

enum {
    CLEAN_NEAR_WORDS = 64,    /**< of a shingle, at most */
    CLEAN_NEAR_HASHES = 1024, /**< bands × rows, at most */
    CLEAN_LEAK_WORDS = 64     /**< of an n-gram of an item, at most */
};

/** Near-duplicates. */
struct clean_near_params {
    double threshold;           /**< Jaccard's coefficient; unset: not asked for */
    int64_t ngram, bands, rows; /**< words of a shingle; how candidates are found */
};

/** Runs of bytes that stood before. */
struct clean_substring_params {
    int64_t bytes; /**< of the shortest; LM_UNSET_INT: not asked for */
};

/** Are repeated runs asked for? */
static inline bool clean_substring_is_wanted(const struct clean_substring_params *params)
{
    return params->bytes != LM_UNSET_INT;
}

/** Bytes of memory that finding them in `bytes` of text in `count` documents takes: seven eighths
 * for corpus/repeats.h (lm_repeats_memory), the rest for digests of what is short. */
static inline uint64_t clean_substring_need(uint64_t bytes, uint64_t count)
{
    return 6 * (bytes + count) + 128;
}

struct clean_dedup_params {
    bool same;            /**< documents of equal cleaned text */
    struct lm_list exact; /**< const char *: "document", "paragraph", "line" */
    struct clean_near_params near;
    struct clean_substring_params substring;
};

struct clean_split {
    const char *by;     /**< "hash" or "position" */
    const char *group;  /**< what never stands on two sides: one of clean_group_names */
    const char *salt;   /**< another one deals anew; "" is none */
    double valid, test; /**< shares; what is left is train */
};

/** Evaluation items that are cut out; against empty: none. */
struct clean_decontaminate {
    struct lm_list against; /**< const char *: task files */
    int64_t ngram, window;  /**< words; characters on each side */
    struct lm_list names;   /**< const char *: of the tasks; no row */
};

/** The quality filter. */
struct clean_classifier_params {
    struct lm_list positive; /**< const char *: files and folders of good text */
    double alpha;            /**< of Pareto's distribution; unset: not asked for */
};

struct clean_params {
    struct clean_documents documents;
    const char *encoding; /**< one of lm_encoding_names */
    const char *invalid;  /**< one of lm_repair_names */
    bool nfc, strip_trailing_space, trim;
    bool mojibake, gutenberg, unwrap;
    struct lm_list pii;      /**< const char *: of lm_pii_names */
    int64_t max_blank_lines; /**< LM_UNSET_INT: any */
    struct clean_dedup_params dedup;
    struct clean_language language;
    struct clean_decontaminate decontaminate;
    struct clean_classifier_params classifier;
    const char *profile;  /**< one of LM_PROFILE_LIST; "none" once it is resolved into rules */
    struct lm_list rules; /**< struct clean_rule; resolved: in the order of LM_RULE_LIST */
    struct clean_split split;
    int64_t shards;          /**< files of each split, of about equal size; at most LM_SHARDS_MAX */
    const char *compression; /**< "none" or "zstd" */
    bool removals;           /**< every removed document is an output */
};

/** May all that files hold stay as text: plain text without rules or languages? */
bool lm_clean_keeps_all(const struct clean_params *params);
/** Resolves profile and rules into rules with every threshold, each at most once and in one order.
 * The text of *err begins with the field. LM_INVALID, LM_RANGE, LM_NOMEM. */
enum lm_status lm_clean_rules_resolve(struct clean_params *params, struct lm_arena *arena,
                                      struct lm_err *err);

#endif
