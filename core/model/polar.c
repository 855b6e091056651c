#include "model/polar.h"

#include <string.h>

#define SLACK 1.01  /* so that no singular value exceeds 1 after rounding */
#define LEAST 1e-12 /* added to the norm: zeros stay zeros */

enum {
    BAND =
        24, /* rows of a symmetric product that are computed together: whole blocks of registers */
    QUAD = 4
};

typedef float quad __attribute__((vector_size(QUAD * sizeof(float)), aligned(sizeof(float))));

/* Places in the working space. */
struct room {
    const struct lm_polar *how;
    size_t side;
    float *gram, *square, *step, *factor, *spare; /* side × side */
    float *whole;                                 /* as large as the matrix */
    float *packed, *scratch;
};

static size_t round_up(size_t n)
{
    return (n + 15) / 16 * 16;
}

static struct room room_of(const struct lm_polar *how, size_t rows, size_t cols, float *at)
{
    struct room room = {.how = how, .side = rows < cols ? rows : cols};
    size_t square = round_up(room.side * room.side);
    float **const squares[] = {&room.gram, &room.square, &room.step, &room.factor, &room.spare};
    for (size_t i = 0; i < sizeof squares / sizeof squares[0]; i++, at += square)
        *squares[i] = at;
    room.whole = at;
    room.scratch = at + round_up(rows * cols);
    room.packed = room.scratch + LM_GEMM_SCRATCH;
    return room;
}

static struct lm_packed pack(const struct room *room, enum lm_gemm_form form, const float *data,
                             size_t ld, size_t n, size_t k)
{
    const struct lm_packed packed = {.data = room->packed, .n = n, .k = k};
    const struct lm_operand from = {form, data, ld, false};
    for (size_t part = 0; part < lm_packed_parts(room->how->products->depth, n, k); part++)
        room->how->products->pack(&packed, &from, part);
    return packed;
}

/* out (m × n) = left · what is packed. */
static void multiply(const struct room *room, size_t m, const float *left, size_t ld,
                     const struct lm_packed *right, float *out)
{
    const struct lm_operand operand = {LM_NN, left, ld, false};
    room->how->products->multiply(m, right->n, right->k, operand, right, false, out, right->n,
                                  (struct lm_causal){0}, room->scratch);
}

/* Four rows of four from (row, col) on, which lie left of the diagonal, to their places right of
 * it. */
