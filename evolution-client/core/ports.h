/* The ports of the evolution client: everything that its core asks of the world. No kernel header, no system header.
 * SPDX-License-Identifier: MIT
 *
 * Every function returns at once. What takes time is started and then asked for in later steps; the owner of the client calls
 * client_step() again when one of its ports has something new, or when the returned time has come.
 */
#ifndef EVOLUTION_CLIENT_CORE_PORTS_H
#define EVOLUTION_CLIENT_CORE_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- Transport: two connections to the one server of the seed ---------------------------------------------- */

enum client_channel {
    CLIENT_CHANNEL_POLL, /* the parked poll, enrolment */
    CLIENT_CHANNEL_WORK, /* releases, objects, reports */
    CLIENT_CHANNEL_COUNT,
};

struct client_request {
    const char *method; /* "GET" or "POST" */
    const char *path;
    const uint8_t *body; /* JSON; lent until the exchange has ended */
    size_t body_len;
    bool mutual;         /* with the device's certificate; false only to enrol */
    uint64_t range_from; /* >0: "Range: bytes=N-" */
};

enum client_net_error {
    CLIENT_NET_NONE,
    CLIENT_NET_CONNECT,     /* no connection: refused, no route, no name, timed out */
    CLIENT_NET_TLS,         /* handshake failed */
    CLIENT_NET_CERTIFICATE, /* the server's certificate or name is not the expected one */
    CLIENT_NET_CLOSED,      /* ended in the middle */
    CLIENT_NET_PROTOCOL,    /* not HTTP, or beyond the parser's limits */
    CLIENT_NET_RANDOM,      /* no random numbers: TLS refuses */
};

enum client_io {
    CLIENT_IO_PENDING, /* nothing new */
    CLIENT_IO_HEAD,    /* status line and headers: `head` */
    CLIENT_IO_BODY, /* a piece of the body: `data`, lent until the next call of any transport function */
    CLIENT_IO_DONE,   /* the exchange has ended as the protocol says */
    CLIENT_IO_FAILED, /* it has not: `error` */
};

struct client_head {
    unsigned status;
    int64_t length;         /* Content-Length, or -1 */
    int64_t range_from;     /* first byte of Content-Range, or -1 */
    int64_t range_total;    /* total of Content-Range, or -1 */
    uint64_t retry_after_s; /* 0: none */
    bool encoded;           /* Content-Encoding other than identity */
};

struct client_io_event {
    enum client_io kind;
    struct client_head head;
    const uint8_t *data;
    size_t len;
    enum client_net_error error;
};

struct client_endpoint {
    const char *address; /* IP address or name, from the seed */
    uint16_t port;
    const char *server_name; /* verified */
    const char *ca_pem;
};

struct client_transport {
    void *context;
    /* Told once before the first request; strings live as long as the client. */
    void (*set_endpoint)(void *context, const struct client_endpoint *endpoint);
    /* The device's certificate (PEM) and private key (SEC1 DER, RFC 5915); NULL: forget them. Copied. Mutual
     * connections that are open end. */
    void (*set_identity)(void *context, const char *certificate_pem,
                         const uint8_t *key_der, size_t key_len);
    /* Trusted time, to judge the dates of certificates by. */
    void (*set_time)(void *context, int64_t unix_ms);
    /* Starts an exchange; the channel is idle. Keeps the connection when it can. Never follows a redirect. false: cannot now. */
    bool (*start)(void *context, enum client_channel channel,
                  const struct client_request *request);
    void (*next)(void *context, enum client_channel channel, struct client_io_event *out);
    /* Ends the exchange, whatever its state, and closes the connection. */
    void (*cancel)(void *context, enum client_channel channel);
};

/* --- Installer: the swap engine ---------------------------------------------------------------------------- */

#define CLIENT_NAME_MAX 64
#define CLIENT_TEXT_MAX 256

struct client_cell {
    char name[CLIENT_NAME_MAX + 1];
    uint8_t object[32];
};

struct client_object {
    char name[CLIENT_NAME_MAX + 1];
    uint8_t object[32];
    const uint8_t *bytes;
    size_t len;
};

