/* What draws.py is held against. Each line of standard input is a method and logits, numbers by
 * spaces: temperature top_k top_p min_p typical_p eta repetition_penalty, then four lists, each a
 * count before its members: order (enum lm_rule), history, logits, points u. One line of ids a
 * line. */
#include <lmpipe/model.h>

#include <stdio.h>
#include <stdlib.h>

enum { MOST = 1 << 17 };

static double numbers[MOST];

static size_t read_list(void)
{
    double count = 0;
    if (scanf("%lf", &count) != 1 || !(count >= 0 && count < MOST))
        exit(2);
    for (size_t i = 0; i < (size_t)count; i++)
        if (scanf("%lf", &numbers[i]) != 1)
            exit(2);
    return (size_t)count;
}

int main(void)
{
    static float logits[MOST];
    static int32_t history[MOST];
    struct lm_sampling method = {0};
    double k;
    while (scanf("%lf %lf %lf %lf %lf %lf %lf", &method.temperature, &k, &method.top_p,
                 &method.min_p, &method.typical_p, &method.eta, &method.repetition_penalty) == 7) {
        method.top_k = (int64_t)k;
        method.order_count = read_list();
        for (size_t i = 0; i < method.order_count && i < LM_RULES; i++)
            method.order[i] = (unsigned char)numbers[i];
        size_t seen = read_list();
        for (size_t i = 0; i < seen; i++)
            history[i] = (int32_t)numbers[i];
        size_t vocab = read_list();
        for (size_t i = 0; i < vocab; i++)
            logits[i] = (float)numbers[i];
        size_t draws = read_list();
        void *scratch = malloc(lm_sampling_scratch((int64_t)vocab));
        if (scratch == NULL || lm_sampling_check(&method, NULL) != LM_OK)
            return 1;
        for (size_t i = 0; i < draws; i++)
            printf("%d%c",
                   (int)lm_sampling_draw(&method, logits, (int64_t)vocab, history, (int64_t)seen,
                                         numbers[i], scratch),
                   i + 1 < draws ? ' ' : '\n');
        free(scratch);
    }
    return 0;
}
