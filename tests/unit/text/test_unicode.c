#include "text/unicode.h"

#include <utf8proc.h>

#include "tap.h"

/* Which flag a general category of utf8proc asks for. */
static unsigned flag_of(utf8proc_category_t category)
{
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO)
        return LM_UC_LETTER;
    if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME)
        return LM_UC_MARK;
    if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO)
        return LM_UC_NUMBER;
    return 0;
}

/* Our tables come from the database's files; utf8proc made its own from the same version. */
static void categories_equal_utf8proc(struct tap *tap)
{
    if (strcmp(utf8proc_unicode_version(), lm_unicode_version) != 0)
        SKIP("utf8proc is of another Unicode version");
    const unsigned kinds = LM_UC_LETTER | LM_UC_MARK | LM_UC_NUMBER;
    for (int32_t c = 0; c < 0x110000 && tap->failed == 0; c++) {
        CHECK_INT(lm_unicode((uint32_t)c) & kinds, flag_of(utf8proc_category(c)));
        if (utf8proc_get_property(c)->combining_class != 0)
            CHECK(lm_unicode((uint32_t)c) & LM_UC_SUSPECT);
    }
}

/* White_Space is stable since Unicode 6.3: these 25 and no others. */
static void white_space(struct tap *tap)
{
    static const uint32_t spaces[] = {0x09,   0x0A,   0x0B,   0x0C,   0x0D,   0x20,   0x85,
                                      0xA0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
                                      0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A, 0x2028,
                                      0x2029, 0x202F, 0x205F, 0x3000};
    size_t at = 0;
    for (uint32_t c = 0; c < 0x110000; c++)
        if (lm_unicode(c) & LM_UC_SPACE) {
            CHECK(at < 25 && spaces[at] == c);
            at++;
        }
    CHECK_INT(at, 25);
}

static void scripts(struct tap *tap)
{
    static const struct {
        uint32_t code_point;
        const char *script;
    } cases[] = {
        {'a', "Latin"},       {'Z', "Latin"},       {'1', "other"},        {' ', "other"},
        {0xE9, "Latin"},      {0xD7, "other"},      {0x3B1, "Greek"},      {0x416, "Cyrillic"},
        {0x5D0, "Hebrew"},    {0x627, "Arabic"},    {0x915, "Devanagari"}, {0xE01, "Thai"},
        {0x3042, "Hiragana"}, {0x30A2, "Katakana"}, {0x4E2D, "Han"},       {0x20000, "Han"},
        {0xAC00, "Hangul"},   {0x1F600, "other"},   {0x10FFFF, "other"},   {0x13A0, "other"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_STR(lm_script_names[lm_unicode_script(cases[i].code_point)], cases[i].script);
    for (size_t i = 1; i < lm_script_range_count; i++)
        CHECK(lm_script_ranges[i - 1].last < lm_script_ranges[i].first);
}

static void scripts_without_spaces(struct tap *tap)
{
    static const uint32_t unspaced[] = {0x4E2D, 0x3042, 0x30A2, 0xE01, 0x20000};
    static const uint32_t spaced[] = {'a', 0xAC00, 0x915, 0x416, 0x3001, '1'};
    for (size_t i = 0; i < sizeof unspaced / sizeof unspaced[0]; i++)
        CHECK(lm_unicode(unspaced[i]) & LM_UC_UNSPACED);
    for (size_t i = 0; i < sizeof spaced / sizeof spaced[0]; i++)
        CHECK(!(lm_unicode(spaced[i]) & LM_UC_UNSPACED));
}

static const struct tap_test tests[] = {TAP_ROW(categories_equal_utf8proc) TAP_ROW(white_space)
                                            TAP_ROW(scripts) TAP_ROW(scripts_without_spaces)};

LM_TEST_FILE(tests)