static void mirror_quads(float *x, size_t n, size_t row, size_t col)
{
    const float *from = x + row * n + col;
    float *to = x + col * n + row;
    const quad *p[QUAD];
    for (size_t i = 0; i < QUAD; i++)
        p[i] = (const quad *)(const void *)(from + i * n);
    quad a = __builtin_shufflevector(*p[0], *p[1], 0, 4, 1, 5);
    quad b = __builtin_shufflevector(*p[2], *p[3], 0, 4, 1, 5);
    quad c = __builtin_shufflevector(*p[0], *p[1], 2, 6, 3, 7);
    quad d = __builtin_shufflevector(*p[2], *p[3], 2, 6, 3, 7);
    *(quad *)(void *)to = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    *(quad *)(void *)(to + n) = __builtin_shufflevector(a, b, 2, 3, 6, 7);
    *(quad *)(void *)(to + 2 * n) = __builtin_shufflevector(c, d, 0, 1, 4, 5);
    *(quad *)(void *)(to + 3 * n) = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

/* What lies left of the diagonal to its places right of it. */
static void mirror(float *x, size_t n)
{
    for (size_t row = 0; row < n; row += QUAD) {
        size_t end = row + QUAD < n ? row + QUAD : n, col = 0;
        for (; end - row == QUAD && col < row; col += QUAD)
            mirror_quads(x, n, row, col);
        for (size_t i = row; i < end; i++)
            for (size_t j = col; j < i; j++)
                x[j * n + i] = x[i * n + j];
    }
}

/* out (side × side) = left · what is packed, which is symmetric: what lies left of the diagonal is
 * computed band by band and copied to the right. */
static void multiply_symmetric(const struct room *room, struct lm_operand left,
                               const struct lm_packed *right, float *out)
{
    size_t n = room->side;
    for (size_t first = 0; first < n; first += BAND) {
        size_t rows = n - first < BAND ? n - first : BAND;
        struct lm_operand band = left;
        band.data += left.form == LM_TN ? first : first * left.ld;
        room->how->products->multiply(rows, first + rows, right->k, band, right, false,
                                      out + first * n, n, (struct lm_causal){0}, room->scratch);
    }
    mirror(out, n);
}

/* out = left · right, both symmetric polynomials of one matrix. */
static void square_product(const struct room *room, const float *left, const float *right,
                           float *out)
{
    size_t n = room->side;
    struct lm_packed packed = pack(room, LM_NN, right, n, n, n);
    multiply_symmetric(room, (struct lm_operand){LM_NN, left, n, false}, &packed, out);
}

/* gram = XᵀX, or XXᵀ where x is wide. */
static void gram_of(const struct room *room, const float *x, size_t rows, size_t cols)
{
    size_t depth = rows < cols ? cols : rows;
    enum lm_gemm_form right = rows < cols ? LM_NT : LM_NN, left = rows < cols ? LM_NN : LM_TN;
    struct lm_packed packed = pack(room, right, x, cols, room->side, depth);
    multiply_symmetric(room, (struct lm_operand){left, x, cols, false}, &packed, room->gram);
}

/* step = b·A + c·A² */
static void polynomial(const struct room *room)
{
    const struct lm_polar *how = room->how;
    square_product(room, room->gram, room->gram, room->square);
    how->kernels->combine(room->step, how->b, room->gram, how->c, room->square,
                          room->side * room->side);
}

static void iterate_square(const struct room *room, float *x)
{
    size_t n = room->side;
    for (size_t step = 0; step < room->how->steps; step++) {
        gram_of(room, x, n, n);
        polynomial(room);
        struct lm_packed packed = pack(room, LM_NN, room->step, n, n, n);
        multiply(room, n, x, n, &packed, room->whole);
        room->how->kernels->combine(x, room->how->a, x, 1, room->whole, n * n);
    }
}

/* factor = the product of all R. */
static void iterate_gram(const struct room *room)
{
    size_t n = room->side, bytes = n * n * sizeof(float);
    for (size_t step = 0; step < room->how->steps; step++) {
        polynomial(room);
        for (size_t i = 0; i < n; i++)
            room->step[i * n + i] += room->how->a;
        if (step == 0) {
            memcpy(room->factor, room->step, bytes);
        } else {
            square_product(room, room->factor, room->step, room->spare);
            memcpy(room->factor, room->spare, bytes);
        }
        if (step + 1 == room->how->steps)
            return;
        square_product(room, room->step, room->gram, room->spare);
        square_product(room, room->spare, room->step, room->gram);
    }
}

/* x · factor, or factor · x where x is wide. */
static void apply(const struct room *room, float *x, size_t rows, size_t cols)
{
    size_t n = room->side;
    bool is_wide = rows < cols;
    struct lm_packed packed =
        pack(room, LM_NN, is_wide ? x : room->factor, is_wide ? cols : n, is_wide ? cols : n, n);
    multiply(room, rows, is_wide ? room->factor : x, n, &packed, room->whole);
    memcpy(x, room->whole, rows * cols * sizeof *x);
}

void lm_polar(const struct lm_polar *how, float *x, size_t rows, size_t cols, double norm,
              float *at)
{
    const struct room room = room_of(how, rows, cols, at);
    float scale = (float)(1 / (norm * SLACK + LEAST));
    how->kernels->scale(x, rows * cols, scale);
    if (rows == cols) {
        iterate_square(&room, x);
        return;
    }
    gram_of(&room, x, rows, cols);
    iterate_gram(&room);
    apply(&room, x, rows, cols);
}
