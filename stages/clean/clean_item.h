/** Cleaned documents as they are kept: all that is asked about one after its own cleaning, packed
 *  (base/pack.h). Raise CLEAN_ITEM_FORMAT (clean_params.h) with what is written here. */
#ifndef LM_STAGES_CLEAN_ITEM_H
#define LM_STAGES_CLEAN_ITEM_H

#include <stdbool.h>

#include <lmpipe/status.h>

#include "base/pack.h"
#include "clean_batch.h"

/** Appends a document that was cleaned and not yet judged, behind the number of its bytes
 *  (lm_buf_put_u64); they begin with its digest. With `has_whole` the texts of those that
 *  go by themselves are whole, else as much of them as is shown. */
void clean_item_pack(struct lm_buf *out, const struct clean_item *item,
                     const struct clean_work *work, bool has_whole);
/** The next packed document, borrowed; empty at the end of what was packed, which has failed then.
 */
struct lm_span clean_item_next(struct lm_unpack *in);
/** Bytes of the piece that a packed document was. */
size_t clean_item_piece(struct lm_span packed);
/** Makes an item of item->kept as clean_batch_task would of its piece; its line and hashes borrow
 *  from there. Of one that has a line, the text is made where `work` needs it, else by
 *  clean_item_text. What went wrong is in item->err, too: LM_NOMEM; LM_INTERNAL. */
enum lm_status clean_item_unpack(struct clean_item *item, const struct clean_work *work);
/** The text is there. LM_NOMEM. */
enum lm_status clean_item_text(struct clean_item *item, struct lm_err *err);
/** Its line and hashes may be written or released: what was borrowed is left. */
void clean_item_disown(struct clean_item *item);

#endif
