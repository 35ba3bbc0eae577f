/* The steps from a pushed commit to a release that machines hear of, one file each.
 * SPDX-License-Identifier: MIT
 *
 *   watch     the repository's branch moved: rows in `builds`
 *   checkout  the worktree holds the commit
 *   sources   the third-party sources that it names are here
 *   compile   the commit's own `make cells`, in the sandbox
 *   inspect   what it made: names, digests, ABI
 *   ways      what a swap to it would do, from each version that machines run
 *   release   a version is taken, and signed
 *   publish   objects and the signed frame are in their place, on the disk
 *   notify    the timestamp says so; machines and browsers wake
 * Each step checks first and then changes; each can be repeated after a crash. */
#ifndef NEURATH_PIPELINE_STEPS_H
#define NEURATH_PIPELINE_STEPS_H

#include "base/text.h"
#include "pipeline/cells.h"
#include "server.h"

/* What is known about the build that runs. */
struct build {
    int64_t id;
    char commit[REPO_ID_LEN];
    char *log_path;
    char first_error[512]; /* of the compiler */
};

/* --- watch.c ------------------------------------------------------------------------------------ */

/* Compares the branch with what was seen, and queues a build for each move. Lock held. */
void watch_scan(struct server *server);

/* The watching thread: inotify, and a slow rescan. */
void *watch_thread(void *server);

/* --- checkout.c --------------------------------------------------------------------------------- */

/* FOLDER, in the state folder, holds COMMIT; FOLDER/build is the builds' own. */
NODISCARD enum result checkout_commit(struct server *server, const char *commit,
                                      const char *folder, struct problem *problem);

/* --- sources.c ---------------------------------------------------------------------------------- */

/* The rows of the commit's deploy/third-party.list whose sources are not here, into OUT: empty = none.
 * RESULT_FAILED: the list is malformed. */
NODISCARD enum result sources_missing(struct server *server, const char *folder,
                                      struct text_buffer *out, struct problem *problem);

/* Fetches those ROWS through the distribution's signed index. RESULT_FAILED: one cannot be had. RESULT_BUSY: cancelled. */
NODISCARD enum result sources_fetch(struct server *server, struct build *build,
                                    const char *rows, struct problem *problem);

/* --- compile.c ---------------------------------------------------------------------------------- */

/* RESULT_FAILED with a problem: the commit does not build. RESULT_BUSY: cancelled. */
NODISCARD enum result compile_commit(struct server *server, struct build *build,
                                     const char *folder, int niceness,
                                     struct problem *problem);

/* --- inspect.c ---------------------------------------------------------------------------------- */

struct inspection {
    struct cell_set set;
    json_t *changed;    /* against what machines run: [{name, old, new, class}] */
    json_t *refusals;   /* [{code, cell, symbol, dependent, text}] */
    json_t *needs_boot; /* [text] */
    json_t *ways;       /* see ways_foresee() */
    int64_t base;       /* the release that the channel offered; 0: none */
};

void inspection_fini(struct inspection *inspection);

/* Reads build/cells of the worktree. Fresh objects end up in the staging folder. Takes the lock. */
NODISCARD enum result inspect_build(struct server *server, struct inspection *out,
                                    struct problem *problem);

/* Reads the index and the stub's digest of a build folder, and seals the set; stores nothing, and
 * does not look into the objects. */
NODISCARD enum result inspect_names(int build, struct cell_set *out,
                                    struct problem *problem);

/* --- ways.c ------------------------------------------------------------------------------------- */

/* Fills what follows for OUT->set: `base`, `ways`, `changed`, `refusals`, `needs_boot`. Takes the lock.
 * ways: [{release, commit, machines, names, cells, refusals, stub_differs}], one for each of the WAYS_MAX newest contents
 * (and boot stubs) that machines run, the newest first; `machines` counts, `names` names some. `changed` and `refusals`
 * are the first one's, or against the channel's last release when no machine runs anything. */
#define WAYS_MAX 4
NODISCARD enum result ways_foresee(struct server *server, struct inspection *out,
                                   struct problem *problem);

/* What a swap between two stored contents would do: GIVES {cells, refusals}. Takes the lock. */
NODISCARD enum result ways_plan(struct server *server, const char *from_content,
                                const char *to_content, json_t **out_plan,
                                struct problem *problem);

/* The way from one set to another: GIVES {cells, refusals}. */
NODISCARD enum result ways_plan_sets(struct server *server, const struct cell_set *from,
                                     const struct cell_set *to, json_t **out_plan,
                                     struct problem *problem);

/* --- pick.c ------------------------------------------------------------------------------------- */

