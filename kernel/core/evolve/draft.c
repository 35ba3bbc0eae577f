/* Elements that are taken before anybody has to stand for long.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/draft.h>

#include <core/commit/transfer.h>
#include <core/evolve/runs.h>
#include <mm/heap/heap.h>
#include <mm/paging/paging.h>

enum {
    DRAFTS =
        3, /* of one attempt; with the last one what has come since is looked for while tasks stand */
    CHUNK = 256, /* elements in one step of the swap task */
};

enum draft_state { EMPTY, LISTING, FILLING, READY };

static struct {
    enum draft_state state;
    uint64_t attempt; /* that COUNT is of */
    uint32_t count;
    bool useless;        /* one went wrong */
    struct walk_job job; /* its lists and names are the draft's, until they are listed */
    struct element_set *set;
    struct element_set *mirror;
    uint64_t next; /* element to be filled */
} draft;

static struct elements_request request_of(struct attempt *a, const struct walk_job *job)
{
    return (struct elements_request){
        .plan = a->plan, .form = FORM_OLD, .lists = job->lists, .list_count = job->count};
}

static void forget_names(void)
{
    heap_free(draft.job.lists);
    elements_forget(draft.job.names, draft.job.room * sizeof *draft.job.names);
    draft.job = (struct walk_job){0};
}

bool draft_helps(const struct attempt *a)
{
    return draft.attempt != a->report.attempt || (draft.count < DRAFTS && !draft.useless);
}

void draft_begin(struct attempt *a, struct walk_job *job)
{
    draft_drop(a);
    if (draft.attempt != a->report.attempt) {
        draft.attempt = a->report.attempt;
        draft.count = 0;
        draft.useless = false;
    }
    draft.count++;
    draft.job = (struct walk_job){
        .lists = job->lists, .count = job->count, .names = job->names, .room = job->room};
    job->lists = NULL;
    job->names = NULL;
    draft.state = LISTING;
}

static enum status list(struct attempt *a)
{
    struct runs runs;
    struct refusal unused;
    struct elements_request request = request_of(a, &draft.job);
    enum status status = STATUS_FULL;
    if (runs_list(&runs)) {
        request.runs = runs.list;
        request.run_count = runs.count;
        status = elements_list(&request, &draft.set, &unused);
    }
    runs_forget(&runs);
    if (status == STATUS_OK) /* so that it knows whom the walks name after whom */
        status = elements_match(&request, draft.set);
    draft.next = 0;
    return status;
}

/* The lists are only asked for types. */
static enum status fill(struct attempt *a)
{
    struct refusal unused;
    struct elements_request request = request_of(a, &draft.job);
    uint64_t first = draft.next;
    draft.next += CHUNK;
    return elements_transfer(&request, draft.set, first, CHUNK, &unused);
}

bool draft_more(struct attempt *a)
{
    enum status status = STATUS_OK;
    if (draft.state == LISTING) {
        status = list(a);
        draft.state = FILLING;
    } else if (draft.state == FILLING && draft.next < draft.set->count) {
        status = fill(a);
    } else if (draft.state == FILLING) {
        status = elements_mirror(draft.set, &draft.mirror);
        forget_names();
        a->plan->migrations.elements = draft.set;
        draft.state = READY;
    }
    if (status != STATUS_OK) {
        draft.useless = true;
        draft_drop(a);
    }
    return draft.state == LISTING || draft.state == FILLING;
}

/* What lies in an element, or a place, that is no longer one was not looked for. */
static void look_again(const struct element_set *s)
{
    for (uint64_t i = 0; i < s->count; i++) {
        const struct element *e = &s->elements[i];
        uint64_t page = align_down(e->from, PAGE_SIZE);
        for (; !e->named && page < e->from + element_len(e); page += PAGE_SIZE)
            paging_written_note(page);
    }
    for (uint64_t i = 0; i < s->place_count; i++)
        if (!s->places[i].named)
            paging_written_note(s->places[i].at);
}

static bool all_named(const struct element_set *s)
{
    for (uint64_t i = 0; i < s->count; i++)
        if (!s->elements[i].named)
            return false;
    return true;
}

static enum status renew(struct attempt *a, const struct walk_job *job,
                         struct refusal *out_reason)
{
    struct element_set *set = draft.set;
    struct elements_request request = request_of(a, job);
    enum status status = elements_match(&request, set);
    if (status != STATUS_OK)
        return status;
    bool came = set->fresh != 0;
    bool same = !came && all_named(set);
    if ((came && draft_helps(a)) || !runs_hold(set))
        return STATUS_AGAIN;
    look_again(set);
    set->searched &= !came;
    status = elements_renew(&request, set, out_reason);
    if (status != STATUS_OK)
        return status;
    if (same) {
        elements_mirror_slots(set, draft.mirror);
        return STATUS_OK;
    }
    elements_fini(draft.mirror);
    draft.mirror = NULL;
    return elements_mirror(set, &draft.mirror);
}

enum status draft_take(struct attempt *a, const struct walk_job *job,
                       struct element_set **out_set, struct element_set **out_mirror,
                       struct refusal *out_reason)
{
    enum status status = draft.state == READY ? renew(a, job, out_reason) : STATUS_AGAIN;
    if (status != STATUS_OK) {
        draft_drop(a);
        return status;
    }
    *out_set = draft.set;
    *out_mirror = draft.mirror;
    draft.set = NULL;
    draft.mirror = NULL;
    draft.state = EMPTY;
    return STATUS_OK;
}

void draft_drop(struct attempt *a)
{
    if (a->plan && draft.set && a->plan->migrations.elements == draft.set)
        a->plan->migrations.elements = NULL;
    elements_free(draft.set, true);
    elements_fini(draft.set);
    elements_fini(draft.mirror);
    forget_names();
    draft.set = NULL;
    draft.mirror = NULL;
    draft.state = EMPTY;
}

bool draft_owns(uint64_t object)
{
    return object == (uint64_t)draft.job.names || elements_own(draft.set, object) ||
           elements_own(draft.mirror, object);
}

bool draft_made(uint64_t object)
{
    return elements_find(draft.mirror, object) != NULL;
}
