#include "web/html_tree.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

enum { THREADS = 4, CHILDREN = 20, LONGEST = 30 /**< seconds */ };

static const char page[] = "<!DOCTYPE html><html><body><p>text</p></body></html>";

static void *parse(void *user)
{
    struct lm_html html = {0};
    pthread_barrier_wait(user);
    enum lm_status status = lm_html_parse(&html, (const uint8_t *)page, sizeof page - 1, NULL);
    lm_html_release(&html);
    return status == LM_OK ? user : NULL;
}

/* A process that comes to web pages for the first time on several threads at once. */
static int first_pages(void)
{
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;
    int bad = 0;
    alarm(LONGEST);
    lm_html_ready();
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, parse, &barrier) != 0)
            return 1;
    for (size_t i = 0; i < THREADS; i++) {
        void *done = NULL;
        bad += pthread_join(threads[i], &done) != 0 || done == NULL;
    }
    return bad;
}

static void test_threads_come_first(struct tap *tap)
{
    for (int i = 0; i < CHILDREN; i++) {
        int status = -1;
        pid_t child = fork();
        if (child == 0)
            _exit(first_pages());
        REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

static const struct tap_test tests[] = {TAP_ROW(test_threads_come_first)};

LM_TEST_FILE(tests)
