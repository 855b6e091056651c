#include "tokenizer/formats/regex_names.h"

#include <stdbool.h>
#include <string.h>

enum { LONGEST_NAME = 64 };

/* General categories, by their short and long names; PCRE2 knows the short ones only. Mn and Mc are
 * left out, as U+1171E has gone from one to the other, and Cn, which is another set in each version
 * of Unicode. */
static const char *const categories[][2] = {
    {"C", "Other"},
    {"Cc", "Control"},
    {"Cf", "Format"},
    {"Co", "Private_Use"},
    {"L", "Letter"},
    {"Ll", "Lowercase_Letter"},
    {"Lm", "Modifier_Letter"},
    {"Lo", "Other_Letter"},
    {"Lt", "Titlecase_Letter"},
    {"Lu", "Uppercase_Letter"},
    {"M", "Mark"},
    {"Me", "Enclosing_Mark"},
    {"N", "Number"},
    {"Nd", "Decimal_Number"},
    {"Nl", "Letter_Number"},
    {"No", "Other_Number"},
    {"P", "Punctuation"},
    {"Pc", "Connector_Punctuation"},
    {"Pd", "Dash_Punctuation"},
    {"Pe", "Close_Punctuation"},
    {"Pf", "Final_Punctuation"},
    {"Pi", "Initial_Punctuation"},
    {"Po", "Other_Punctuation"},
    {"Ps", "Open_Punctuation"},
    {"S", "Symbol"},
    {"Sc", "Currency_Symbol"},
    {"Sk", "Modifier_Symbol"},
    {"Sm", "Math_Symbol"},
    {"So", "Other_Symbol"},
    {"Z", "Separator"},
    {"Zl", "Line_Separator"},
    {"Zp", "Paragraph_Separator"},
    {"Zs", "Space_Separator"},
};

static const char *const properties[] = {
    "Any",
    "ASCII",
    "Emoji",
    "Emoji_Component",
    "Emoji_Modifier",
    "Emoji_Modifier_Base",
    "Emoji_Presentation",
    "Extended_Pictographic",
    "Hex_Digit",
    "Ideographic",
    "Regional_Indicator",
    "Unified_Ideograph",
    "Variation_Selector",
};

