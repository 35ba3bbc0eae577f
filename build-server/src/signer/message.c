/* Frames JSON messages on a stream socket.
 * SPDX-License-Identifier: MIT */
#include "signer/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static enum result send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t put = send(fd, bytes, len, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno == EPIPE || errno == ECONNRESET ? RESULT_NOT_FOUND : RESULT_IO;
        bytes += put;
        len -= (size_t)put;
    }
    return RESULT_OK;
}

static enum result receive_all(int fd, char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t got = read(fd, bytes, len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0 || (got < 0 && errno == ECONNRESET))
            return RESULT_NOT_FOUND;
        if (got < 0)
            return RESULT_IO;
        bytes += got;
        len -= (size_t)got;
    }
    return RESULT_OK;
}

enum result message_send(int fd, const json_t *message)
{
    char *text = json_text(message);
    if (text == NULL)
        return RESULT_MEMORY;
    size_t len = strlen(text);
    uint8_t head[4] = {(uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16),
                       (uint8_t)(len >> 24)};
    enum result result =
        len > MESSAGE_MAX ? RESULT_TOO_LARGE : send_all(fd, (char *)head, 4);
    if (result == RESULT_OK)
        result = send_all(fd, text, len);
    free(text);
    return result;
}

enum result message_receive(int fd, json_t **out_message)
{
    uint8_t head[4];
    enum result result = receive_all(fd, (char *)head, sizeof head);
    if (result != RESULT_OK)
        return result;
    size_t len =
        head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    if (len > MESSAGE_MAX)
        return RESULT_TOO_LARGE;
    char *text = malloc(len + 1);
    if (text == NULL)
        return RESULT_MEMORY;
    result = receive_all(fd, text, len);
    if (result == RESULT_OK)
        result = json_read(text, len, out_message, NULL);
    free(text);
    return result;
}
