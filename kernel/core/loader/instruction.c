/* How long an instruction is, and whether it branches to an address that it reads at run time.
 * SPDX-License-Identifier: MIT
 *
 * Two tables, one of each opcode map, have a letter for each opcode:
 *   .  nothing follows                    m  ModRM                 x  not known, or invalid
 *   b  1 byte    w  2 bytes   W  3 bytes  M  ModRM and 1 byte      p  prefix, or another map
 *   z  2 bytes after an operand-size      Z  ModRM and the like    o  an address of 8 bytes
 *      prefix, else 4                     g  ModRM, and 1 byte if it is a TEST
 *   v  z, but 8 with REX.W                G  ModRM, and z if it is a TEST
 *   r  a branch by 1 byte  R  by 4 bytes  i  ModRM, and may be an indirect branch
 */
#include <core/loader/instruction.h>

enum {
    LEN_MAX = 15,
    ESCAPE = 0x0f,
    ESCAPE_38 = 0x38,
    ESCAPE_3A = 0x3a,
    OPERAND_SIZE = 0x66,
    ADDRESS_SIZE = 0x67,
    REX_W = 8
};

static const char one_byte[] = "mmmmbzxxmmmmbzxp" /* 00 */
                               "mmmmbzxxmmmmbzxx"
                               "mmmmbzpxmmmmbzpx"
                               "mmmmbzpxmmmmbzpx"
                               "pppppppppppppppp" /* 40 */
                               "................"
                               "xxxmppppzZbM...."
                               "rrrrrrrrrrrrrrrr"
                               "MZxMmmmmmmmmmmmm" /* 80 */
                               "..........x....."
                               "oooo....bz......"
                               "bbbbbbbbvvvvvvvv"
                               "MMw.xxMZW.w..bx." /* C0 */
                               "mmmmxxx.mmmmmmmm"
                               "rrrrbbbbRRxr...."
                               "p.pp..gG......mi";

static const char two_byte[] = "mmmmx.....x.xmxx" /* 00 */
                               "mmmmmmmmmmmmmmmm"
                               "mmmmxxxxmmmmmmmm"
                               "......xxpxpxxxxx"
                               "mmmmmmmmmmmmmmmm" /* 40 */
                               "mmmmmmmmmmmmmmmm"
                               "mmmmmmmmmmmmmmmm"
                               "MMMMmmm.mmxxmmmm"
                               "RRRRRRRRRRRRRRRR" /* 80 */
                               "mmmmmmmmmmmmmmmm"
                               "...mMmxx...mMmmm"
                               "mmmmmmmmmmMmmmmm"
                               "mmMmMMMm........" /* C0 */
                               "mmmmmmmmmmmmmmmm"
                               "mmmmmmmmmmmmmmmm"
                               "mmmmmmmmmmmmmmmm";

_Static_assert(sizeof one_byte == 257 && sizeof two_byte == 257,
               "one letter for each opcode");

struct reader {
    const uint8_t *code;
    size_t len;
    size_t at;
    bool cut; /* something was read beyond the end */
};

static uint8_t next(struct reader *r)
{
    r->cut = r->cut || r->at >= r->len;
    return r->cut ? 0 : r->code[r->at++];
}

static void skip(struct reader *r, size_t count)
{
    r->cut = r->cut || count > r->len - r->at;
    r->at += r->cut ? 0 : count;
}

/* Gives ModRM; what belongs to it is behind the reader. */
static uint8_t read_modrm(struct reader *r)
{
    uint8_t modrm = next(r);
    uint8_t mod = modrm >> 6;
    uint8_t base = modrm & 7;
    if (mod == 3)
        return modrm;
    if (base == 4)
        base = next(r) & 7;
    if (mod == 1)
        skip(r, 1);
    else if (mod == 2 || base == 5)
        skip(r, 4);
    return modrm;
}

static uint8_t field_of(uint8_t modrm)
{
    return modrm >> 3 & 7;
}

/* What follows an opcode with LETTER; Z_LEN bytes are what z stands for. False: not known. */
static bool read_rest(struct reader *r, char letter, size_t z_len, bool wide,
                      struct instruction *out)
{
    switch (letter) {
    case '.': return true;
    case 'b': skip(r, 1); return true;
    case 'w': skip(r, 2); return true;
    case 'W': skip(r, 3); return true;
    case 'o': skip(r, 8); return true;
    case 'z': skip(r, z_len); return true;
    case 'v': skip(r, wide ? 8 : z_len); return true;
    case 'm': (void)read_modrm(r); return true;
    case 'M':
        (void)read_modrm(r);
        skip(r, 1);
        return true;
    case 'Z':
        (void)read_modrm(r);
        skip(r, z_len);
        return true;
    case 'g': skip(r, field_of(read_modrm(r)) < 2); return true;
    case 'G': skip(r, field_of(read_modrm(r)) < 2 ? z_len : 0); return true;
    case 'i': {
        uint8_t field = field_of(read_modrm(r));
        out->indirect = field >= 2 && field <= 5;
        return field != 7;
    }
    case 'r':
    case 'R':
        out->relative = true;
        out->target_len = letter == 'r' ? 1 : 4;
        skip(r, out->target_len);
        return true;
    default: return false;
    }
}

/* Gives the letter of the opcode, which is behind the reader then. */
static char read_opcode(struct reader *r, uint8_t first)
{
    if (first != ESCAPE)
        return one_byte[first];
    uint8_t second = next(r);
    if (second == ESCAPE_38 || second == ESCAPE_3A) {
        (void)next(r);
        return second == ESCAPE_38 ? 'm' : 'M';
    }
    return two_byte[second];
}

static bool is_rex(uint8_t byte)
{
    return (byte & 0xf0) == 0x40;
}

bool instruction_read(const uint8_t *code, size_t len, struct instruction *out)
{
    struct reader r = {.code = code, .len = len < LEN_MAX ? len : LEN_MAX};
    size_t z_len = 4;
    bool wide = false;
    *out = (struct instruction){0};
    uint8_t byte = next(&r);
    while (!r.cut && one_byte[byte] == 'p' && byte != ESCAPE) {
        if (byte == OPERAND_SIZE)
            z_len = 2;
        if (byte == ADDRESS_SIZE)
            return false;                    /* an address of 8 bytes would have 4 */
        wide = is_rex(byte) && byte & REX_W; /* counts only right before the opcode */
        byte = next(&r);
    }
    char letter = read_opcode(&r, byte);
    if (!read_rest(&r, letter, wide ? 4 : z_len, wide, out) || r.cut)
        return false;
    out->len = r.at;
    return !out->relative || z_len == 4; /* processors differ about a branch with 0x66 */
}
