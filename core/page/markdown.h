/**
 * Foreign text in Markdown, as GitHub and GitLab read it. Their parsers make markup, links, images,
 * mathematics and footnotes of the source; behind them filters read the text that is left, with
 * entities decoded, and make mentions (@user), references (#1, GH-1, owner/repo#1, commit hashes)
 * and emoji (:smile:) of it; and runners look for commands (::error::, ##[error]) in the raw lines
 * of a log. So every character that could begin one of these is an entity in the source, and where
 * a filter would still see a pattern a zero-width space (U+200B) stands inside it.
 */
#ifndef LM_PAGE_MARKDOWN_H
#define LM_PAGE_MARKDOWN_H

#include <stddef.h>

#include "base/buf.h"

/** Text in a line or a cell of a table, never a block of its own: what stands before it is ours.
 *  Line ends become spaces. Control, bidirectional and zero-width characters and ill-formed bytes
 *  become "[U+202E]", "[\xE2]". Any bytes are fine. */
void lm_markdown_text(struct lm_buf *out, const void *text, size_t size);
/** Text inside <pre> or <code> of HTML, where filters do not look: the same without zero-width
 *  spaces, so that it can be copied; line ends and tabs stay. Of more than one line end in a row
 * the second and all further are entities: a blank line may end a block of HTML. */
void lm_markdown_preformatted(struct lm_buf *out, const void *text, size_t size);

#endif
