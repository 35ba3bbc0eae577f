/* The hosted client: the core, with sockets, a folder as machine, and an engine that only pretends.
 * SPDX-License-Identifier: MIT
 *
 * The folder holds what a machine would: blob, objects/HASH, running (lines "name hash"). Nothing is executed.
 */
#ifndef EVOLUTION_CLIENT_HOSTED_HOSTED_H
#define EVOLUTION_CLIENT_HOSTED_HOSTED_H

#include <evolution-client/core/client.h>
#include <poll.h>

struct transport;

/* GIVES a transport (transport_destroy); NULL: no memory. */
struct transport *transport_create(void);
void transport_destroy(struct transport *transport);
void transport_port(struct transport *transport, struct client_transport *out);
/* Fills at most CLIENT_CHANNEL_COUNT entries with what the connections wait for; returns how many. */
size_t transport_poll(const struct transport *transport, struct pollfd *out);
/* While CUT, no connection is made or used: the network of a machine that is cut off. */
void transport_cut(struct transport *transport, bool cut);

enum machine_fate { FATE_GOOD, FATE_REFUSE, FATE_FAIL, FATE_FAULT, FATE_DEAF };

struct machine_options {
    const char *folder;
    const char *cells; /* folder with NAME.o that a new machine boots with; NULL: none */
    enum machine_fate fate; /* what becomes of each swap */
    uint64_t fault_ns;      /* FATE_FAULT: after so long in the trial */
    const char *waits; /* each swap pretends to wait for a task of this name, and to migrate; NULL: not */
    struct transport *transport;
};

struct machine;

/* GIVES a machine (machine_destroy); NULL: said on stderr. */
struct machine *machine_create(const struct machine_options *options);
void machine_destroy(struct machine *machine);
void machine_port(struct machine *machine, struct client_installer *out);
void machine_store_port(struct machine *machine, struct client_store *out);
/* The blob in the folder; GIVES it (free()), NULL: none. */
uint8_t *machine_blob(struct machine *machine, size_t *out_len);
/* Whether the pretended network of the machine is sound. */
bool machine_network_sound(const struct machine *machine);

uint64_t hosted_now_ns(void);
/* GIVES the file's bytes with a NUL after them; NULL: cannot be read. */
uint8_t *hosted_read_file(const char *path, size_t *out_len);
/* Replaces PATH as a whole. */
bool hosted_write_file(const char *path, const void *bytes, size_t len);

#endif
