/* What runs: versions of cells, their sections, functions, imports, stubs and homes.
 * SPDX-License-Identifier: MIT
 *
 * A *version* is one loaded object of a cell. A *namespace* maps cell names to the version
 * that runs, and keeps older versions for as long as something may still refer to them.
 * A *stub* is the one address under which a function whose address is taken is known
 * everywhere (`jmp *slot`); a *home* is the one place where a named data object lives, outside
 * any version. Both outlive versions: that is what makes pointers survive a swap.
 * A *lineage* is a run of versions that share stubs and homes. Cells of one group (cell.mk,
 * `lineage`) that cannot be swapped start a new one together: the old versions *drain*, that is,
 * nobody finds them by name any more, but what they made is still served by them.
 *
 * Units: all addresses are uint64_t kernel virtual addresses. Locking: the swap task is the
 * only writer after boot; readers in other tasks hold namespace_lock(); readers in fault and
 * park context take no lock and rely on lists being changed by single stores.
 * Source: thesis 4.2-4.4 (namespaces, LoadedCell, LoadedSection), design 3.
 *
 * Invariants (checked by namespace_check()):
 *  1. at most one version of a name is VERSION_RUNNING;
 *  2. every import of a running version leads to a global function of a running version, or
 *     during a trial to one that watches it; one of a draining version to a running one, or to its
 *     own lineage;
 *  3. every function lists exactly the imports that lead to it;
 *  4. the bytes at each site equal what its relocation yields for its import's target, but in text
 *     that was withdrawn;
 *  5. the slot of each stub holds the address of the function that the stub stands for;
 *  6. every data section with a home is referenced by its home's count.
 */
#ifndef NEURATH_CORE_NAMESPACE_H
#define NEURATH_CORE_NAMESPACE_H

#include <core/cellinfo/cellinfo.h>
#include <core/cellmem/cellmem.h>

struct version;
struct import;

struct stub {
    struct stub *next;
    char *cell; /* NULL for a global function */
    char *name;
    uint64_t signature;
    uint32_t twin; /* as in struct function */
    uint32_t lineage;
    bool idle; /* of a lineage that has ended: nobody has its address, another one may take it */
    uint64_t va;
    uint64_t slot; /* address of the 8-byte target */
    struct version *version;
    uint32_t function; /* index in version->functions */
};

/* Memory that several homes share; it is given back when the last of them goes. */
struct home_region {
    struct cellmem_region memory;
    uint32_t refs; /* homes in it, and one for a loader that still works on it */
};

struct home {
    struct home *next;
    struct home_region *region; /* NULL: placed at boot */
    char *cell;
    char *key;
    uint64_t va;
    uint32_t len;
    uint32_t capacity; /* bytes reserved from va on */
    uint32_t align;
    uint32_t storage; /* CELL_STORE_* */
    uint64_t type_hash;
    uint32_t refs; /* versions whose sections lie here */
    bool orphan; /* its cell or object was removed, or moved, or belongs to a lineage that drains: who
                    asks for it starts afresh */
};

enum { HOME_ALIGN = 16, HOME_SLACK = 4, HOME_SMALL = 256 };

/* Homes have slack, so that an object that grows keeps its base: a quarter, small ones as much
 * again. */
static inline uint64_t home_capacity(uint64_t len)
{
    return align_up(len + (len < HOME_SMALL ? len : len / HOME_SLACK), HOME_ALIGN);
}

struct function {
    const char *name;
    uint64_t va;
    uint64_t len;
    uint64_t signature;
    uint32_t section;
    uint32_t offset;          /* in its section */
    uint32_t next_in_section; /* index + 1 of another function in that section, 0 = none */
    uint32_t flags;           /* CELL_FUNC_* */
    uint32_t twin; /* statics of several files may share a name: how many come before it */
    struct stub *stub;       /* NULL while nobody took its address */
    struct import *incoming; /* imports that lead here, linked by next_incoming */
};

/* One function that a version imports; the sites are those of its relocations. */
struct import {
    const char *name;
    uint64_t signature;
    struct version *importer;
    struct version *provider;
    uint32_t function;
    uint32_t first_site; /* index + 1 into importer->sites, 0 = none */
    uint32_t site_count;
    struct import *next_incoming;
};

