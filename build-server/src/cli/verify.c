/* `verify DIR`: are the signatures and hashes of a published or downloaded state good?
 * SPDX-License-Identifier: MIT
 *
 * The folder is read as it lies: a file that begins as a frame does is judged by its signed
 * type, a file whose name is a SHA-256 is an object, whatever folder it is in. Then, in the
 * order in which a machine would: roots one by one, releases and timestamps by the newest root,
 * content ids, and every object of every release by its length and digest. */
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <manifest/manifest.h>

#include "command.h"
#include "place.h"
#include "view.h"

enum { FILES_MAX = 200000 };

/* A frame that was found. */
struct frame_file {
    char *path;
    uint8_t *bytes;
    size_t len;
    uint64_t number; /* version of a root or release */
};

struct list {
    struct frame_file *files;
    size_t count;
};

/* An object that was found. */
struct object_file {
    uint8_t hash[MANIFEST_HASH_LEN];
    uint64_t len;
    bool good;
};

static struct {
    struct list roots, releases, timestamps, fresh;
    struct object_file *objects;
    size_t object_count;
    size_t file_count;
    unsigned bad;
    bool json;
} verify;

/* Says that something is not as it should be. */
[[gnu::format(printf, 2, 3)]] static void bad(const char *path, const char *format, ...)
{
    struct failure failure;
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    failure_set(&failure, "not-verified", "%s: %s", path, text);
    failure_print(&failure, verify.json);
    verify.bad++;
}

static void keep_frame(struct list *list, const char *path, uint8_t *bytes, size_t len)
{
    struct frame_file *grown = realloc(list->files, (list->count + 1) * sizeof(*grown));

    if (grown == NULL) {
        abort();
    }
    list->files = grown;
    grown[list->count++] = (struct frame_file){strdup(path), bytes, len, 0};
}

/* Sorts a file with the magic of a frame by its type; frames may stand one after another. */
static void take_frames(const char *path, uint8_t *bytes, size_t len)
{
    static const struct {
        const char *type;
        struct list *list;
    } kinds[] = {
        {MANIFEST_TYPE_ROOT, &verify.roots},
        {MANIFEST_TYPE_RELEASE, &verify.releases},
        {MANIFEST_TYPE_TIMESTAMP, &verify.timestamps},
        {MANIFEST_TYPE_FRESH, &verify.fresh},
    };

    for (size_t at = 0; at < len;) {
        struct manifest_frame frame;
        size_t one = 0;
        uint8_t *copy = NULL;
        enum manifest_status status = manifest_frame_length(bytes + at, len - at, &one);
        if (status == MANIFEST_OK) {
            status = manifest_frame_decode(bytes + at, one, &frame);
        }
        if (status != MANIFEST_OK) {
            bad(path, "%s", manifest_status_text(status));
            return;
        }
        copy = malloc(one);
        if (copy == NULL) {
            abort();
        }
        memcpy(copy, bytes + at, one);
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
            if (frame.type_len == strlen(kinds[i].type) &&
                memcmp(frame.type, kinds[i].type, frame.type_len) == 0) {
                keep_frame(kinds[i].list, path, copy, one);
                copy = NULL;
                break;
            }
        }
        if (copy != NULL) {
            bad(path, "a frame of an unknown type");
            free(copy);
        }
        at += one;
    }
}

/* A file named by a digest: is that the digest of its bytes? */
static void take_object(const char *path, const char *name, const uint8_t *bytes,
                        size_t len)
{
    struct object_file *grown =
        realloc(verify.objects, (verify.object_count + 1) * sizeof(*grown));
    uint8_t hash[MANIFEST_HASH_LEN];
    struct object_file *object = NULL;

    if (grown == NULL) {
        abort();
    }
    verify.objects = grown;
    object = &grown[verify.object_count++];
    object->len = len;
    object->good = manifest_hex_read(name, object->hash, MANIFEST_HASH_LEN) &&
                   manifest_hash(bytes, len, hash) == MANIFEST_OK &&
                   memcmp(hash, object->hash, sizeof(hash)) == 0;
    if (!object->good) {
        bad(path, "the bytes do not have the digest that the name says");
    }
}

static int take_file(const char *path, const struct stat *status, int kind,
                     struct FTW *where)
{
    const char *name = path + where->base;
    uint8_t hash[MANIFEST_HASH_LEN];
    bool is_object = manifest_hex_read(name, hash, MANIFEST_HASH_LEN);
    uint8_t *bytes = NULL;
    size_t len = 0;
    char magic[4] = "";
    int fd = -1;

