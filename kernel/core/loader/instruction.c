/* How long an instruction is, where it branches to, and whether it is one by which code waits or takes a lock.
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
    LOCK = 0xf0,
    REPEAT = 0xf3,
    SEGMENT_GS = 0x65,
    REX_W = 8,
    LOCKS_HELD = 0x2c /* in the block at a CPU's GS base, frozen (task/cpu/cpu.h) */
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
    uint8_t modrm;
    bool absolute; /* ModRM names memory by an address alone: */
    uint32_t address;
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
    uint8_t sib = 0;
    r->modrm = modrm;
    if (mod == 3)
        return modrm;
    if (base == 4) {
        sib = next(r);
        base = sib & 7;
    }
    size_t displacement = r->at;
    if (mod == 1)
        skip(r, 1);
    else if (mod == 2 || base == 5)
        skip(r, 4);
    r->absolute = !r->cut && mod == 0 && (sib & 0x3f) == 0x25; /* no base, no index */
    if (r->absolute)
        r->address = get_le32(r->code + displacement);
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

/* Opcodes that only read what ModRM names: MOV, CMP, TEST, and PUSH. */
static bool only_reads(uint8_t opcode, uint8_t field)
{
    switch (opcode) {
    case 0x38:
    case 0x39:
    case 0x3a:
    case 0x3b:
    case 0x84:
    case 0x85:
    case 0x8a:
    case 0x8b: return true;
    case 0x80:
    case 0x81:
    case 0x83: return field == 7;
    case 0xf6:
    case 0xf7: return field < 2;
    case 0xff: return field == 6;
    default: return false;
    }
}

struct prefixes {
    bool wide; /* REX.W counts only right before the opcode */
    bool lock;
    bool repeat;
    bool gs;
    size_t z_len;
};

/* What it is for, beside branching. FIRST is the opcode, or the escape to that of SECOND. */
static void read_purpose(const struct reader *r, const struct prefixes *p, uint8_t first,
                         uint8_t second, struct instruction *out)
{
    bool two = first == ESCAPE;
    out->ends = first == 0xe9 || first == 0xeb || (first & 0xf6) == 0xc2 ||
                first == 0xcf || (first == 0xff && (field_of(r->modrm) & 6) == 4) ||
                (two && second == 0x0b);
    out->halts = first == 0xf4 || (two && second == 0x01 && (r->modrm & 0xfe) == 0xc8);
    out->pauses = p->repeat && first == 0x90;
    out->exchanges =
        p->lock && two &&
        (second == 0xb0 || second == 0xb1 || (second == 0xc7 && field_of(r->modrm) == 1));
    out->counts_lock = p->gs && r->absolute && r->address == LOCKS_HELD &&
                       (two || !only_reads(first, field_of(r->modrm)));
}

static bool is_rex(uint8_t byte)
{
    return (byte & 0xf0) == 0x40;
}

/* Gives the first byte behind the prefixes. False: a prefix that is not known. */
static bool read_prefixes(struct reader *r, struct prefixes *p, uint8_t *out_byte)
{
    uint8_t byte = next(r);
    while (!r->cut && one_byte[byte] == 'p' && byte != ESCAPE) {
        if (byte == ADDRESS_SIZE)
            return false; /* an address of 8 bytes would have 4 */
        if (byte == OPERAND_SIZE)
            p->z_len = 2;
        p->lock |= byte == LOCK;
        p->repeat |= byte == REPEAT;
        p->gs |= byte == SEGMENT_GS;
        p->wide = is_rex(byte) && byte & REX_W;
        byte = next(r);
    }
    *out_byte = byte;
    return true;
}

bool instruction_read(const uint8_t *code, size_t len, struct instruction *out)
{
    struct reader r = {.code = code, .len = len < LEN_MAX ? len : LEN_MAX};
    struct prefixes p = {.z_len = 4};
    uint8_t first;
    *out = (struct instruction){0};
    if (!read_prefixes(&r, &p, &first))
        return false;
    uint8_t second = first == ESCAPE && r.at < r.len ? r.code[r.at] : 0;
    char letter = read_opcode(&r, first);
    if (!read_rest(&r, letter, p.wide ? 4 : p.z_len, p.wide, out) || r.cut)
        return false;
    read_purpose(&r, &p, first, second, out);
    out->len = r.at;
    return !out->relative || p.z_len == 4; /* processors differ about a branch with 0x66 */
}
