/* Files as other programs write or edit them, and what stands beside them in a folder. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "ids_fixture.h"
#include "tap.h"
#include "tokenizer/vocab.h"

struct home {
    struct lm_arena *arena;
    char folder[64];
};

static struct home make_home(void)
{
    struct home home = {.arena = lm_arena_create()};
    snprintf(home.folder, sizeof home.folder, "test_vocab_siblings.%ld.folder", (long)getpid());
    lm_dir_create(home.folder, NULL);
    return home;
}

static void drop_home(struct home *home)
{
    lm_dir_remove(home->folder, NULL);
    lm_arena_free(home->arena);
}

static void put(const struct home *home, const char *name, const char *text)
{
    lm_file_write(lm_path_join(home->arena, home->folder, name), text, strlen(text), NULL);
}

static char *read_text(const struct home *home, const char *path)
{
    char *text = NULL;
    size_t size;
    lm_file_read(&text, &size, home->arena, path, 1u << 20, NULL);
    return text;
}

static void put_pair(const struct home *home)
{
    put(home, "vocab.json", read_text(home, TOKENIZERS "/pair/vocab.json"));
    put(home, "merges.txt", read_text(home, TOKENIZERS "/pair/merges.txt"));
}

/* A text with each `from` replaced by `to`, behind `before`. */
static char *with(const struct home *home, const char *text, const char *from, const char *to,
                  const char *before)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_buf_puts(&out, before);
    for (const char *at; (at = strstr(text, from)) != NULL; text = at + strlen(from)) {
        lm_buf_append(&out, text, (size_t)(at - text));
        lm_buf_puts(&out, to);
    }
    lm_buf_puts(&out, text);
    char *copy = lm_arena_strdup(home->arena, out.data);
    lm_buf_release(&out);
    return copy;
}

/* The bytes of the vocabulary that a path gives; NULL with the message in `err`. */
static char *imported(const struct home *home, const char *path, const char *pattern,
                      struct lm_err *err)
{
    struct lm_vocab *vocab = NULL;
    const struct lm_vocab_source source = {.path = path, .pattern = pattern};
    *err = (struct lm_err){LM_OK, ""};
    if (lm_vocab_import(&vocab, &source, err) != LM_OK)
        return NULL;
    const char *saved = lm_arena_printf(home->arena, "%s/saved", home->folder);
    lm_vocab_save(vocab, saved, NULL);
    lm_vocab_free(vocab);
    char *text = read_text(home, saved);
    unlink(saved);
    return text;
}

#define CRLF "\r\n"
#define BOM "\xEF\xBB\xBF"

static void editors_leave_ids_alone(struct tap *tap)
{
    static const struct {
        const char *original, *name, *pattern, *from, *to, *before;
    } cases[] = {
        {"/pair/merges.txt", "merges.txt", NULL, "\n", CRLF, ""},
        {"/pair/merges.txt", "merges.txt", NULL, "\n", "\n", BOM},
        {"/pair/merges.txt", "merges.txt", NULL, "\n", CRLF, BOM},
        {"/pair/merges.txt", "merges.txt", NULL, "\n", " \n", ""},
        {"/pair/merges.txt", "merges.txt", NULL, "\n", "\n\n", ""},
        {"/pair/vocab.json", "vocab.json", NULL, "\":1", "\":" CRLF " 1", BOM},
        {"/ranks.tiktoken", "x.tiktoken", "gpt2", "\n", CRLF, ""},
        {"/ranks.tiktoken", "x.tiktoken", "gpt2", "\n", "\n", BOM},
        {"/ranks.tiktoken", "x.tiktoken", "gpt2", "\n", "\n\n", ""},
        {"/ranks.tiktoken", "x.tiktoken", "gpt2", "\n", " \t\n", ""},
        {"/ranks.tiktoken", "x.tiktoken", "gpt2", "\n", "\r", BOM},
        {"/pairs.json", "x.json", NULL, "\":1", "\":" CRLF " 1", ""},
        {"/pairs.json", "x.json", NULL, "\":1", "\":\n 1", BOM},
        {"/whole.json", "tokenizer.json", NULL, "\":1", "\":\t1", BOM CRLF},
    };
    struct home home = make_home();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lm_err err;
        const char *original = lm_arena_printf(home.arena, TOKENIZERS "%s", cases[i].original);
        const char *text = read_text(&home, original);
        put_pair(&home);
        put(&home, cases[i].name, with(&home, text, cases[i].from, cases[i].to, cases[i].before));
        char *want = imported(&home, original, cases[i].pattern, &err);
        char *got = imported(&home, lm_path_join(home.arena, home.folder, cases[i].name),
                             cases[i].pattern, &err);
        CHECK_STR(err.text, "");
        REQUIRE(want != NULL && got != NULL);
        CHECK_STR(got, want);
    }
    drop_home(&home);
}

