/* The service's side of the signer: starts the process, asks, starts it again when it died.
 * SPDX-License-Identifier: MIT */
#include "signer/signer.h"

#include "base/log.h"
#include "base/text.h"
#include "signer/message.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct signer {
    pthread_mutex_t lock;
    char *state;
    bool lab;
    int fd;    /* [L] -1: not running */
    pid_t pid; /* [L] */
};

/* Descriptor of the socket in the signer process. */
#define SIGNER_FD 3

static enum result spawn(struct signer *signer)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return result_of_errno(errno);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    /* dup2 onto the same number keeps close-on-exec; a detour through a high number does not. */
    int high = fcntl(pair[1], F_DUPFD_CLOEXEC, 10);
    posix_spawn_file_actions_adddup2(&actions, high, SIGNER_FD);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    char *arguments[] = {(char *)"neurathd-signer",
                         (char *)"--signer",
                         (char *)"--state",
                         signer->state,
                         signer->lab ? (char *)"--lab" : NULL,
                         NULL};
    int error =
        posix_spawn(&signer->pid, "/proc/self/exe", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(pair[1]);
    close(high);
    if (error != 0) {
        close(pair[0]);
        return result_of_errno(error);
    }
    signer->fd = pair[0];
    return RESULT_OK;
}

static void reap(struct signer *signer)
{
    if (signer->fd < 0)
        return;
    close(signer->fd);
    signer->fd = -1;
    while (waitpid(signer->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

/* Caller holds the lock. */
static enum result exchange(struct signer *signer, const json_t *question,
                            json_t **out_answer)
{
    if (signer->fd < 0)
        return RESULT_NOT_FOUND;
    enum result result = message_send(signer->fd, question);
    if (result == RESULT_OK)
        result = message_receive(signer->fd, out_answer);
    return result;
}

enum result signer_ask(struct signer *signer, const json_t *question, json_t **out_answer,
                       struct problem *problem)
{
    json_t *answer = NULL;
    pthread_mutex_lock(&signer->lock);
    enum result result = exchange(signer, question, &answer);
    if (result != RESULT_OK) {
        log_warning("signer", "the signer does not answer; starting it again");
        reap(signer);
        result = spawn(signer);
        if (result == RESULT_OK)
            result = exchange(signer, question, &answer);
        if (result != RESULT_OK)
            reap(signer);
    }
    pthread_mutex_unlock(&signer->lock);
    if (result != RESULT_OK)
        return problem_set(problem, RESULT_FAILED, "signer", "the signer does not answer");
    const char *code = json_string_value(json_object_get(answer, "error"));
    if (code != NULL) {
        const char *text = json_string_value(json_object_get(answer, "text"));
        problem_set(problem, RESULT_REFUSED, code, "the signer refuses: %s",
                    text == NULL ? "" : text);
        json_decref(answer);
        return RESULT_REFUSED;
    }
    *out_answer = answer;
    return RESULT_OK;
}

enum result signer_frame(struct signer *signer, json_t *question, uint8_t **out_frame,
                         size_t *out_len, struct problem *problem)
{
    JSON_OWNED json_t *owned = question;
    JSON_OWNED json_t *answer = NULL;
    enum result result = signer_ask(signer, owned, &answer, problem);
    if (result != RESULT_OK)
        return result;
    const char *text = json_string_value(json_object_get(answer, "frame"));
    if (text == NULL || text_unbase64(text, out_frame, out_len) != RESULT_OK)
        return problem_set(problem, RESULT_FAILED, "signer",
                           "the signer's answer has no frame");
    return RESULT_OK;
}

enum result signer_start(const char *state, bool lab, struct signer **out,
                         struct problem *problem)
{
    struct signer *signer = calloc(1, sizeof *signer);
    if (signer == NULL)
        return problem_set(problem, RESULT_MEMORY, "memory", "out of memory");
    pthread_mutex_init(&signer->lock, NULL);
    signer->state = strdup(state);
    signer->lab = lab;
    signer->fd = -1;
    enum result result = spawn(signer);
    if (result != RESULT_OK) {
        problem_set(problem, result, "signer", "the signer process cannot be started: %s",
                    result_name(result));
        signer_stop(signer);
        return result;
    }
    *out = signer;
    return RESULT_OK;
}

void signer_stop(struct signer *signer)
{
    if (signer == NULL)
        return;
    reap(signer);
    pthread_mutex_destroy(&signer->lock);
    free(signer->state);
    free(signer);
}
