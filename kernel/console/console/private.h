/* Shared by the files of this cell: the line that is being edited. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_CONSOLE_CONSOLE_PRIVATE_H
#define NEURATH_CONSOLE_CONSOLE_PRIVATE_H

#include <console/console/console.h>

#define HISTORY_LINES 16u

enum escape_state { ESCAPE_NONE, ESCAPE_SEEN, ESCAPE_BRACKET, ESCAPE_NUMBER };

struct editor {
    char line[CONSOLE_LINE_MAX];
    uint32_t len;
    uint32_t cursor;
    uint32_t escape; /* enum escape_state */
    uint32_t escape_number;
    char history[HISTORY_LINES][CONSOLE_LINE_MAX];
    uint32_t history_count; /* lines ever entered */
    uint32_t history_at;    /* lines back from the newest; 0 = the line being typed */
};

enum editor_result { EDITOR_NOTHING, EDITOR_REDRAW, EDITOR_DONE };

/* Applies one byte of input. EDITOR_DONE: the line is complete. No output of its own. */
enum editor_result editor_feed(struct editor *editor, char byte);

/* Starts an empty line; the complete one goes into the history. */
void editor_next(struct editor *editor);

#endif