/* What other programs refuse as well, or read in two ways, with its file and line. */
static void the_rest_is_refused(struct tap *tap)
{
    static const struct {
        const char *name, *text, *where;
    } cases[] = {
        {"merges.txt", "#version: 0.2\na b\nc d e\n", "merges.txt:3: not two tokens"},
        {"merges.txt", "#version: 0.2\na b\n#version: 0.2\n", "merges.txt:3: a line \"#version\""},
        {"merges.txt", "#version: 0.2\r\na b\r\na\r\n", "merges.txt:3: not two tokens"},
        {"merges.txt", "\xFF\xFE#\0", "merges.txt: it is UTF-16"},
        {"vocab.json", "\xFE\xFF", "vocab.json: it is UTF-16"},
        {"vocab.json", "{\"a\":1,\n\"b\"", "vocab.json: line 2"},
        {"x.tiktoken", "IQ== 0\nIg== 1 2\n", "x.tiktoken:2: not a token"},
        {"x.tiktoken", "IQ== 0\r\n\r\nIg= 1\r\n", "x.tiktoken:3: not a token"},
        {"x.tiktoken", "IQ== 0\nIg== 01\n", "x.tiktoken:2: "},
    };
    struct home home = make_home();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lm_err err;
        put_pair(&home);
        put(&home, cases[i].name, cases[i].text);
        const char *path = lm_path_join(home.arena, home.folder, cases[i].name);
        CHECK(imported(&home, path, strchr(path, 't') != NULL ? "gpt2" : NULL, &err) == NULL);
        bool is_told = strstr(err.text, cases[i].where) != NULL && strchr(err.text, ';') != NULL;
        CHECK(is_told);
        if (!is_told)
            printf("# %s\n", err.text);
    }
    drop_home(&home);
}

/* ---- what stands beside ---- */

