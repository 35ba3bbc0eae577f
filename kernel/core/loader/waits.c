/* What a function does that may never end, or not before somebody else has done something.
 * SPDX-License-Identifier: MIT
 */
#include <core/loader/instruction.h>
#include <core/loader/waits.h>

/* Longer code is taken for one loop. */
enum { CODE_MAX = 16384 };

struct paths {
    const uint8_t *code;
    size_t len;
    uint64_t reached[CODE_MAX / 64]; /* a bit for each byte at which an instruction begins */
};

static bool is_reached(const struct paths *p, size_t at)
{
    return p->reached[at / 64] >> at % 64 & 1;
}

/* Gives whether that was not known. */
static bool reach(struct paths *p, int64_t at)
{
    if (at < 0 || at >= (int64_t)p->len || is_reached(p, (size_t)at))
        return false;
    p->reached[at / 64] |= 1ull << at % 64;
    return true;
}

/* What comes after the instruction N at AT. Gives whether some of that was not known. */
static bool follow(struct paths *p, size_t at, const struct instruction *n)
{
    int64_t end = (int64_t)(at + n->len);
    bool fresh = !n->ends && reach(p, end);
    if (!n->relative)
        return fresh;
    int64_t by = n->target_len == 1 ? (int8_t)p->code[end - 1]
                                    : (int32_t)get_le32(p->code + end - 4);
    return reach(p, end + by) || fresh;
}

/* Says whether some path through CODE leads from AT to AT. */
static bool comes_back(const uint8_t *code, size_t len, size_t at)
{
    struct paths p = {.code = code, .len = len};
    struct instruction n;
    bool more = len <= CODE_MAX && instruction_read(code + at, len - at, &n);
    if (!more)
        return true;
    (void)follow(&p, at, &n);
    while (more && !is_reached(&p, at)) {
        more = false;
        for (size_t i = 0; i < len && instruction_read(code + i, len - i, &n); i += n.len)
            more = (is_reached(&p, i) && follow(&p, i, &n)) || more;
    }
    return is_reached(&p, at);
}

enum waits_kind waits_find(const uint8_t *code, size_t len, bool spins, size_t *out_at)
{
    struct instruction n;
    for (size_t i = 0; i < len && instruction_read(code + i, len - i, &n); i += n.len) {
        enum waits_kind kind = WAITS_NONE;
        if (n.counts_lock)
            kind = WAITS_LOCK;
        else if (n.halts)
            kind = WAITS_HALT;
        else if (n.exchanges && comes_back(code, len, i))
            kind = WAITS_RETRY;
        else if (n.pauses && !spins)
            kind = WAITS_SPIN;
        if (kind == WAITS_NONE)
            continue;
        *out_at = i;
        return kind;
    }
    return WAITS_NONE;
}

const char *waits_text(enum waits_kind kind)
{
    static const char *const texts[] = {
        [WAITS_LOCK] = "takes a lock",
        [WAITS_HALT] = "stops its CPU",
        [WAITS_RETRY] = "tries to exchange a word until nobody is quicker",
        [WAITS_SPIN] = "waits for somebody",
    };
    return texts[kind];
}