/* Scripts of Unicode 14, but for Unknown. */
static const char *const scripts[] = {
    "Adlam",
    "Ahom",
    "Anatolian_Hieroglyphs",
    "Arabic",
    "Armenian",
    "Avestan",
    "Balinese",
    "Bamum",
    "Bassa_Vah",
    "Batak",
    "Bengali",
    "Bhaiksuki",
    "Bopomofo",
    "Brahmi",
    "Braille",
    "Buginese",
    "Buhid",
    "Canadian_Aboriginal",
    "Carian",
    "Caucasian_Albanian",
    "Chakma",
    "Cham",
    "Cherokee",
    "Chorasmian",
    "Common",
    "Coptic",
    "Cuneiform",
    "Cypriot",
    "Cypro_Minoan",
    "Cyrillic",
    "Deseret",
    "Devanagari",
    "Dives_Akuru",
    "Dogra",
    "Duployan",
    "Egyptian_Hieroglyphs",
    "Elbasan",
    "Elymaic",
    "Ethiopic",
    "Georgian",
    "Glagolitic",
    "Gothic",
    "Grantha",
    "Greek",
    "Gujarati",
    "Gunjala_Gondi",
    "Gurmukhi",
    "Han",
    "Hangul",
    "Hanifi_Rohingya",
    "Hanunoo",
    "Hatran",
    "Hebrew",
    "Hiragana",
    "Imperial_Aramaic",
    "Inherited",
    "Inscriptional_Pahlavi",
    "Inscriptional_Parthian",
    "Javanese",
    "Kaithi",
    "Kannada",
    "Katakana",
    "Kayah_Li",
    "Kharoshthi",
    "Khitan_Small_Script",
    "Khmer",
    "Khojki",
    "Khudawadi",
    "Lao",
    "Latin",
    "Lepcha",
    "Limbu",
    "Linear_A",
    "Linear_B",
    "Lisu",
    "Lycian",
    "Lydian",
    "Mahajani",
    "Makasar",
    "Malayalam",
    "Mandaic",
    "Manichaean",
    "Marchen",
    "Masaram_Gondi",
    "Medefaidrin",
    "Meetei_Mayek",
    "Mende_Kikakui",
    "Meroitic_Cursive",
    "Meroitic_Hieroglyphs",
    "Miao",
    "Modi",
    "Mongolian",
    "Mro",
    "Multani",
    "Myanmar",
    "Nabataean",
    "Nandinagari",
    "New_Tai_Lue",
    "Newa",
    "Nko",
    "Nushu",
    "Nyiakeng_Puachue_Hmong",
    "Ogham",
    "Ol_Chiki",
    "Old_Hungarian",
    "Old_Italic",
    "Old_North_Arabian",
    "Old_Permic",
    "Old_Persian",
    "Old_Sogdian",
    "Old_South_Arabian",
    "Old_Turkic",
    "Old_Uyghur",
    "Oriya",
    "Osage",
    "Osmanya",
    "Pahawh_Hmong",
    "Palmyrene",
    "Pau_Cin_Hau",
    "Phags_Pa",
    "Phoenician",
    "Psalter_Pahlavi",
    "Rejang",
    "Runic",
    "Samaritan",
    "Saurashtra",
    "Sharada",
    "Shavian",
    "Siddham",
    "SignWriting",
    "Sinhala",
    "Sogdian",
    "Sora_Sompeng",
    "Soyombo",
    "Sundanese",
    "Syloti_Nagri",
    "Syriac",
    "Tagalog",
    "Tagbanwa",
    "Tai_Le",
    "Tai_Tham",
    "Tai_Viet",
    "Takri",
    "Tamil",
    "Tangsa",
    "Tangut",
    "Telugu",
    "Thaana",
    "Thai",
    "Tibetan",
    "Tifinagh",
    "Tirhuta",
    "Toto",
    "Ugaritic",
    "Vai",
    "Vithkuqi",
    "Wancho",
    "Warang_Citi",
    "Yezidi",
    "Yi",
    "Zanabazar_Square",
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static bool next_letter(char *c, const char **at, const char *end)
{
    while (*at < end && strchr(" _-", **at) != NULL)
        (*at)++;
    if (*at == end)
        return false;
    *c = *(*at)++;
    *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
    return true;
}

static bool is_called(const char *name, const char *text, size_t size)
{
    const char *end = text + size, *name_end = name + strlen(name);
    char a, b;
    while (next_letter(&a, &name, name_end))
        if (!next_letter(&b, &text, end) || a != b)
            return false;
    return !next_letter(&b, &text, end);
}

static bool find_category(struct lm_regex_name *out, const char *text, size_t size)
{
    for (size_t i = 0; i < COUNT(categories); i++) {
        out->name = categories[i][0];
        if (is_called(categories[i][0], text, size) || is_called(categories[i][1], text, size))
            return true;
    }
    return false;
}

static bool find(const char **out, const char *const *names, size_t count, const char *text,
                 size_t size)
{
    for (size_t i = 0; i < count; i++) {
        *out = names[i];
        if (is_called(names[i], text, size))
            return true;
    }
    return false;
}

/* What stands before a script's name; 0 when nothing does, though it must. */
static size_t script_prefix(const char *text, size_t size)
{
    static const char *const words[] = {"sc", "script"};
    const char *colon = memchr(text, ':', size), *equals = memchr(text, '=', size);
    const char *end = colon != NULL ? colon : equals;
    for (size_t i = 0; i < COUNT(words) && end != NULL; i++)
        if (is_called(words[i], text, (size_t)(end - text)))
            return (size_t)(end - text) + 1;
    return 0;
}

bool lm_regex_name_find(struct lm_regex_name *out, const char *text, size_t size,
                        enum lm_regex_dialect dialect)
{
    *out = (struct lm_regex_name){.prefix = {"", ""}};
    if (size == 0 || size > LONGEST_NAME)
        return false;
    if (find_category(out, text, size) ||
        find(&out->name, properties, COUNT(properties), text, size))
        return true;
    size_t prefix = dialect == LM_REGEX_PCRE2 ? script_prefix(text, size) : 0;
    out->prefix[LM_REGEX_PCRE2] = "sc:";
    return (dialect == LM_REGEX_ONIGURUMA || prefix > 0) &&
           find(&out->name, scripts, COUNT(scripts), text + prefix, size - prefix);
}