/* One place in a version that holds the address of an imported function, as a direct branch. */
struct site {
    uint64_t va;
    int64_t addend;
    uint32_t next; /* index + 1 of the import's next site */
    uint8_t type;  /* ELF_R_PC32 or ELF_R_PLT32 */
};

/* One frame description: text [pc, pc + len) is described by the FDE at VA. */
struct fde {
    uint64_t pc;
    uint64_t len;
    uint64_t va;
};

enum version_state { VERSION_LOADED, VERSION_RUNNING, VERSION_DRAINING, VERSION_RETIRED };

/* Why a retired version that is not pinned is still there, as the last scan found. */
enum version_hold {
    VERSION_FREE,       /* nothing was found, or not yet looked for */
    VERSION_ON_STACK,   /* an address in it lies on a task's stack */
    VERSION_POINTED_TO, /* ... in an object of the heap or a home */
    VERSION_IMPORTED,   /* a version that is kept calls it */
    VERSION_UNSEEN,     /* the scan could not look everywhere */
};

struct version {
    struct version *next;
    struct version *limbo; /* for who detached it; next leads on, readers may stand here */
    bool left;             /* it was detached */
    struct elf_object elf;
    struct cellinfo info; /* info.name is the cell's name */
    uint8_t *owned_bytes; /* the object's bytes if this version owns them, else NULL */
    uint8_t object_hash[32];
    enum version_state state;
    uint32_t number;  /* 1 for the first version of a cell, then counting */
    uint32_t lineage; /* 0 for the first one of a cell or its group, then counting */
    bool ending; /* it drains, and is in use no more: the scan that is under way looks for it */
    bool pinned; /* of the closure: the processor may have the address of a stub that leads to it, so it is never freed */
    bool watching; /* retired, but called until the trial of its successor is over */
    enum version_hold hold;
    uint64_t holder; /* version_holder(), with all bits turned: a swap would take it for a pointer to what lies there */
    uint64_t clean_ns; /* when a scan first found nothing; 0: the last one found something */
    uint64_t off_ns; /* [a] since when its text cannot be executed (stale.c); 0: it can */
    uint32_t executed; /* how often that was tried */
    uint32_t withdrawn; /* [a] its text was filled with INT3, call sites too (plan/withdraw.c) */
    struct cellmem_region text;
    struct cellmem_region rodata;
    struct home_region *fresh[2]; /* homes this load is the first to need; until relocated */
    uint64_t *section_va;         /* by ELF section index; 0 = not placed */
    struct home **section_home;
    uint32_t *section_function; /* index + 1 of a function in that section, 0 = none */
    uint32_t *section_object; /* index + 1 in .cell's data of the object that fills it */
    uint32_t *symbol_import; /* index + 1 of the import that an ELF symbol names, 0 = none */
    struct function *functions;
    uint32_t function_count;
    uint32_t *exports; /* function indices, sorted by name */
    uint32_t export_count;
    struct import *imports;
    uint32_t import_count;
    struct site *sites;
    uint32_t site_count;
    struct fde *fdes; /* sorted by pc */
    uint32_t fde_count;
    uint64_t text_begin;
    uint64_t text_end;
};

struct stub_chunk;

/* A type of which a version that does not run any more has made objects of the heap (plan/makers.c). */
struct made_name {
    struct made_name *next;
    char name[];
};

enum { NAMESPACE_STUB_LEN = 16 };

struct namespace
{
    struct version *versions; /* newest first */
    struct stub *stubs;
    struct home *homes;
    struct stub_chunk *chunks;
    struct made_name *made; /* each name once */
    uint64_t generation;    /* counts changes of what runs */
};

/* Gives where the address was found that keeps V. */
static inline uint64_t version_holder(const struct version *v)
{
    return ~v->holder;
}

/* Lends the kernel's own namespace, valid for ever. Any context. */
struct namespace *namespace_kernel(void);
/* Ends everything that NS holds, versions too. For hosts and tests. */
void namespace_fini(struct namespace *ns);