    if (kind == FTW_D && (strcmp(name, "worktree") == 0 || strcmp(name, "clone") == 0 ||
                          strcmp(name, "repo.git") == 0 || strcmp(name, "machines") == 0)) {
        return FTW_SKIP_SUBTREE; /* sources and machines' files are not published */
    }
    if (kind != FTW_F || status->st_size < 4 || ++verify.file_count > FILES_MAX) {
        return FTW_CONTINUE;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, magic, 4) != 4) {
        bad(path, "cannot be read");
    }
    if (fd >= 0) {
        close(fd);
    }
    if (!is_object && memcmp(magic, "EVO1", 4) != 0) {
        return FTW_CONTINUE;
    }
    bytes = (uint8_t *)place_read_file(path, &len);
    if (bytes == NULL) {
        bad(path, "cannot be read");
        return FTW_CONTINUE;
    }
    if (is_object) {
        take_object(path, name, bytes, len);
    }
    if (memcmp(magic, "EVO1", 4) == 0) {
        take_frames(path, bytes, len);
    }
    free(bytes);
    return FTW_CONTINUE;
}

/* Reads the number in a payload without trusting it yet: only for the order of the walk. */
static uint64_t claimed_number(const struct frame_file *file)
{
    struct manifest_frame frame;
    json_t *payload = NULL;
    uint64_t number = 0;

    if (manifest_frame_decode(file->bytes, file->len, &frame) == MANIFEST_OK) {
        payload = json_loadb((const char *)frame.payload, frame.payload_len, 0, NULL);
        number = (uint64_t)view_number(payload, "version", 0);
        json_decref(payload);
    }
    return number;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = ((const struct frame_file *)a)->number;
    uint64_t y = ((const struct frame_file *)b)->number;

    return x < y ? -1 : x > y;
}

/* Walks the roots forward. With GIVEN (bytes of a root that is trusted) the walk starts there. */
static bool walk_roots(const char *given_path, struct manifest_root *out,
                       struct failure *failure)
{
    struct manifest_root *next = calloc(1, sizeof(*next));
    size_t given_len = 0;
    char *given = given_path ? place_read_file(given_path, &given_len) : NULL;
    enum manifest_status status = MANIFEST_OK;
    bool have = false;

    if (given_path != NULL) {
        if (given == NULL) {
            failure_set(failure, "no-root", "cannot read the root %s", given_path);
            goto done;
        }
        status = manifest_root_open((const uint8_t *)given, given_len, NULL, out);
        if (status != MANIFEST_OK) {
            failure_set(failure, "bad-root", "%s: %s", given_path,
                        manifest_status_text(status));
            goto done;
        }
        have = true;
    }
    for (size_t i = 0; i < verify.roots.count; i++) {
        verify.roots.files[i].number = claimed_number(&verify.roots.files[i]);
    }
    if (verify.roots.count > 0) {
        qsort(verify.roots.files, verify.roots.count, sizeof(verify.roots.files[0]),
              by_number);
    }
    for (size_t i = 0; i < verify.roots.count; i++) {
        const struct frame_file *file = &verify.roots.files[i];
        if (have && file->number <= out->version) {
            continue; /* the same root in another place, or older than the one that is trusted */
        }
        status = manifest_root_open(file->bytes, file->len, have ? out : NULL, next);
        if (status != MANIFEST_OK) {
            bad(file->path, "root %llu: %s", (unsigned long long)file->number,
                manifest_status_text(status));
            continue;
        }
        *out = *next;
        have = true;
    }
    if (!have) {
        failure_set(failure, "no-root", "there is no root to start from");
        failure_remedy(failure, "name one with --root FILE");
    }
done:
    free(given);
    free(next);
    return have;
}

static const struct object_file *find_object(const uint8_t hash[MANIFEST_HASH_LEN])
{
    for (size_t i = 0; i < verify.object_count; i++) {
        if (memcmp(verify.objects[i].hash, hash, MANIFEST_HASH_LEN) == 0) {
            return &verify.objects[i];
        }
    }
    return NULL;
}

