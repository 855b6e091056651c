/** Text in other encodings than UTF-8, converted by glibc's iconv: the door to it. */
#ifndef LM_TEXT_ENCODING_H
#define LM_TEXT_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"
#include "text/utf16.h"

/** X(name, iconv's name): what `encoding` may be, apart from "utf-8" and "auto", which come first.
 *  GBK and GB 2312 are parts of GB18030; Shift_JIS, EUC-KR and Big5 are read as their usual
 *  supersets (Windows-31J, UHC, HKSCS). UTF-16 and UTF-32 are what utf16.h reads. */
#define LM_ENCODING_LIST(X)                                                                        \
    X("utf-8", "")                                                                                 \
    X("auto", "")                                                                                  \
    X("utf-16", "")                                                                                \
    X("utf-16le", "")                                                                              \
    X("utf-16be", "")                                                                              \
    X("utf-32", "")                                                                                \
    X("gb18030", "GB18030")                                                                        \
    X("gbk", "GB18030")                                                                            \
    X("gb2312", "GB18030")                                                                         \
    X("big5", "BIG5-HKSCS")                                                                        \
    X("shift_jis", "CP932")                                                                        \
    X("euc-jp", "EUC-JP-MS")                                                                       \
    X("iso-2022-jp", "ISO-2022-JP-3")                                                              \
    X("euc-kr", "CP949")                                                                           \
    X("iso-2022-kr", "ISO-2022-KR")                                                                \
    X("iso-2022-cn", "ISO-2022-CN")                                                                \
    X("windows-874", "CP874")                                                                      \
    X("windows-1250", "CP1250")                                                                    \
    X("windows-1251", "CP1251")                                                                    \
    X("windows-1252", "CP1252")                                                                    \
    X("windows-1253", "CP1253")                                                                    \
    X("windows-1254", "CP1254")                                                                    \
    X("windows-1255", "CP1255")                                                                    \
    X("windows-1256", "CP1256")                                                                    \
    X("windows-1257", "CP1257")                                                                    \
    X("windows-1258", "CP1258")                                                                    \
    X("iso-8859-1", "ISO-8859-1")                                                                  \
    X("iso-8859-2", "ISO-8859-2")                                                                  \
    X("iso-8859-3", "ISO-8859-3")                                                                  \
    X("iso-8859-4", "ISO-8859-4")                                                                  \
    X("iso-8859-5", "ISO-8859-5")                                                                  \
    X("iso-8859-6", "ISO-8859-6")                                                                  \
    X("iso-8859-7", "ISO-8859-7")                                                                  \
    X("iso-8859-8", "ISO-8859-8")                                                                  \
    X("iso-8859-9", "ISO-8859-9")                                                                  \
    X("iso-8859-10", "ISO-8859-10")                                                                \
    X("iso-8859-13", "ISO-8859-13")                                                                \
    X("iso-8859-14", "ISO-8859-14")                                                                \
    X("iso-8859-15", "ISO-8859-15")                                                                \
    X("iso-8859-16", "ISO-8859-16")                                                                \
    X("koi8-r", "KOI8-R")                                                                          \
    X("koi8-u", "KOI8-U")                                                                          \
    X("cp437", "CP437")                                                                            \
    X("cp850", "CP850")                                                                            \
    X("cp866", "CP866")                                                                            \
    X("macintosh", "MACINTOSH")                                                                    \
    X("tis-620", "CP874")

/** NULL-terminated names. */
extern const char *const lm_encoding_names[];

/** The name in the list for what a page or a header says ("ISO-8859-1", "sjis", "x-gbk", "utf8"),
 * as browsers take it (WHATWG Encoding: Latin-1 is Windows-1252), or NULL. */
const char *lm_encoding_of_label(const char *label, size_t size);

/**
 * Appends data[0..size) as UTF-8. Each byte that is no part of a character becomes the byte FF,
 * which is none in UTF-8, so that it is repaired like any other bad byte; *bad counts them.
 * LM_UNSUPPORTED: iconv does not know it (package libc-bin), LM_NOMEM.
 */
enum lm_status lm_encoding_convert(struct lm_buf *out, const char *name, const uint8_t *data,
                                   size_t size, size_t *bad, struct lm_err *err);
/** The same; `drain`, if not NULL, is asked every so often. What it returns. */
enum lm_status lm_encoding_convert_parts(struct lm_buf *out, const char *name, const uint8_t *data,
                                         size_t size, size_t *bad, const struct lm_drain *drain,
                                         struct lm_err *err);

/**
 * The name of the encoding that bytes which are not UTF-8 are in, where that is beyond doubt: they
 * are not UTF-8 with a few faults; lm_encoding_guess names it; there are enough bytes beyond ASCII
 * to tell (60); all of them make characters but for one in a thousand; 97 in a hundred of their
 * letters are of one script (Han, Kana and Hangul count as one), and nearly none of the other
 * characters are what prose lacks. For Windows-1252 they must also be letters and signs of
 * western European languages. NULL else.
 */
const char *lm_encoding_detect(const uint8_t *data, size_t size);

/** Version of glibc, whose tables these are: "2.36". */
void lm_encoding_version(char text[128]);

#endif
