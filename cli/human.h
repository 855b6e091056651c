/** Numbers as people read them, independent of locales. All write into the caller's 32 bytes and
 *  return them. */
#ifndef LM_CLI_HUMAN_H
#define LM_CLI_HUMAN_H

#include <stdint.h>

char *lm_human_count(char out[32], uint64_t v);  /**< 3,200 */
char *lm_human_si(char out[32], double v);       /**< 12.4k, 1.5M, 870 */
char *lm_human_bytes(char out[32], uint64_t v);  /**< 870 B, 1.4 MB (powers of 1000) */
char *lm_human_clock(char out[32], double v);    /**< 0:42, 14:05, 2:03:10 */
char *lm_human_age(char out[32], double v);      /**< of seconds: 42 s, 5 min, 3 h, 12 d */
char *lm_human_exponent(char out[32], double v); /**< 5.8e-4 */

#endif
