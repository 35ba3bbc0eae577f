/* The planner process: loads the named objects, drops its rights, plans, answers.
 * SPDX-License-Identifier: MIT */
#include "adapt/planner/planner.h"

#include "adapt/planner/describe.h"
#include "adapt/sandbox/sandbox.h"
#include "base/files.h"
#include "base/text.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define OBJECT_MAX (16u * 1024 * 1024)
#define QUESTION_MAX (4u * 1024 * 1024)

struct objects {
    struct hosted_object *list;
    size_t count;
};

static const char *const kind_words[] = {"",        "core", "driver", "service",
                                         "library", "app",  "test"};

static enum result load(const json_t *list, struct objects *out)
{
    size_t count = json_array_size(list);
    out->list = calloc(count + 1, sizeof *out->list);
    if (out->list == NULL)
        return RESULT_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        const char *path = json_string_value(json_object_get(item, "path"));
        uint8_t *bytes = NULL;
        size_t len = 0;
        if (path == NULL || files_read(path, OBJECT_MAX, &bytes, &len) != RESULT_OK)
            return RESULT_NOT_FOUND;
        out->list[i].name = json_string_value(json_object_get(item, "name"));
        out->list[i].bytes = bytes;
        out->list[i].len = len;
        out->count++;
    }
    return RESULT_OK;
}

static void drop_rights(void)
{
    struct rlimit none = {0, 0};
    struct rlimit memory = {4ULL << 30, 4ULL << 30};
    struct rlimit time = {30, 30};
    setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_CPU, &time);
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_FSIZE, &none);
    prctl(PR_SET_NO_NEW_PRIVS, 1);
    if (geteuid() == 0 &&
        (setgroups(0, NULL) != 0 || setresgid(SANDBOX_ID, SANDBOX_ID, SANDBOX_ID) != 0 ||
         setresuid(SANDBOX_ID, SANDBOX_ID, SANDBOX_ID) != 0))
        _exit(1);
}

static json_t *describe(const struct hosted_object *object)
{
    struct hosted_info info;
    const char *why = "not a cell";
    memset(&info, 0, sizeof info);
    if (hosted_inspect(object->bytes, object->len, &info, &why) != STATUS_OK)
        return json_pack("{s:s?, s:s}", "name", object->name, "error", why);
    json_t *uses = json_array();
    for (uint32_t i = 0; i < info.use_count; i++) {
        char name[CELL_NAME_MAX + 1];
        if (hosted_use(object->bytes, object->len, i, name) == STATUS_OK)
            json_array_append_new(uses, json_string(name));
    }
    char abi[17];
    snprintf(abi, sizeof abi, "%016llx", (unsigned long long)info.abi_hash);
    size_t kind = info.kind < sizeof kind_words / sizeof kind_words[0] ? info.kind : 0;
    return json_pack("{s:s, s:s, s:s, s:o}", "name", info.name, "kind", kind_words[kind],
                     "abi", abi, "uses", uses);
}

static void plan(const struct objects *from, const struct objects *to, json_t *answer)
{
    static struct hosted_plan result;
    enum status status =
        hosted_plan(from->list, from->count, to->list, to->count, &result);
    struct planner_objects before = {from->list, from->count};
    struct planner_objects after = {to->list, to->count};
    json_object_update_new(answer, planner_describe(&result, before, after));
    json_object_set_new(answer, "planned", json_boolean(status == STATUS_OK));
}

int planner_serve(void)
{
    static char text[QUESTION_MAX + 1];
    size_t len = fread(text, 1, QUESTION_MAX, stdin);
    json_t *question = NULL;
    struct objects inspect = {NULL, 0};
    struct objects from = {NULL, 0};
    struct objects to = {NULL, 0};
    if (json_read(text, len, &question, NULL) != RESULT_OK ||
        load(json_object_get(question, "inspect"), &inspect) != RESULT_OK ||
        load(json_object_get(question, "from"), &from) != RESULT_OK ||
        load(json_object_get(question, "to"), &to) != RESULT_OK)
        return 1;
    drop_rights();
    json_t *answer = json_object();
    json_t *infos = json_array();
    for (size_t i = 0; i < inspect.count; i++)
        json_array_append_new(infos, describe(&inspect.list[i]));
    json_object_set_new(answer, "infos", infos);
    if (from.count > 0 && to.count > 0)
        plan(&from, &to, answer);
    char *reply = json_text(answer);
    if (reply == NULL)
        return 1;
    fputs(reply, stdout);
    return fflush(stdout) == 0 ? 0 : 1;
}
