/** Addresses fit to print: what may be a secret in them is never shown, stored or hashed as text.
 */
#ifndef LM_BASE_URL_H
#define LM_BASE_URL_H

#include <stdbool.h>

#include <lmpipe/arena.h>

/** The address with three stars and an '@' for user name and password, '?' and three stars for the
 *  query, and without its fragment. Of file:// addresses, where it means nothing, a '?' stays. What
 * is no address is treated as if it were one: nothing before an '@' that may end user information,
 * and nothing behind a '?' comes out. In the arena; never NULL (three stars when memory is out). */
const char *lm_url_show(struct lm_arena *arena, const char *url);
/** The query with its '?', borrowed from the address, or "" when it has none. */
const char *lm_url_query(const char *url);
/** Path of a file:// address, its escapes decoded, in the arena; NULL for other schemes, when it
 * names a host or holds no absolute path, and when memory is out. */
const char *lm_url_file(struct lm_arena *arena, const char *url);
/** Is this what lm_url_show made of an address with secrets? It leads nowhere. */
bool lm_url_is_masked(const char *url);
/** Are all secrets of an address as it is written references to the environment: user name,
 *  password and the values of its query ${env.NAME} or nothing? Then the whole is fit to print. */
bool lm_url_is_by_reference(const char *written);

#endif
