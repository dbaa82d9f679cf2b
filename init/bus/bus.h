/* SPDX-License-Identifier: 0BSD
 *
 * bus/: the D-Bus wire format (D-Bus specification 0.38: marshalling, SASL EXTERNAL, framing) for
 * both ends, without heap. Knows nothing of units. May include base/ and sys.h. */
#ifndef BUS_H
#define BUS_H

#include "../base/base.h"
#include "../limits.h"

#define BUS_SOCKET "/run/systemd/private"
#define BUS_NAME "org.freedesktop.systemd1"
#define BUS_PATH "/org/freedesktop/systemd1"
#define BUS_MANAGER "org.freedesktop.systemd1.Manager"
#define BUS_PROPERTIES "org.freedesktop.DBus.Properties"

enum message_type { MSG_CALL = 1, MSG_RETURN = 2, MSG_ERROR = 3, MSG_SIGNAL = 4 };
enum { FLAG_NO_REPLY = 1 };

/* ---- writing: wire.c ----------------------------------------------------------------------- */

/* A message being written into its buffer; too long is sticky (b.over). */
struct bus_out { struct buf b; u32 body; };

void out_call(struct bus_out *m, u32 serial, const char *dest, const char *path, const char *iface,
              const char *member, const char *signature);
void out_return(struct bus_out *m, u32 serial, u32 reply_to, const char *signature);
void out_error(struct bus_out *m, u32 serial, u32 reply_to, const char *name, const char *text);
void out_signal(struct bus_out *m, u32 serial, const char *path, const char *iface, const char *member,
                const char *signature);
bool out_end(struct bus_out *m);          /* patches the lengths; false: it did not fit */

void put_u8(struct bus_out *m, u8 v);
void put_u16(struct bus_out *m, u16 v);
void put_u32(struct bus_out *m, u32 v);
void put_u64(struct bus_out *m, u64 v);
void put_bool(struct bus_out *m, bool v);
void put_string(struct bus_out *m, const char *z);       /* also object paths */
void put_str(struct bus_out *m, struct str s);
void put_values(struct bus_out *m, const char *signature, ...);      /* of s, t, u, i and b */
void put_signature(struct bus_out *m, const char *z);
void put_variant(struct bus_out *m, const char *signature);      /* its value follows */
void put_struct(struct bus_out *m);                              /* its fields follow; no end mark */
u32 array_open(struct bus_out *m, u32 align);                    /* of the elements: 1, 4 or 8 */
void array_close(struct bus_out *m, u32 token, u32 align);
void put_strings(struct bus_out *m, const char *const *list, u32 n);

/* ---- reading ------------------------------------------------------------------------------- */

/* A cursor over marshalled data; anything that does not fit what is there sets `bad` for good, and
 * what is read then is 0 or "". */
struct bus_in { const u8 *p; u32 n, at; bool swap, bad; };

u8 get_u8(struct bus_in *in);
u16 get_u16(struct bus_in *in);
u32 get_u32(struct bus_in *in);
u64 get_u64(struct bus_in *in);
bool get_bool(struct bus_in *in);
const char *get_string(struct bus_in *in);
const char *get_signature(struct bus_in *in);
void get_align(struct bus_in *in, u32 align);
u32 get_array(struct bus_in *in, u32 align);             /* where it ends: `at` of the end */
void skip_value(struct bus_in *in, const char **signature);      /* one complete type */

/* The header fields by their codes; those that are texts, at the place of their code. */
enum { FIELD_PATH = 1, FIELD_IFACE, FIELD_MEMBER, FIELD_ERROR, FIELD_REPLY, FIELD_DEST, FIELD_SENDER, FIELD_SIGNATURE, FIELDS };
struct bus_msg {
    u8 type, flags;
    u32 serial, reply_to, total;
    union {
        const char *field[FIELDS];
        struct { const char *unused, *path, *iface, *member, *error, *unused_too, *dest, *sender, *signature; };   /* "" when absent */
    };
    struct bus_in body;
};
/* Bytes of the message that begins here: 0 not known yet, -EBADMSG rubbish, -EMSGSIZE over `limit`. */
int message_length(const u8 *p, u32 n, u32 limit);
int message_read(const u8 *p, u32 n, struct bus_msg *m); /* 0 or -EBADMSG */

void bus_path_of(const char *prefix, struct str name, struct buf *out);    /* .../unit/foo_2eservice */
bool bus_path_to(const char *path, const char *prefix, struct buf *name);

/* ---- conn.c: connections of the server ----------------------------------------------------- */

struct conn {
    int fd;                              /* -1: free */
    u8 phase;                            /* of authentication */
    bool subscribed, closing, waits_write;
    u32 uid, pid;
    u16 in_first, in_last, out_first, out_last;      /* pages that hold what waits */
    u32 in_n, out_n, out_at;
};
extern struct conn conns[CONNS_MAX];

/* One message of a client; the answer is written with conn_send(). */
typedef void conn_message(struct conn *c, const struct bus_msg *m);

void conns_init(void);
int conn_accept(int listener);           /* a slot, or a negative errno */
void conn_readable(struct conn *c, conn_message *handle);
void conn_writable(struct conn *c);
void conn_send(struct conn *c, const void *p, u32 n);    /* now or later; too much closes it */
void conn_close(struct conn *c);
struct bus_out conn_message_begin(void); /* the one buffer for messages that are being written */
void conn_message_done(u32 n);           /* of n bytes: gives back the pages of a long one */

/* ---- call.c: the client's end -------------------------------------------------------------- */

/* One connection a process. What a reply points to stays valid until the next call. */
int client_connect(const char *path);    /* 0 or a negative errno */
int client_talk_on(int connected);        /* the same, on a socket that leads to one already */
struct bus_out client_begin(const char *path, const char *iface, const char *member, const char *signature);
/* Sends what was begun and waits for its answer: 0; -EREMOTEIO: the reply is an error message; or
 * another negative errno: the connection is gone. Signals that come meanwhile are kept. */
int client_call(struct bus_out *m, struct bus_msg *reply);
int client_next_signal(struct bus_msg *m, int timeout_ms);       /* 1, 0: none came */

#endif
