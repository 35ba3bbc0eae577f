/* bootimage: places cells with the kernel's own loader, and writes the boot image and archive.
 * SPDX-License-Identifier: MIT
 *
 *   bootimage --stub STUB --out IMAGE --archive ARCHIVE [--add NAME=FILE]... OBJECT...
 *
 * Reproducible: the same objects in any order give the same two files.
 */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fail(const char *format, ...)
{
    va_list args;
    fputs("bootimage: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

struct file file_read(const char *path)
{
    struct file f = {.path = path};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        fail("cannot read %s: %s", path, strerror(errno));
    f.len = (size_t)st.st_size;
    f.bytes = malloc(f.len + 1);
    if (!f.bytes)
        fail("out of memory");
    for (size_t at = 0; at < f.len;) {
        ssize_t n = read(fd, f.bytes + at, f.len - at);
        if (n <= 0)
            fail("cannot read %s: %s", path,
                 n < 0 ? strerror(errno) : "it became shorter");
        at += (size_t)n;
    }
    close(fd);
    return f;
}

void file_write(const char *path, const uint8_t *bytes, size_t len)
{
    char temporary[4096];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        fail("cannot write %s: %s", temporary, strerror(errno));
    for (size_t at = 0; at < len;) {
        ssize_t n = write(fd, bytes + at, len - at);
        if (n < 0)
            fail("cannot write %s: %s", temporary, strerror(errno));
        at += (size_t)n;
    }
    if (close(fd) != 0 || rename(temporary, path) != 0)
        fail("cannot write %s: %s", path, strerror(errno));
}

static int by_path(const void *a, const void *b)
{
    const char *x = strrchr(((const struct file *)a)->path, '/');
    const char *y = strrchr(((const struct file *)b)->path, '/');
    return strcmp(x ? x : ((const struct file *)a)->path,
                  y ? y : ((const struct file *)b)->path);
}

static struct extra parse_extra(char *text)
{
    char *equals = strchr(text, '=');
    if (!equals || equals == text)
        fail("--add needs NAME=FILE, not %s", text);
    *equals = 0;
    return (struct extra){.name = text, .file = file_read(equals + 1)};
}

static _Noreturn void usage(int code)
{
    fputs(
        "usage: bootimage --stub STUB --out IMAGE --archive ARCHIVE [--add NAME=FILE]... "
        "OBJECT...\n",
        code ? stderr : stdout);
    exit(code);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"stub", 1, NULL, 's'}, {"out", 1, NULL, 'o'},  {"archive", 1, NULL, 'a'},
        {"add", 1, NULL, 'x'},  {"help", 0, NULL, 'h'}, {0},
    };
    const char *stub_path = NULL;
    const char *out = NULL;
    const char *archive = NULL;
    struct extra *extras = calloc((size_t)argc, sizeof *extras);
    size_t extra_count = 0;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 's': stub_path = optarg; break;
        case 'o': out = optarg; break;
        case 'a': archive = optarg; break;
        case 'x': extras[extra_count++] = parse_extra(optarg); break;
        case 'h': usage(0);
        default: usage(2);
        }
    }
    size_t count = (size_t)(argc - optind);
    if (!stub_path || !out || !archive || count == 0)
        usage(2);

    struct file *cells = calloc(count, sizeof *cells);
    for (size_t i = 0; i < count; i++)
        cells[i] = file_read(argv[optind + (int)i]);
    qsort(cells, count, sizeof *cells, by_path);

    static struct image image;
    struct file stub = file_read(stub_path);
    size_t image_len;
    size_t archive_len;
    image_place(&image, cells, count);
    uint8_t *image_bytes = stub_combine(&stub, &image, &image_len);
    uint8_t *archive_bytes = archive_build(&image.ns, extras, extra_count, &archive_len);
    file_write(archive, archive_bytes, archive_len);
    file_write(out, image_bytes, image_len);
    return 0;
}
