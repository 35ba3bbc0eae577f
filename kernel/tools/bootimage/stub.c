/* Combines the boot stub with the placed segments into one bootable ELF file.
 * SPDX-License-Identifier: MIT
 *
 * The stub keeps its own program headers (its note makes QEMU boot it); one PT_LOAD is added
 * for each segment, at the physical address that lies BOOT_IMAGE_BASE below its virtual one.
 */
#include "image.h"

#include <boot/boot_info.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096 };

static const Elf64_Ehdr *open_stub(const struct file *stub)
{
    const Elf64_Ehdr *e = (const Elf64_Ehdr *)stub->bytes;
    if (stub->len < sizeof *e || memcmp(e->e_ident, ELFMAG, SELFMAG) != 0 ||
        e->e_ident[EI_CLASS] != ELFCLASS64 || e->e_phentsize != sizeof(Elf64_Phdr) ||
        e->e_phoff > stub->len ||
        e->e_phnum > (stub->len - e->e_phoff) / sizeof(Elf64_Phdr) ||
        e->e_shoff > stub->len ||
        e->e_shnum > (stub->len - e->e_shoff) / sizeof(Elf64_Shdr))
        fail("%s is not the boot stub's ELF file", stub->path);
    return e;
}

static const Elf64_Phdr *headers(const struct file *stub, const Elf64_Ehdr *e)
{
    const Elf64_Phdr *p = (const Elf64_Phdr *)(stub->bytes + e->e_phoff);
    for (int i = 0; i < e->e_phnum; i++)
        if (p[i].p_offset > stub->len || p[i].p_filesz > stub->len - p[i].p_offset)
            fail("%s: a segment lies outside the file", stub->path);
    return p;
}

static uint64_t symbol(const struct file *stub, const Elf64_Ehdr *e, const char *name)
{
    const Elf64_Shdr *s = (const Elf64_Shdr *)(stub->bytes + e->e_shoff);
    for (int i = 0; i < e->e_shnum; i++) {
        if (s[i].sh_type != SHT_SYMTAB || s[i].sh_link >= e->e_shnum ||
            s[i].sh_offset > stub->len || s[i].sh_size > stub->len - s[i].sh_offset)
            continue;
        const Elf64_Sym *y = (const Elf64_Sym *)(stub->bytes + s[i].sh_offset);
        const Elf64_Shdr *t = &s[s[i].sh_link];
        if (t->sh_offset > stub->len || t->sh_size > stub->len - t->sh_offset)
            continue;
        for (size_t k = 0; k < s[i].sh_size / sizeof *y; k++)
            if (y[k].st_name < t->sh_size &&
                strncmp((const char *)stub->bytes + t->sh_offset + y[k].st_name, name,
                        t->sh_size - y[k].st_name) == 0)
                return y[k].st_value;
    }
    fail("%s has no symbol %s", stub->path, name);
}

struct output {
    uint8_t *bytes;
    Elf64_Phdr *headers;
    int stub_headers;
};

/* Lends the LEN bytes at virtual address VA of the stub's copied, file-backed segments. */
static uint8_t *at_va(const struct output *out, const struct file *stub, uint64_t va,
                      uint64_t len)
{
    for (int i = 0; i < out->stub_headers; i++) {
        const Elf64_Phdr *p = &out->headers[i];
        if (p->p_type == PT_LOAD && va >= p->p_vaddr && va - p->p_vaddr <= p->p_filesz &&
            len <= p->p_filesz - (va - p->p_vaddr))
            return out->bytes + p->p_offset + (va - p->p_vaddr);
    }
    fail("%s: a variable for the image builder is not in initialised data", stub->path);
}

static void fill_variables(const struct output *out, const struct file *stub,
                           const Elf64_Ehdr *e, const struct image *image)
{
    put_le64(at_va(out, stub, symbol(stub, e, "boot_entry"), 8), image->entry);
    put_le64(at_va(out, stub, symbol(stub, e, "boot_placement"), 8),
             image->segments[IMAGE_TABLE].va);
    uint8_t *table = at_va(out, stub, symbol(stub, e, "boot_segments"),
                           BOOT_SEGMENT_MAX * sizeof(struct boot_segment));
    for (int i = 0; i < IMAGE_SEGMENTS; i++) {
        const struct segment *s = &image->segments[i];
        put_le64(table + 32 * i, s->va);
        put_le64(table + 32 * i + 8, s->va - BOOT_IMAGE_BASE);
        put_le64(table + 32 * i + 16, s->len);
        put_le64(table + 32 * i + 24, s->flags);
    }
}

/* Where the stub's part of the file ends; its offsets are kept, moved by one page. */
static uint64_t stub_end(const struct file *stub, const Elf64_Ehdr *e)
{
    uint64_t end = 0;
    const Elf64_Phdr *p = headers(stub, e);
    for (int i = 0; i < e->e_phnum; i++)
        if (p[i].p_offset + p[i].p_filesz > end)
            end = p[i].p_offset + p[i].p_filesz;
    return align_up(end, PAGE) + PAGE;
}

static void add_segments(const struct output *out, const struct image *image, uint64_t at)
{
    Elf64_Phdr *p = out->headers + out->stub_headers;
    for (int i = 0; i < IMAGE_SEGMENTS; i++) {
        const struct segment *s = &image->segments[i];
        uint32_t flags = PF_R | (s->flags & BOOT_SEGMENT_WRITE ? PF_W : 0) |
                         (s->flags & BOOT_SEGMENT_EXEC ? PF_X : 0);
        p[i] = (Elf64_Phdr){.p_type = PT_LOAD,
                            .p_flags = flags,
                            .p_offset = at,
                            .p_vaddr = s->va,
                            .p_paddr = s->va - BOOT_IMAGE_BASE,
                            .p_filesz = s->len,
                            .p_memsz = s->len,
                            .p_align = PAGE};
        memcpy(out->bytes + at, s->bytes, s->len);
        at += s->len;
    }
}

uint8_t *stub_combine(const struct file *stub, const struct image *image, size_t *out_len)
{
    const Elf64_Ehdr *e = open_stub(stub);
    const Elf64_Phdr *old = headers(stub, e);
    uint64_t at = stub_end(stub, e);
    size_t len = at;
    for (int i = 0; i < IMAGE_SEGMENTS; i++)
        len += image->segments[i].len;
    struct output out = {.bytes = calloc(1, len), .stub_headers = e->e_phnum};
    if (!out.bytes)
        fail("out of memory");
    if (sizeof *e + (e->e_phnum + IMAGE_SEGMENTS) * sizeof *old > PAGE)
        fail("%s has too many program headers", stub->path);

    Elf64_Ehdr *header = (Elf64_Ehdr *)out.bytes;
    *header = *e;
    header->e_phoff = sizeof *e;
    header->e_phnum = (Elf64_Half)(e->e_phnum + IMAGE_SEGMENTS);
    header->e_shoff = 0;
    header->e_shnum = 0;
    header->e_shstrndx = 0;
    out.headers = (Elf64_Phdr *)(out.bytes + sizeof *e);
    for (int i = 0; i < e->e_phnum; i++) {
        out.headers[i] = old[i];
        out.headers[i].p_offset += PAGE;
        memcpy(out.bytes + out.headers[i].p_offset, stub->bytes + old[i].p_offset,
               old[i].p_filesz);
    }
    add_segments(&out, image, at);
    fill_variables(&out, stub, e, image);
    *out_len = len;
    return out.bytes;
}
