/* heap with one more function, so that a new version has all of its text elsewhere. */
/* SPDX-License-Identifier: MIT */
#ifndef __ASSEMBLER__
__attribute__((used)) static int heap_probe(void)
{
    return 1;
}
#endif