/* What a swap of single cells would do: the cells NAMES become those of TO_CONTENT, the others stay as in
 * FROM_CONTENT, except those that must change with them. GIVES {cells, refusals}; a cell that was brought in
 * has `because`, the planner's words. Takes the lock. RESULT_NOT_FOUND: neither content has a cell of that
 * name. */
NODISCARD enum result pick_plan(struct server *server, const char *from_content,
                                const char *to_content, const json_t *names,
                                json_t **out_plan, struct problem *problem);

/* The same, and GIVES the set that it comes to (cell_set_fini). */
NODISCARD enum result pick_set(struct server *server, const char *from_content,
                               const char *to_content, const json_t *names,
                               struct cell_set *out_set, json_t **out_plan,
                               struct problem *problem);

/* --- release.c ---------------------------------------------------------------------------------- */

struct release_request {
    bool reissue;
    const char *commit;
    const char *content;
    const char *stub;
    int64_t build;       /* 0: none */
    int64_t reissue_of;  /* 0: none */
    const json_t *parts; /* of a set: {base, from, cells}; or NULL */
    const char *trigger; /* push rollback manual */
    const char *by_kind;
    const char *by_name;
    const char *note; /* or NULL */
    bool for_channel;
    bool held_back; /* published, but the channel stays */
    int64_t before; /* release it was compared with, 0: none */
    const json_t *changed;
    const json_t *refusals;
    const json_t *needs_boot;
    const json_t *ways;    /* or NULL */
    const json_t *consent; /* what machines may lose: ["cell:object"]; or NULL */
};

/* Takes a version, signs, stores. Afterwards the release is `published`, and the channel's when it is for the
 * channel and not held back; machines do not know before notify_refresh(). Lock held, no
 * transaction open. The objects of the content are in the store already. */
NODISCARD enum result release_make(struct server *server,
                                   const struct release_request *request,
                                   int64_t *out_version, struct problem *problem);

/* Takes up what a crash left `allocated` or `signed`. Lock held. */
NODISCARD enum result release_resume(struct server *server, struct problem *problem);

/* --- publish.c ---------------------------------------------------------------------------------- */

/* Path of an object in the store, or in the staging folder. GIVES (free()). */
char *publish_object_path(const struct server *server, const char *object);
char *publish_staging_path(const struct server *server, const char *object);

/* [{name, path}] of the set's cells; UNKNOWN_ONLY: those that were never looked into. GIVES. */
json_t *publish_files(const struct server *server, const struct cell_set *set,
                      bool unknown_only);

/* Moves the fresh objects of SET from the staging folder into the store, durably. */
NODISCARD enum result publish_objects(struct server *server, const struct cell_set *set,
                                      struct problem *problem);

/* Empties the staging folder. */
void publish_clean(struct server *server);

/* --- notify.c ----------------------------------------------------------------------------------- */

/* Signs a new timestamp when the channel, the orders or the age ask for one, and wakes everybody whom it concerns. Lock held. */
enum result notify_refresh(struct server *server, struct problem *problem);

/* When the timestamp wants to be signed again (ms since 1970). Lock held. */
int64_t notify_due(struct server *server);

/* Raises an alarm at half and at four fifths of the timestamp's life. Lock held. */
void notify_check_age(struct server *server);

/* --- image.c ------------------------------------------------------------------------------------ */

/* Makes boot/<V>/ for the release: neurath.elf and archive.cpio. Takes the lock shortly. */
NODISCARD enum result image_make(struct server *server, int64_t version,
                                 struct problem *problem);

/* --- reproduce.c -------------------------------------------------------------------------------- */

/* The release whose clean rebuild is due: the channel's, once it is permanent somewhere. Lock held. 0: none. */
int64_t reproduce_next(struct server *server);

/* Builds it again in a clean folder, at low priority, and compares. Gives way to pushes. */
void reproduce_release(struct server *server, int64_t version);

/* A push came: a rebuild that runs is given up, to be taken up later. */
void reproduce_give_way(struct server *server);

/* --- pipeline.c --------------------------------------------------------------------------------- */

void *pipeline_thread(void *server);

/* Wakes the pipeline, and whoever waits for builds. Lock held. */
void pipeline_changed(struct server *server);

/* --- push.c ------------------------------------------------------------------------------------- */

/* The thread that answers the repository's hook on run/push.sock. */
void *push_thread(void *server);
NODISCARD enum result push_install_hook(struct server *server, struct problem *problem);

/* The hook's own process: sends standard input to the socket, prints the answers. The exit status. */
int push_hook(const char *socket_folder);

#endif