struct client_install {
    const struct client_object *set; /* only cells that differ */
    size_t set_count;
    const char *const *remove;
    size_t remove_count;
    const char *const *consent; /* what may be lost: "cell:object" */
    size_t consent_count;
    uint64_t trial_ns; /* the engine's own limit: past it without confirm or extend it reverts by itself */
    const char *label; /* "release 12" */
    bool dry_run;
};

enum client_install_phase {
    CLIENT_INSTALL_IDLE,
    CLIENT_INSTALL_BUSY, /* load, verify, redirect, commit */
    CLIENT_INSTALL_TRIAL,
    CLIENT_INSTALL_PERMANENT,
    CLIENT_INSTALL_REVERTED,
    CLIENT_INSTALL_REFUSED,
    CLIENT_INSTALL_FAILED,
    CLIENT_INSTALL_PLANNED, /* a dry run that found nothing to refuse */
};

struct client_refusal {
    char code[32];
    char cell[CLIENT_NAME_MAX + 1];
    char symbol[CLIENT_NAME_MAX + 1];
    char dependent[CLIENT_NAME_MAX + 1];
    char text[CLIENT_TEXT_MAX];
};

enum { CLIENT_WAITED_MAX = 8 };

/* What a swap did besides changing text. */
struct client_effects {
    bool known;        /* the engine has come far enough to tell */
    uint64_t drain_ns; /* that tasks stood, until none was inside coupled cells; 0: there was nothing to wait for */
    uint32_t waited_count; /* tasks that were waited for; some are named */
    char waited[CLIENT_WAITED_MAX][CLIENT_NAME_MAX + 1];
    uint32_t migrated_objects; /* whose form changed */
    uint64_t migrated_bytes;   /* what they take now */
    uint32_t draining_objects; /* made before, and served on by the versions that made them */
    uint64_t retained_bytes; /* of the replaced versions, kept for now */
    bool revertible;         /* false: the way back would have to make something up */
};

struct client_install_report {
    uint64_t attempt;
    enum client_install_phase phase;
    uint64_t load_ns;
    uint64_t verify_ns;
    uint64_t redirect_ns;
    uint64_t commit_ns;
    uint64_t pause_ns;                    /* 0: unknown */
    struct client_refusal refusal;        /* of REFUSED and FAILED */
    char cause[CLIENT_TEXT_MAX];          /* of REVERTED: what happened */
    char cause_cell[CLIENT_NAME_MAX + 1]; /* of REVERTED: where, empty if unknown */
    struct client_effects effects;
};

struct client_installer {
    void *context;
    /* Writes up to MAX running cells and returns how many there are. */
    size_t (*running)(void *context, struct client_cell *out, size_t max);
    /* An object that this machine holds already (boot archive, cache): lends its bytes, which the caller hashes. false: none. */
    bool (*find)(void *context, const char *name, const uint8_t object[32],
                 const uint8_t **out_bytes, size_t *out_len);
    /* Copies what it needs. false: busy. */
    bool (*submit)(void *context, const struct client_install *install,
                   uint64_t *out_attempt);
    void (*status)(void *context, uint64_t attempt, struct client_install_report *out);
    /* Class of cell NAME in ATTEMPT ("text", "add", "remove", "data", "signature", "lineage"), or NULL. */
    const char *(*cell_class)(void *context, uint64_t attempt, const char *name);
    void (*confirm)(void *context, uint64_t attempt);
    void (*revert)(void *context, uint64_t attempt, const char *reason);
    void (*extend)(void *context, uint64_t attempt, uint64_t ns);
};

/* --- The rest ---------------------------------------------------------------------------------------------- */

struct client_store {
    void *context;
    /* Keeps BLOB in the place of the one before. false: not kept (full, read-only). May be NULL when blobs are only reported. */
    bool (*put)(void *context, const uint8_t *blob, size_t len);
};

struct client_system {
    void *context;
    /* Fills OUT with random bytes; false: none to be had, the client waits. */
    bool (*random)(void *context, uint8_t *out, size_t len);
    void (*log)(void *context, const char *line);
    /* Link, ARP, reception: is this machine's own network sound? */
    bool (*local_tests)(void *context);
    /* Restarts the machine; false or NULL: it cannot do that by itself. */
    bool (*reboot)(void *context);
};

struct client_ports {
    struct client_transport transport;
    struct client_installer installer;
    struct client_store store;
    struct client_system system;
};

#endif
