/** Expressions on their way between two engines. */
#ifndef LM_TOKENIZER_FOREIGN_REGEX_H
#define LM_TOKENIZER_FOREIGN_REGEX_H

/** What in an expression Oniguruma (Ruby syntax, which Hugging Face's tokenizers use) and PCRE2,
 * which is used here, may read differently, as a phrase; NULL when nothing does. Strict: what is
 * not known to be equal counts as different. */
const char *lm_foreign_regex_fault(const char *expression);

#endif
