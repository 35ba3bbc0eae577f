// The check of the closure reads instructions as the processor does: by examples, and in all text that the tree makes.
// SPDX-License-Identifier: MIT
#include <core/elf/elf.h>
#include <core/loader/instruction.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct example {
    const char *what;
    uint8_t code[15];
    size_t len;
    bool indirect;
};

static const struct example examples[] = {
    {"ret", {0xc3}, 1, false},
    {"push %r12", {0x41, 0x54}, 2, false},
    {"mov $1, %eax", {0xb8, 1, 0, 0, 0}, 5, false},
    {"mov $1, %ax", {0x66, 0xb8, 1, 0}, 4, false},
    {"movabs $1, %rax", {0x48, 0xb8, 1, 0, 0, 0, 0, 0, 0, 0}, 10, false},
    {"mov 8(%rsp), %rax", {0x48, 0x8b, 0x44, 0x24, 8}, 5, false},
    {"mov 0x100(%r13), %rax", {0x49, 0x8b, 0x85, 0, 1, 0, 0}, 7, false},
    {"mov 0(,%rax,8), %rax", {0x48, 0x8b, 0x04, 0xc5, 0, 0, 0, 0}, 8, false},
    {"mov 0(%rip), %rax", {0x48, 0x8b, 0x05, 0, 0, 0, 0}, 7, false},
    {"movw $1, 2(%rax)", {0x66, 0xc7, 0x40, 2, 1, 0}, 6, false},
    {"test $1, %cl", {0xf6, 0xc1, 1}, 3, false},
    {"not %ecx", {0xf7, 0xd1}, 2, false},
    {"test $1, %ecx", {0xf7, 0xc1, 1, 0, 0, 0}, 6, false},
    {"lock cmpxchg %ecx, (%rdx)", {0xf0, 0x0f, 0xb1, 0x0a}, 4, false},
    {"pause", {0xf3, 0x90}, 2, false},
    {"rep stos", {0xf3, 0x48, 0xab}, 3, false},
    {"wrmsr", {0x0f, 0x30}, 2, false},
    {"mov %cr2, %rax", {0x0f, 0x20, 0xd0}, 3, false},
    {"iretq", {0x48, 0xcf}, 2, false},
    {"movbe (%rax), %ecx", {0x0f, 0x38, 0xf0, 0x08}, 4, false},
    {"data16 nopw 0(%rax,%rax)",
     {0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0},
     11,
     false},
    {"call rel32", {0xe8, 0, 0, 0, 0}, 5, false},
    {"jne rel32", {0x0f, 0x85, 0, 0, 0, 0}, 6, false},
    {"incl (%rax)", {0xff, 0x00}, 2, false},
    {"push 8(%rax)", {0xff, 0x70, 8}, 3, false},
    {"call *%rbx", {0xff, 0xd3}, 2, true},
    {"call *%r11", {0x41, 0xff, 0xd3}, 3, true},
    {"notrack jmp *%rcx", {0x3e, 0xff, 0xe1}, 3, true},
    {"call *16(%rax)", {0xff, 0x50, 16}, 3, true},
    {"jmp *0(%rip)", {0xff, 0x25, 0, 0, 0, 0}, 6, true},
    {"call *0(,%rax,8)", {0xff, 0x14, 0xc5, 0, 0, 0, 0}, 7, true},
    {"ljmp *(%rax)", {0xff, 0x28}, 2, true},
};

static void reads_each_example(void **state)
{
    struct instruction n;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        const struct example *e = &examples[i];
        if (!instruction_read(e->code, sizeof e->code, &n) || n.len != e->len ||
            n.indirect != e->indirect)
            fail_msg("%s: %zu bytes, %s", e->what, n.len,
                     n.indirect ? "indirect" : "direct");
    }
}

static void knows_what_waits_and_what_locks(void **state)
{
    static const struct {
        const char *what;
        uint8_t code[15];
        const char *is;
    } list[] = {
        {"addl $1, %gs:0x2c", {0x65, 0x83, 0x04, 0x25, 0x2c, 0, 0, 0, 1}, "locks"},
        {"addl %eax, %gs:0x2c", {0x65, 0x01, 0x04, 0x25, 0x2c, 0, 0, 0}, "locks"},
        {"incl %gs:0x2c", {0x65, 0xff, 0x04, 0x25, 0x2c, 0, 0, 0}, "locks"},
        {"lock xadd %eax, %gs:0x2c",
         {0x65, 0xf0, 0x0f, 0xc1, 0x04, 0x25, 0x2c, 0, 0, 0},
         "locks"},
        {"movl %gs:0x2c, %eax", {0x65, 0x8b, 0x04, 0x25, 0x2c, 0, 0, 0}, ""},
        {"cmpl $0, %gs:0x2c", {0x65, 0x83, 0x3c, 0x25, 0x2c, 0, 0, 0, 0}, ""},
        {"addl $1, 0x2c", {0x83, 0x04, 0x25, 0x2c, 0, 0, 0, 1}, ""},
        {"addl $1, %gs:0x28", {0x65, 0x83, 0x04, 0x25, 0x28, 0, 0, 0, 1}, ""},
        {"lock cmpxchg %ecx, (%rdx)", {0xf0, 0x0f, 0xb1, 0x0a}, "exchanges"},
        {"lock cmpxchg16b (%rdx)", {0xf0, 0x48, 0x0f, 0xc7, 0x0a}, "exchanges"},
        {"cmpxchg %ecx, (%rdx)", {0x0f, 0xb1, 0x0a}, ""},
        {"lock xadd %ecx, (%rdx)", {0xf0, 0x0f, 0xc1, 0x0a}, ""},
        {"hlt", {0xf4}, "halts"},
        {"mwait", {0x0f, 0x01, 0xc9}, "halts"},
        {"lidt (%rax)", {0x0f, 0x01, 0x18}, ""},
        {"pause", {0xf3, 0x90}, "pauses"},
        {"nop", {0x90}, ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        struct instruction n;
        assert_true(instruction_read(list[i].code, sizeof list[i].code, &n));
        const char *is = n.counts_lock ? "locks"
                         : n.exchanges ? "exchanges"
                         : n.halts     ? "halts"
                         : n.pauses    ? "pauses"
                                       : "";
        if (strcmp(is, list[i].is) != 0)
            fail_msg("%s: '%s', not '%s'", list[i].what, is, list[i].is);
    }
}

static void reads_nothing_that_is_cut_off(void **state)
{
    struct instruction n;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++)
        for (size_t len = 0; len < examples[i].len; len++) {
            uint8_t *code =
                malloc(len ? len : 1); /* so that the sanitizer sees a step beyond */
            memcpy(code, examples[i].code, len);
            if (instruction_read(code, len, &n))
                fail_msg("%s is read from its first %zu bytes", examples[i].what, len);
            free(code);
        }
}