static void check_release(const struct manifest_root *root, struct frame_file *file,
                          int64_t now_ms)
{
    struct manifest_release release;
    enum manifest_status status =
        manifest_release_open(file->bytes, file->len, root, &release);

    file->number = claimed_number(file);
    if (status != MANIFEST_OK) {
        bad(file->path, "release %llu: %s", (unsigned long long)file->number,
            manifest_status_text(status));
        return;
    }
    if (release.expires_ms < now_ms && !verify.json) {
        view_print("note: release v%llu has expired\n",
                   (unsigned long long)release.version);
    }
    for (size_t i = 0; i < release.cell_count; i++) {
        const struct manifest_cell *cell = &release.cells[i];
        const struct object_file *object = find_object(cell->object);
        char hex[2 * MANIFEST_HASH_LEN + 1];
        manifest_hex_write(cell->object, MANIFEST_HASH_LEN, hex);
        if (object == NULL) {
            bad(file->path, "release %llu: object %.16s of cell %s is missing",
                (unsigned long long)release.version, hex, cell->name);
        } else if (object->len != cell->length) {
            bad(file->path,
                "release %llu: object %.16s of cell %s has %llu bytes instead of %llu",
                (unsigned long long)release.version, hex, cell->name,
                (unsigned long long)object->len, (unsigned long long)cell->length);
        }
    }
    manifest_release_fini(&release);
}

/* A timestamp names a release by its hash: that release has to be the one that is here. */
static void check_timestamp(const struct manifest_root *root,
                            const struct frame_file *file, int64_t now_ms)
{
    struct manifest_timestamp timestamp;
    enum manifest_status status =
        manifest_timestamp_open(file->bytes, file->len, root, &timestamp);
    bool found = false;

    if (status != MANIFEST_OK) {
        bad(file->path, "timestamp: %s", manifest_status_text(status));
        return;
    }
    for (size_t i = 0; i < verify.releases.count && timestamp.release != 0; i++) {
        const struct frame_file *release = &verify.releases.files[i];
        uint8_t hash[MANIFEST_HASH_LEN];
        if (release->number == timestamp.release) {
            found = manifest_hash(release->bytes, release->len, hash) == MANIFEST_OK &&
                    memcmp(hash, timestamp.release_hash, sizeof(hash)) == 0;
        }
        if (found) {
            break;
        }
    }
    if (!found && timestamp.release != 0) {
        bad(file->path, "timestamp %llu names a release v%llu that is not here",
            (unsigned long long)timestamp.counter, (unsigned long long)timestamp.release);
    }
    if (timestamp.expires_ms < now_ms && !verify.json) {
        view_print("note: timestamp %llu has expired\n",
                   (unsigned long long)timestamp.counter);
    }
}

static int64_t unix_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void print_result(const struct manifest_root *root)
{
    if (verify.json) {
        json_t *result =
            json_pack("{s:b, s:s, s:I, s:I, s:I, s:I, s:I}", "good", verify.bad == 0,
                      "fleet", root->fleet, "root", (json_int_t)root->version, "releases",
                      (json_int_t)verify.releases.count, "timestamps",
                      (json_int_t)verify.timestamps.count, "objects",
                      (json_int_t)verify.object_count, "bad", (json_int_t)verify.bad);
        view_json(result, false);
        json_decref(result);
    } else if (verify.bad == 0) {
        view_print(
            "good: root %llu of fleet %s, %zu releases, %zu timestamps, %zu objects\n",
            (unsigned long long)root->version, root->fleet, verify.releases.count,
            verify.timestamps.count, verify.object_count);
    } else {
        view_print("%u things are not as they should be\n", verify.bad);
    }
}

bool command_verify(const struct invocation *invocation, enum outcome *out_outcome,
                    struct failure *failure)
{
    struct manifest_root *root = calloc(1, sizeof(*root));
    const char *folder = invocation->argument[0];
    int64_t now_ms = unix_ms();
    bool done = false;

    verify.json = invocation->json;
    if (root == NULL || nftw(folder, take_file, 32, FTW_PHYS | FTW_ACTIONRETVAL) != 0) {
        failure_set(failure, "not-found", "cannot read the folder %s", folder);
    } else if (walk_roots(invocation->value[OPTION_ROOT], root, failure)) {
        for (size_t i = 0; i < verify.releases.count; i++) {
            check_release(root, &verify.releases.files[i], now_ms);
        }
        for (size_t i = 0; i < verify.timestamps.count; i++) {
            check_timestamp(root, &verify.timestamps.files[i], now_ms);
        }
        if (verify.releases.count == 0) {
            bad(folder, "there is no release in it");
        }
        print_result(root);
        *out_outcome = verify.bad ? OUTCOME_FAILED : OUTCOME_DONE;
        done = true;
    }
    free(root);
    return done;
}