static void tokens_beside_are_special(struct tap *tap)
{
    static const struct {
        const char *name, *text;
    } cases[] = {
        {"added_tokens.json", "{\"<pad>\":268,\"<|x|>\":266}"},
        {"added_tokens.json", BOM "{\r\n\"<pad>\": 268}"},
        {"tokenizer_config.json",
         "{\"added_tokens_decoder\":{\"268\":{\"content\":\"<pad>\",\"lstrip\":false,\"special\":"
         "true}},"
         "\"pad_token\":\"<pad>\",\"add_prefix_space\":false,\"model_max_length\":1024,"
         "\"tokenizer_class\":\"GPT2TokenizerFast\",\"bos_token\":null}"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct home home = make_home();
        put_pair(&home);
        put(&home, cases[i].name, cases[i].text);
        for (int file = 0; file < 3; file++) {
            static const char *const names[] = {"", "/vocab.json", "/merges.txt"};
            struct lm_vocab *vocab = NULL;
            struct lm_err err = {LM_OK, ""};
            size_t size = 0;
            const struct lm_vocab_source source = {
                .path = lm_arena_printf(home.arena, "%s%s", home.folder, names[file])};
            lm_vocab_import(&vocab, &source, &err);
            CHECK_STR(err.text, "");
            REQUIRE(vocab != NULL);
            CHECK_INT(lm_vocab_size(vocab), 269);
            const uint8_t *name = lm_vocab_token(vocab, 268, &size);
            CHECK(size == 5 && memcmp(name, "<pad>", 5) == 0);
            CHECK(lm_vocab_is_special(vocab, 268) && lm_vocab_is_special(vocab, 266));
            lm_vocab_free(vocab);
        }
        drop_home(&home);
    }
}

static void names_beside_must_agree(struct tap *tap)
{
    static const struct {
        const char *main, *name, *text, *word;
    } cases[] = {
        {"pair", "added_tokens.json", "{\"<|x|>\":269}", "another id in another file"},
        {"pair", "added_tokens.json", "{\"<pad>\":5}", "cannot have the id 5"},
        {"pair", "added_tokens.json", "{\"<pad>\":\"5\"}", "has no id"},
        {"pair", "added_tokens.json", "{\"ab\":256}", "is a token of the text too"},
        {"pair", "added_tokens.json", "[1]", "not an object"},
        {"pair", "special_tokens_map.json", "{\"pad_token\":\"<pad>\"}", "no file gives an id"},
        {"pair", "special_tokens_map.json",
         "{\"mask_token\":{\"content\":\"<|x|>\",\"lstrip\":true}}", "\"lstrip\""},
        {"pair", "special_tokens_map.json", "{\"additional_special_tokens\":[\"<a>\"]}", "<a>"},
        {"pair", "tokenizer_config.json", "{\"add_prefix_space\":true}", "adds a space"},
        {"pair", "tokenizer_config.json", "{\"do_lower_case\":true}", "changes the text"},
        {"pair", "tokenizer_config.json", "{\"tokenizer_class\":\"Qwen2Tokenizer\"}",
         "may cut text otherwise"},
        {"pair", "tokenizer_config.json", "{\"added_tokens_decoder\":{\"x\":{\"content\":\"a\"}}}",
         "no list of ids"},
        {"pair", "tokenizer_config.json", "{", "tokenizer_config.json: line 1"},
        {"json", "added_tokens.json", "{\"<pad>\":276}", "\"added_tokens\" here does not"},
        {"json", "added_tokens.json", "{\"<y>\":0}", "with another id"},
        {"json", "tokenizer_config.json", "{\"add_prefix_space\":true}", "adds a space"},
        {"json", "tokenizer_config.json", "{\"tokenizer_class\":\"Any\",\"bos_token\":\"<s>\"}",
         "special token \"<s>\""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct home home = make_home();
        struct lm_err err;
        if (strcmp(cases[i].main, "pair") == 0)
            put_pair(&home);
        else
            put(&home, "tokenizer.json", read_text(&home, TOKENIZERS "/pairs.json"));
        put(&home, cases[i].name, cases[i].text);
        CHECK(imported(&home, home.folder, NULL, &err) == NULL);
        bool is_told = strstr(err.text, cases[i].word) != NULL && strchr(err.text, ';') != NULL &&
                       strchr(err.text, '\n') == NULL;
        CHECK(is_told);
        if (!is_told)
            printf("# %s %s: %s\n", cases[i].name, cases[i].text, err.text);
        drop_home(&home);
    }
}

/* A file that is named alone is read alone; a folder whose files agree is fine. */
static void what_agrees_is_fine(struct tap *tap)
{
    struct home home = make_home();
    struct lm_err err;
    put(&home, "tokenizer.json", read_text(&home, TOKENIZERS "/pairs.json"));
    put(&home, "special_tokens_map.json",
        "{\"pad_token\":{\"content\":\"<|x|>\"},\"eos_token\":null}");
    put(&home, "added_tokens.json", "{\"<y>\":1}");
    CHECK(imported(&home, home.folder, NULL, &err) != NULL);
    CHECK_STR(err.text, "");
    put(&home, "added_tokens.json", "{\"<z>\":1}");
    CHECK(imported(&home, home.folder, NULL, &err) == NULL);
    CHECK(imported(&home, lm_path_join(home.arena, home.folder, "tokenizer.json"), NULL, &err) !=
          NULL);
    drop_home(&home);
}

static const struct tap_test tests[] = {
    TAP_ROW(editors_leave_ids_alone) TAP_ROW(the_rest_is_refused) TAP_ROW(tokens_beside_are_special)
        TAP_ROW(names_beside_must_agree) TAP_ROW(what_agrees_is_fine)};

LM_TEST_FILE(tests)