static void does_not_read_what_it_does_not_know(void **state)
{
    static const uint8_t unknown[][15] = {
        {0xc5, 0xf8, 0x77},                   /* VEX */
        {0x62, 0xf1, 0x7c, 0x48, 0x10, 0x00}, /* EVEX */
        {0x67, 0x8b, 0x00},                   /* an address of 32 bits */
        {0x66, 0xe8, 0, 0, 0, 0},             /* its length depends on the maker */
        {0x06},                               /* not in 64-bit mode */
        {0xff, 0xff},                         /* invalid */
        {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
         0x66, 0x90}, /* none: the fifteenth byte still fits, see below */
    };
    struct instruction n;
    (void)state;
    for (size_t i = 0; i + 1 < ARRAY_LEN(unknown); i++)
        if (instruction_read(unknown[i], sizeof unknown[i], &n))
            fail_msg("number %zu is read", i);
    assert_true(instruction_read(unknown[ARRAY_LEN(unknown) - 1], 15, &n) && n.len == 15);
}

// One section of text: where instructions begin, and where branches within it lead.
struct text {
    const uint8_t *code;
    size_t len;
    const char *file;
    const char *section;
    uint8_t *begins;
    uint8_t *moved; // a relocation changes it
};

static void check_boundaries(const struct text *t)
{
    struct instruction n;
    for (size_t at = 0; at < t->len; at += n.len) {
        if (!instruction_read(t->code + at, t->len - at, &n))
            fail_msg("%s, %s+0x%zx: not known", t->file, t->section, at);
        t->begins[at] = 1;
    }
    for (size_t at = 0; at < t->len; at += n.len) {
        assert_true(instruction_read(t->code + at, t->len - at, &n));
        size_t field = at + n.len - n.target_len;
        if (!n.relative || t->moved[field])
            continue;
        int32_t by = n.target_len == 1 ? (int8_t)t->code[field]
                                       : (int32_t)get_le32(t->code + field);
        size_t target = (size_t)((int64_t)(at + n.len) + by);
        if (target >= t->len || !t->begins[target])
            fail_msg("%s, %s+0x%zx: leads into the middle of something, 0x%zx", t->file,
                     t->section, at, target);
    }
}

static void check_section(const struct elf_object *object, uint32_t index,
                          const struct elf_section *s, const char *file)
{
    struct elf_section r;
    struct elf_rela a;
    struct text t = {
        object->bytes + s->offset, s->len, file, s->name, calloc(1, s->len + 1),
        calloc(1, s->len + 1)};
    for (uint32_t i = 1; i < object->section_count; i++) {
        elf_section(object, i, &r);
        for (uint32_t k = 0;
             r.type == ELF_RELA && r.info == index && k < elf_rela_count(&r); k++) {
            elf_rela(object, &r, k, &a);
            t.moved[a.offset] = 1;
        }
    }
    check_boundaries(&t);
    free(t.begins);
    free(t.moved);
}

static size_t check_object(const char *path)
{
    struct elf_object object;
    struct elf_section s;
    const char *why = NULL;
    size_t count = 0;
    uint8_t *bytes = malloc(ELF_MAX_FILE_LEN);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, ELF_MAX_FILE_LEN, file);
    fclose(file);
    if (elf_open(bytes, len, &object, &why) != STATUS_OK)
        fail_msg("%s: %s", path, why);
    for (uint32_t i = 1; i < object.section_count; i++) {
        elf_section(&object, i, &s);
        if (!(s.flags & ELF_EXEC) || s.type == ELF_NOBITS)
            continue;
        check_section(&object, i, &s, path);
        count += s.len;
    }
    free(bytes);
    return count;
}

// Who loses step with the instructions meets an invalid one or the section's end, or a branch leads into the middle of what it
// took for one.
static void keeps_step_with_the_text_of_every_cell(void **state)
{
    char path[512];
    size_t bytes = 0;
    const struct dirent *entry;
    DIR *folder = opendir(TEST_CELLS);
    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder))) {
        size_t len = strlen(entry->d_name);
        if (len < 3 || strcmp(entry->d_name + len - 2, ".o") != 0 ||
            strstr(entry->d_name, ".debug."))
            continue;
        snprintf(path, sizeof path, "%s/%s", TEST_CELLS, entry->d_name);
        bytes += check_object(path);
    }
    closedir(folder);
    assert_true(bytes > 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_example),
        cmocka_unit_test(knows_what_waits_and_what_locks),
        cmocka_unit_test(reads_nothing_that_is_cut_off),
        cmocka_unit_test(does_not_read_what_it_does_not_know),
        cmocka_unit_test(keeps_step_with_the_text_of_every_cell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
