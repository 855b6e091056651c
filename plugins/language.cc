// The door to CLD2, and the only C++ here: a shared object of its own, loaded by text/language.c where
// a spec asks for languages.
#include <cstdio> // compact_lang_det.h forgets it
#include <cstring>

#include <dlfcn.h>

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

extern "C" {
#include "text/language_plugin.h"
}

namespace CLD2
{
const char *DetectLanguageVersion(); // exported, and in no header
}

namespace
{
// CLD2 counts hundredths in int: more text would overflow them.
const size_t most = (size_t)16 << 20;

const char *code_of(CLD2::Language language)
{
    const char *code = CLD2::LanguageCode(language);
    if (std::strcmp(code, "iw") == 0) // what ISO 639 has withdrawn
        return "he";
    return std::strcmp(code, "jw") == 0 ? "jv" : code;
}

void tell(struct lm_language_told *out, const char *text, size_t size)
{
    const CLD2::CLDHints hints = {nullptr, nullptr, CLD2::UNKNOWN_ENCODING,
                                  CLD2::UNKNOWN_LANGUAGE};
    CLD2::Language languages[3];
    int percent[3] = {0}, bytes = 0;
    double scores[3];
    bool is_reliable = false;
    while (size > most && (size = most) > 0 && (text[size] & 0xC0) == 0x80)
        size--;
    CLD2::ExtDetectLanguageSummary(text, (int)size, true, &hints, 0, languages, percent, scores,
                                   nullptr, &bytes, &is_reliable);
    for (int i = 0; i < LM_LANGUAGES_TOLD; i++) {
        bool is_told = languages[i] != CLD2::UNKNOWN_LANGUAGE && percent[i] > 0;
        out->codes[i] = is_told ? code_of(languages[i]) : "";
        out->shares[i] = is_told ? percent[i] / 100.0 : 0;
    }
}

const char *upstream()
{
    return CLD2::DetectLanguageVersion();
}

const char *library()
{
    Dl_info info;
    bool is_known = dladdr((void *)CLD2::DetectLanguageVersion, &info) != 0;
    return is_known && info.dli_fname != nullptr ? info.dli_fname : "";
}
} // namespace

extern "C" __attribute__((visibility("default"))) lm_language_plugin_fn lm_language_plugin;

const struct lm_language_plugin *lm_language_plugin()
{
    static const struct lm_language_plugin plugin = {LM_LANGUAGE_PLUGIN, upstream, library,
                                                     tell};
    return &plugin;
}
