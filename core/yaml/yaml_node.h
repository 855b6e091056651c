/**
 * YAML as a tree of nodes that know their place. The only door to libyaml, by its event interface:
 * hostile files end quickly (limits below). One document, string keys, no tags; duplicate keys,
 * cycles through aliases and ill-formed UTF-8 are findings. Aliased nodes are shared: never
 * changed after parsing; the limit counts them expanded.
 */
#ifndef LM_YAML_YAML_NODE_H
#define LM_YAML_YAML_NODE_H

#include "yaml/diag.h"

#define LM_YAML_BYTES 67108864 /**< of a file */
#define LM_YAML_DEPTH 64       /**< of nesting */
#define LM_YAML_ALIASES 1000   /**< also of anchors */
#define LM_YAML_NODES 1000000  /**< aliases expanded: 10,000 stages may have 100 each */

enum lm_node_kind { LM_NODE_SCALAR, LM_NODE_LIST, LM_NODE_MAP };

struct lm_node {
    enum lm_node_kind kind;
    bool plain;          /**< scalar without quotes: may be a number, boolean or null */
    bool has_env;        /**< scalar: ${env.NAME} stands in it (set by substitution) */
    bool has_matrix;     /**< ${matrix.AXIS} stands in it, or below it (likewise) */
    bool failed;         /**< scalar: substitution failed and was reported; readers stay silent */
    struct lm_origin at; /**< place of the value */
    const char *text;    /**< scalar */
    const char
        *written; /**< scalar whose ${matrix.AXIS} is filled in: how it was before; or NULL */
    struct lm_entry *entries;
    size_t count;    /**< of entries */
    size_t expanded; /**< nodes below and with this one */
};

/** A member of a map, or an element of a list (key NULL). */
struct lm_entry {
    const char *key;
    struct lm_origin key_at;
    const struct lm_node *value;
};

/** Parses `size` bytes of `file` (a name for places). Findings go to *diags; *out is NULL for an
 *  empty document and after a syntax error, else the tree (also when duplicate keys were found,
 *  the first kept). Returns false when there was any finding. */
bool lm_yaml_parse(const struct lm_node **out, struct lm_diag_list *diags, const char *file,
                   const char *data, size_t size);

/** The entry of a key, or NULL (also when `map` is NULL or no map). */
const struct lm_entry *lm_node_entry(const struct lm_node *map, const char *key);
/** Its value, or NULL. */
const struct lm_node *lm_node_get(const struct lm_node *map, const char *key);

#endif
