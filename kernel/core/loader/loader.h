/* Loads one cell object: places its sections, relocates it, and lists what it imports.
 * SPDX-License-Identifier: MIT
 *
 * Loading is two steps, so that the cells of one set can import from each other:
 *   loader_place()    checks the object, gives every section an address (homes that exist
 *                     already are shared), copies the contents;
 *   loader_relocate() resolves imports through a lookup of the caller and applies every
 *                     relocation to the version's own memory.
 * Nothing that runs is changed by either; loader_discard() takes a load back. The loader also
 * serves a boot, where sections are in place already: loader_adopt() describes them and
 * checks that each site holds what its relocation yields.
 * Task context. Source: thesis 4.2, design 3, psABI 4.4.
 */
#ifndef NEURATH_CORE_LOADER_H
#define NEURATH_CORE_LOADER_H

#include <core/namespace/namespace.h>

/* Why something is refused: codes are stable, texts are for people. */
struct refusal {
    char code[24]; /* e.g. "undefined", "signature", "data", "relocation" */
    char cell[CELL_NAME_MAX + 1];
    char symbol[96];
    char dependent[CELL_NAME_MAX + 1];
    char text[256];
};

/* Fills OUT; SYMBOL and DEPENDENT may be NULL. Always gives STATUS_DENIED. */
enum status refuse(struct refusal *out, const char *code, const char *cell,
                   const char *symbol, const char *dependent, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Finds who provides NAME to IMPORTER: gives the version and its function's index.
 * STATUS_NOT_FOUND: nobody; STATUS_DENIED: found, but IMPORTER may not use it (*out_provider
 * says who has it). */
typedef enum status (*loader_lookup_fn)(void *context, const struct version *importer,
                                        const char *name, struct version **out_provider,
                                        uint32_t *out_function);

/* Finds the home of another cell's object that the object KEY of V, which has none of its own, is to go on in; lends *out,
 * NULL: none. STATUS_DENIED: it cannot be told; *out_why says why. */
typedef enum status (*loader_take_fn)(void *context, const struct version *v,
                                      const char *key, struct home **out,
                                      struct refusal *out_why);

/* What is to be placed, and beside or in place of what. */
struct loader_order {
    const uint8_t *bytes; /* lent until the version is destroyed, or until that takes them */
    size_t len;
    bool own;                  /* the version takes the bytes (heap_free) on success */
    const uint8_t *hash;       /* 32 bytes */
    const struct version *old; /* of the same cell, which it will follow; NULL: none */
    uint32_t lineage; /* another one than OLD's: it begins with homes and stubs of its own */
    loader_take_fn take;
    void *context;
};

/* Checks the object of ORDER and places the cell; homes of equal key are shared.
 * Gives *out, not yet entered in NS; end it with loader_discard() or version_destroy().
 * STATUS_DENIED: *out_why says why; STATUS_FULL: no memory. */
NODISCARD enum status loader_place(struct namespace *ns, const struct loader_order *order,
                                   struct version **out, struct refusal *out_why);

/* Applies V's relocations. STATUS_DENIED, STATUS_FULL as above; V is then only fit to be
 * discarded. On success the memory of V is sealed and its imports know their providers, but
 * are not linked. */
NODISCARD enum status loader_relocate(struct namespace *ns, struct version *v,
                                      loader_lookup_fn lookup, void *context,
                                      struct refusal *out_why);

/* Links every import of V to its provider's function. Cannot fail. */
void loader_link(struct version *v);

/* Computes the bytes that the initialiser of SECTION of V has once relocated, into OUT
 * (section's length). V has been relocated or adopted. STATUS_FULL: no memory. */
NODISCARD enum status loader_contents(struct namespace *ns, struct version *v,
                                      uint32_t section, uint8_t *out);

/* Describes a version whose sections lie at SECTION_VA (by ELF section index) already.
 * Gives *out, entered in NS as running, not yet checked. */
NODISCARD enum status loader_adopt(struct namespace *ns, const uint8_t *bytes, size_t len,
                                   const uint8_t hash[32], const uint64_t *section_va,
                                   uint32_t section_count, struct version **out,
                                   struct refusal *out_why);
/* After all are adopted and their stubs are known: resolves V's imports, checks every site's
 * bytes and builds the frame table. */
NODISCARD enum status loader_adopt_finish(struct namespace *ns, struct version *v,
                                          loader_lookup_fn lookup, void *context,
                                          struct refusal *out_why);

#endif
