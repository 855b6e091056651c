/** Books of Project Gutenberg: what stands before and behind the text. */
#ifndef LM_TEXT_GUTENBERG_H
#define LM_TEXT_GUTENBERG_H

#include <stdbool.h>
#include <stddef.h>

/** Where the book lies in text[0..size), whose lines end in "\n": behind the line that ends the
 * front matter ("*** START OF THE PROJECT GUTENBERG EBOOK …", the older "*END*THE SMALL PRINT!")
 * and the credits below it ("Produced by …"), before the one that begins the back matter ("*** END
 * OF …", "End of the Project Gutenberg EBook of …"). False when there is neither: the text stays as
 * it is.
 */
bool lm_gutenberg_find(const char *text, size_t size, size_t *start, size_t *end);

#endif
