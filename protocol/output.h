/** What a stage has made, as worker, runner and store speak of it. */
#ifndef LM_PROTOCOL_OUTPUT_H
#define LM_PROTOCOL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>

/** Files of a folder port, and lines of a record, are at most this many. */
#define LM_OUTPUT_FILES_MAX ((size_t)1 << 20)

/** One file of an output. */
struct lm_output_file {
    const char *name;        /**< within a folder port; NULL for a file port */
    struct lm_digest object; /**< SHA-256 of its bytes */
    uint64_t size;
    const char *logical; /**< "sha256:<hex>" or "lmdb:<hex>": what keys use */
    int64_t mtime_ns; /**< of the file when it was hashed, for lm_store_commit; not in the record */
};

/** One output port of an action; files sorted by name. */
struct lm_output {
    const char *port;
    bool folder;
    struct lm_output_file *files;
    size_t file_count;
    const char
        *digest; /**< of a file port: its logical digest; of a folder: "sha256:" of its manifest */
    const char
        *manifest; /**< folder: lines "<hex or lmdb:hex>  name\n" sorted; NULL for a file port */
};

struct lm_metric {
    const char *name;
    double value;
};

/** What an address that nothing pins gave: the SHA-256 that would pin it. */
struct lm_source_digest {
    const char *param; /**< the parameter by name: "sources.0.url" */
    struct lm_digest digest;
};

/** True for a name a folder port may hold: relative, UTF-8, no empty, "." or ".." part, no control
 *  character, at most 1,000 bytes. */
bool lm_output_name_is_fine(const char *name);

#endif
