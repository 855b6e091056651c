#include "base/pack.h"

#include "base/bytes.h"

enum { LONGEST = 10 /* bytes of a number */ };

/* Small numbers of either sign become small ones without: 0, -1, 1, -2 … */
static uint64_t fold(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unfold(uint64_t value)
{
    return (int64_t)(value >> 1 ^ ((value & 1) != 0 ? UINT64_MAX : 0));
}

void lm_pack_int(struct lm_buf *out, int64_t value)
{
    uint8_t bytes[LONGEST];
    size_t size = 0;
    uint64_t left = fold(value);
    for (; left > 127; left >>= 7)
        bytes[size++] = (uint8_t)(left & 127) | 128;
    bytes[size++] = (uint8_t)left;
    lm_buf_append(out, bytes, size);
}

void lm_pack_ints(struct lm_buf *out, const int64_t *values, size_t count)
{
    uint64_t used = 0;
    for (size_t i = 0; i < count; i++)
        used |= (uint64_t)(values[i] != 0) << i;
    lm_pack_int(out, (int64_t)used);
    for (; used != 0; used &= used - 1)
        lm_pack_int(out, values[__builtin_ctzll(used)]);
}

void lm_pack_double(struct lm_buf *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    lm_buf_put_u64(out, bits);
}

void lm_pack_bytes(struct lm_buf *out, const void *data, size_t size)
{
    lm_pack_int(out, (int64_t)size);
    lm_buf_append(out, data, size);
}

int64_t lm_unpack_long(struct lm_unpack *in)
{
    uint64_t value = 0;
    for (unsigned shift = 0; in->at < in->end && shift < 64; shift += 7) {
        uint8_t byte = *in->at++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return unfold(value);
    }
    in->failed = true;
    in->at = in->end;
    return 0;
}

void lm_unpack_ints(struct lm_unpack *in, int64_t *values, size_t count)
{
    uint64_t used = (uint64_t)lm_unpack_int(in);
    memset(values, 0, count * sizeof *values);
    in->failed = in->failed || used >> count != 0;
    for (; !in->failed && used != 0; used &= used - 1)
        values[__builtin_ctzll(used)] = lm_unpack_int(in);
}

const void *lm_unpack_raw(struct lm_unpack *in, uint64_t size)
{
    const uint8_t *at = in->at;
    if (size > (uint64_t)(in->end - at)) {
        in->failed = true;
        in->at = in->end;
        return NULL;
    }
    in->at += size;
    return at;
}

uint64_t lm_unpack_u64(struct lm_unpack *in)
{
    const uint8_t *at = lm_unpack_raw(in, sizeof(uint64_t));
    return at != NULL ? lm_get_u64(at) : 0;
}

double lm_unpack_double(struct lm_unpack *in)
{
    uint64_t bits = lm_unpack_u64(in);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

const void *lm_unpack_bytes(struct lm_unpack *in, size_t *size)
{
    int64_t wanted = lm_unpack_int(in);
    const uint8_t *at =
        wanted >= 0 ? lm_unpack_raw(in, (uint64_t)wanted) : lm_unpack_raw(in, UINT64_MAX);
    *size = at != NULL ? (size_t)wanted : 0;
    return at;
}
