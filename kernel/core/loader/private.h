/* What the loader's own files share.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_CORE_LOADER_PRIVATE_H
#define NEURATH_CORE_LOADER_PRIVATE_H

#include <core/loader/loader.h>

/* Opens BYTES into a fresh version: object, .cell, functions, imports; no memory placed. */
NODISCARD enum status version_describe(const uint8_t *bytes, size_t len,
                                       const uint8_t hash[32], struct version **out,
                                       struct refusal *out_why);
/* Fills function addresses and the export index, once sections have addresses. */
NODISCARD enum status version_index(struct version *v);

/* Gives the index of the own function that starts at OFFSET of SECTION, or -1. */
int64_t function_starting_at(const struct version *v, uint32_t section, uint64_t offset);

/* What a relocation refers to and what value it yields. */
struct target {
    int64_t import;   /* index into v->imports, or -1 */
    int64_t function; /* own function whose address is taken, or -1 */
    uint64_t value;   /* S + A, or S + A - P */
    bool branch;      /* a direct branch to an import: becomes a site */
};

/* Resolves relocation R, which changes section SECTION of V at address P. Makes the stub that
 * it needs. STATUS_DENIED, STATUS_FULL. */
NODISCARD enum status resolve(struct namespace *ns, struct version *v, uint32_t section,
                              const struct elf_rela *r, uint64_t p, struct target *out,
                              struct refusal *out_why);
/* Finds a provider for each import of V. */
NODISCARD enum status imports_resolve(struct version *v, loader_lookup_fn lookup,
                                      void *context, struct refusal *out_why);
/* Calls EACH for every relocation of every placed section of V. */
typedef enum status (*relocation_fn)(void *context, uint32_t section,
                                     const struct elf_rela *r);
NODISCARD enum status relocations_walk(const struct version *v, relocation_fn each,
                                       void *context);
/* Adds a site for import INDEX. Room was made by sites_reserve(). */
NODISCARD enum status sites_reserve(struct version *v);
void site_add(struct version *v, uint32_t import, uint64_t va, const struct elf_rela *r);

/* Builds the sorted frame table from the relocated .eh_frame of V. */
NODISCARD enum status frames_build(struct version *v, struct refusal *out_why);

#endif
