/** The languages that CLD2 tells apart, by their codes (ISO 639; Chinese in two scripts). */
#ifndef LM_TEXT_LANGUAGE_LIST_H
#define LM_TEXT_LANGUAGE_LIST_H

/** X(code, English name), by code. */
#define LM_LANGUAGE_LIST(X)                                                                        \
    X("af", "Afrikaans")                                                                           \
    X("ar", "Arabic")                                                                              \
    X("az", "Azerbaijani")                                                                         \
    X("be", "Belarusian")                                                                          \
    X("bg", "Bulgarian")                                                                           \
    X("bh", "Bihari")                                                                              \
    X("bn", "Bengali")                                                                             \
    X("ca", "Catalan")                                                                             \
    X("ceb", "Cebuano")                                                                            \
    X("chr", "Cherokee")                                                                           \
    X("cs", "Czech")                                                                               \
    X("cy", "Welsh")                                                                               \
    X("da", "Danish")                                                                              \
    X("de", "German")                                                                              \
    X("dv", "Dhivehi")                                                                             \
    X("el", "Greek")                                                                               \
    X("en", "English")                                                                             \
    X("es", "Spanish")                                                                             \
    X("et", "Estonian")                                                                            \
    X("eu", "Basque")                                                                              \
    X("fa", "Persian")                                                                             \
    X("fi", "Finnish")                                                                             \
    X("fr", "French")                                                                              \
    X("ga", "Irish")                                                                               \
    X("gd", "Scots Gaelic")                                                                        \
    X("gl", "Galician")                                                                            \
    X("gu", "Gujarati")                                                                            \
    X("he", "Hebrew")                                                                              \
    X("hi", "Hindi")                                                                               \
    X("hmn", "Hmong")                                                                              \
    X("hr", "Croatian")                                                                            \
    X("ht", "Haitian Creole")                                                                      \
    X("hu", "Hungarian")                                                                           \
    X("hy", "Armenian")                                                                            \
    X("id", "Indonesian")                                                                          \
    X("is", "Icelandic")                                                                           \
    X("it", "Italian")                                                                             \
    X("iu", "Inuktitut")                                                                           \
    X("ja", "Japanese")                                                                            \
    X("jv", "Javanese")                                                                            \
    X("ka", "Georgian")                                                                            \
    X("km", "Khmer")                                                                               \
    X("kn", "Kannada")                                                                             \
    X("ko", "Korean")                                                                              \
    X("lg", "Ganda")                                                                               \
    X("lif", "Limbu")                                                                              \
    X("lo", "Lao")                                                                                 \
    X("lt", "Lithuanian")                                                                          \
    X("lv", "Latvian")                                                                             \
    X("mk", "Macedonian")                                                                          \
    X("ml", "Malayalam")                                                                           \
    X("mr", "Marathi")                                                                             \
    X("ms", "Malay")                                                                               \
    X("mt", "Maltese")                                                                             \
    X("ne", "Nepali")                                                                              \
    X("nl", "Dutch")                                                                               \
    X("no", "Norwegian")                                                                           \
    X("or", "Oriya")                                                                               \
    X("pa", "Punjabi")                                                                             \
    X("pl", "Polish")                                                                              \
    X("pt", "Portuguese")                                                                          \
    X("ro", "Romanian")                                                                            \
    X("ru", "Russian")                                                                             \
    X("rw", "Kinyarwanda")                                                                         \
    X("si", "Sinhala")                                                                             \
    X("sk", "Slovak")                                                                              \
    X("sl", "Slovenian")                                                                           \
    X("sq", "Albanian")                                                                            \
    X("sr", "Serbian")                                                                             \
    X("sv", "Swedish")                                                                             \
    X("sw", "Swahili")                                                                             \
    X("syr", "Syriac")                                                                             \
    X("ta", "Tamil")                                                                               \
    X("te", "Telugu")                                                                              \
    X("th", "Thai")                                                                                \
    X("tl", "Tagalog")                                                                             \
    X("tr", "Turkish")                                                                             \
    X("uk", "Ukrainian")                                                                           \
    X("ur", "Urdu")                                                                                \
    X("vi", "Vietnamese")                                                                          \
    X("yi", "Yiddish")                                                                             \
    X("zh", "Chinese")                                                                             \
    X("zh-Hant", "Chinese in traditional characters")

#endif
