/** Parameters of the stage type `download`, as its rows in download.c fill them. */
#ifndef LM_STAGES_DOWNLOAD_H
#define LM_STAGES_DOWNLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <lmpipe/param.h>

#define LM_DOWNLOAD_PARALLEL 64 /**< most transfers at once */

/** How a source proves that it may be read. Never in a key. */
struct lm_download_auth {
    const char *bearer_env; /**< name of the environment variable that holds a token, or "" */
};

/** One source: exactly one of url, path and urls; empty strings mean "not given". */
struct lm_download_source {
    const char *name;       /**< [a-z0-9_-]+, unique; the folder of its files */
    const char *url;        /**< https://, file://, or http:// when pinned */
    const char *path;       /**< absolute file or folder */
    const char *urls;       /**< file of addresses, one a line */
    const char *sums;       /**< file of SHA-256 sums: the files of the source, and their pins */
    struct lm_list mirrors; /**< const char *: further locations of the same bytes, in order */
    const char *sha256;     /**< 64 hex digits of the file as fetched, or of a folder's list */
    int64_t size;           /**< bytes of the file as fetched; LM_UNSET_INT: not given */
    const char *license;    /**< words for the data card */
    struct lm_list
        include; /**< const char *: globs of members to take; empty: all that are not hidden */
    bool allow_unpinned;
    bool unpack; /**< take archives apart, and out of their compression */
    struct lm_download_auth auth;
};

struct lm_download_params {
    struct lm_list sources; /**< struct lm_download_source */
    int64_t max_bytes;      /**< of all sources together, as fetched and again as unpacked */
    int64_t max_files;
    int64_t parallel, per_host; /**< transfers at once, in all and with one host */
    int64_t max_rate;           /**< bytes a second of all; LM_UNSET_INT: no bound */
    int64_t retries;
    double retry_delay, connect_timeout, stall_timeout; /**< seconds */
    const char *ca_file; /**< PEM file of certificates to trust instead of the system's, or "" */
};

#endif
