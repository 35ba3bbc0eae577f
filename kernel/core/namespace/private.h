/* What the namespace's own files share.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_CORE_NAMESPACE_PRIVATE_H
#define NEURATH_CORE_NAMESPACE_PRIVATE_H

#include <core/namespace/namespace.h>

/* Frees all stubs and their memory. */
void stubs_fini(struct namespace *ns);
/* V goes: its stubs stand for nothing any more. */
void stubs_leave(struct namespace *ns, const struct version *v);
/* Gives a copy of S on the heap, or NULL if there is no memory. */
char *string_copy(const char *s);

#endif
