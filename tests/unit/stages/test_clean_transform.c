/* Changes of a text that are asked for: in their order, counted in the card, off by default. */
#include "clean_fixture.h"

#define BOOK                                                                                       \
    "license\n*** START OF THE PROJECT GUTENBERG EBOOK X ***\n\n"                                  \
    "She wrote that it was the schÃ¶nste of times and\nthat letters should be sent to a@b.org, " \
    "if\n"                                                                                         \
    "everybody wished to send some to her.\n\n*** END OF THE PROJECT GUTENBERG EBOOK X ***\n"

static void run_book(struct tap *tap, struct fixture *f, const char *want)
{
    const struct corpus_text texts[] = {{"s", "1.txt", BOOK, 0},
                                        {"s", "2.txt", "Some other text, sound and short.\n", 0},
                                        {"s", "3.txt", "A third one.\n", 0}};
    REQUIRE(fixture_run(f, texts, 3) == LM_OK);
    CHECK_HAS(output(f, "text/train.jsonl"), want);
    CHECK_HAS(all_text(f), "\"text\":\"Some other text, sound and short.\"");
}

static void all_in_order(struct tap *tap)
{
    static const char *const kinds[] = {"email", "phone"};
    struct fixture f;
    fixture_open(&f);
    split_by_position(&f, 0.1, 0.1);
    run_book(tap, &f,
             "the sch\xC3\x83\xC2\xB6nste of times and\\nthat letters should be sent to a@b.org");
    CHECK(strstr(output(&f, "card"), "transformed") == NULL);
    f.params.mojibake = f.params.gutenberg = f.params.unwrap = true;
    f.params.pii = (struct lm_list){(void *)(uintptr_t)kinds, 2};
    for (f.threads = 1; f.threads <= 3; f.threads += 2) {
        run_book(tap, &f,
                 "\"text\":\"She wrote that it was the sch\xC3\xB6nste of times and that letters "
                 "should be sent to [EMAIL], if everybody wished to send some to her.\"}\n");
        CHECK_HAS(output(&f, "card"), "\"transformed\": {\n    \"mojibake_lines\": 1,\n    "
                                      "\"gutenberg_documents\": 1,\n    \"joined_lines\": 2,\n    "
                                      "\"emails\": 1,\n    \"ip_addresses\": 0");
    }
    fixture_close(&f);
}

/* A book of front and back matter alone is empty; duplicates are found after the changes. */
static void what_is_left(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    split_by_position(&f, 0.3, 0.3);
    f.params.gutenberg = true;
    const struct corpus_text texts[] = {
        {"s", "1.txt", "license\n*** START OF THE PROJECT GUTENBERG EBOOK X ***\n", 0},
        {"s", "2.txt", "Text.\n", 0},
        {"s", "3.txt", "x\n*** START OF THE PROJECT GUTENBERG EBOOK Y ***\nText.\n", 0},
        {"s", "4.txt", "Other.\n", 0},
        {"s", "5.txt", "Third.\n", 0}};
    REQUIRE(fixture_run(&f, texts, 5) == LM_OK);
    CHECK_HAS(output(&f, "card"), "\"rule\": \"empty\",\n      \"documents\": 1");
    CHECK_HAS(output(&f, "card"), "\"rule\": \"duplicate\",\n      \"documents\": 1");
    fixture_close(&f);
}

static const struct tap_test tests[] = {TAP_ROW(all_in_order) TAP_ROW(what_is_left)};

LM_TEST_FILE(tests)