/* Lends the running version of the cell called NAME, or NULL. */
struct version *namespace_running(const struct namespace *ns, const char *name);
/* Lends the version, running or retired, whose text contains VA, or NULL. Any context. */
struct version *namespace_version_at(const struct namespace *ns, uint64_t va);
/* Lends the function of V that contains VA, or NULL. Any context. */
const struct function *version_function_at(const struct version *v, uint64_t va);
/* Gives the index of the global function NAME in V, or -1. */
int64_t version_export(const struct version *v, const char *name);
/* Gives the index of the function of V with that name, linkage and twin number, or -1. */
int64_t version_function(const struct version *v, const char *name, bool global,
                         uint32_t twin);
/* Gives the bytes that text and constants of V take, homes not counted: whole pages if it has its own. */
uint64_t version_placed_bytes(const struct version *v);
/* Lends the FDE that covers PC, or NULL. Any context. */
const struct fde *version_fde_at(const struct version *v, uint64_t pc);
/* Lends the entry stub that VA lies in, or NULL. Any context. */
const struct stub *namespace_stub_at(const struct namespace *ns, uint64_t va);
/* Says whether VA is an entry stub. Any context. */
bool namespace_is_stub(const struct namespace *ns, uint64_t va);

/* Writes "cell@number function+0xoff" or "?" for VA into OUT (LEN bytes, always terminated). */
void namespace_symbolise(const struct namespace *ns, uint64_t va, char *out, size_t len);

/* Lends the stub of function INDEX of V, making one if there is none yet (its slot then leads
 * to V's function). An equal function of an earlier version (same lineage, cell, name, twin,
 * signature) shares its stub, whose slot is not changed here. STATUS_FULL: no memory. */
NODISCARD enum status namespace_stub(struct namespace *ns, struct version *v,
                                     uint32_t index, struct stub **out);
/* Lends the stub known for (lineage, cell or NULL, name, twin, signature), or NULL. */
struct stub *namespace_find_stub(const struct namespace *ns, uint32_t lineage,
                                 const char *cell, const char *name, uint32_t twin,
                                 uint64_t signature);
/* Registers a stub that was placed at VA and SLOT before. STATUS_FULL: no memory. */
NODISCARD enum status namespace_adopt_stub(struct namespace *ns, struct version *v,
                                           uint32_t index, uint64_t va, uint64_t slot);

/* Lends the home of the variable KEY of CELL, or of the CONSTANT of that name, or NULL. A cell has both if the one has become the
 * other. */
struct home *namespace_find_home(const struct namespace *ns, const char *cell,
                                 const char *key, bool constant);
/* Registers a home like LIKE (strings are copied) with no references yet; it takes a reference
 * on LIKE's region. STATUS_FULL: no memory. */
NODISCARD enum status namespace_add_home(struct namespace *ns, const struct home *like,
                                         struct home **out);
/* Takes back a home that has no references, and its region with the last home in it. */
void namespace_drop_home(struct namespace *ns, struct home *home);
/* Ends a reference on REGION (NULL accepted). */
void home_region_unref(struct home_region *region);

/* Links V's import INDEX to function FUNCTION of PROVIDER, unlinking it from where it led. */
void import_link(struct import *import, struct version *provider, uint32_t function);
void import_unlink(struct import *import);

/* Enters V (loaded) among the versions, so that its text can be found by address. */
void namespace_enter(struct namespace *ns, struct version *v);
/* Takes V out: nobody finds it, its imports or the homes that only it has any more; those who
 * stand on it can go on. To be followed by version_destroy(). No import leads to V. */
void namespace_detach(struct namespace *ns, struct version *v);
/* Takes V out and frees it with all its memory; its homes lose a reference. */
void namespace_remove(struct namespace *ns, struct version *v);
/* Frees a version that was never entered, or is detached. */
void version_destroy(struct namespace *ns, struct version *v);

/* Checks the invariants. Gives NULL, or a constant text naming the one that is broken. */
const char *namespace_check(const struct namespace *ns);

/* Says whether V and O are cells of the same group, and of the same lineage. */
bool version_same_lineage(const struct version *v, const struct version *o);
/* Says whether V's cell belongs to GROUP (NULL: none). */
bool version_in_group(const struct version *v, const char *group);

/* The 4 bytes that a direct branch at SITE must hold to reach TARGET. */
static inline uint32_t site_value(const struct site *site, uint64_t target)
{
    return (uint32_t)(target + (uint64_t)site->addend - site->va);
}

#endif
