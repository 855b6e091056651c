/** Names of members: made safe, matched, shown. Pure functions on bytes; names are hostile. */
#ifndef LM_STAGES_MEMBER_H
#define LM_STAGES_MEMBER_H

#include <stdbool.h>
#include <stddef.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#define LM_MEMBER_SHOWN 128 /**< bytes lm_member_show writes at most, NUL included */

/** A relative path of plain components from a name in an archive: "." components and doubled
 *  slashes go. LM_FORMAT: absolute, "..", a backslash, a control character, not UTF-8, a component
 *  over 255 bytes, a name over 900, nothing left. The text shows the name. LM_NOMEM. */
enum lm_status lm_member_clean(const char **out, struct lm_arena *arena, const char *name,
                               struct lm_err *err);

/** True when a component begins with a dot. */
bool lm_member_is_hidden(const char *clean);

/** A name fit for a message: printable ASCII, the rest as \xHH, cut with "..." when long. Returns
 * out. */
char *lm_member_show(char out[LM_MEMBER_SHOWN], const char *name);

#endif
