/* The inner loop of the load generator: members read, check and post, as fast as one core allows.
 *
 * It knows two framings (length-prefixed frames and lines) and nothing else of a protocol: Python logs the members in,
 * hands over their sockets, and says how a post looks. A post's text begins with a stamp, '^' and 28 hex digits (number
 * of the message among its sender's, sender, time of sending), so that every delivery is checked: each member gets
 * each sender's messages once and in order, and all members get all messages in one order where the protocol says so.
 * Built and called by pump.py; pump_python.py does the same without a compiler.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum { READ_BYTES = 1 << 18, REST_BYTES = 1 << 17, EVENTS = 1024, STAMP = 29, HEADER = 12, BUCKETS = 2048 };
enum { FRAMES = 0, LINES = 1, SHORT_FRAMES = 2 };   /* a short frame is a length of four bytes and the text */
enum { TYPE_PING = 2, TYPE_PONG = 3, TYPE_ENTRY = 0x8001 };

typedef int (*tls_read_fn)(void *ssl, void *buffer, int size);
typedef int (*tls_write_fn)(void *ssl, const void *buffer, int size);

struct shape {                 /* how messages look; the same field order stands in pump.py */
    int framing;
    int text_bytes;
    int tail_bytes;            /* bytes of a delivered record after the text */
    int echoes;                /* whether a sender gets its own messages */
    int one_order;             /* whether all members must see one order over all senders */
};

struct counts {
    uint64_t deliveries, bytes, reads, posted, faults;
    uint64_t histogram[BUCKETS];   /* of nanoseconds from sending to receipt, see bucket() */
    char fault[200];
};

struct member {
    int fd, listens, writes;
    void *tls;
    unsigned char *rest;       /* the beginning of an unfinished record */
    unsigned char *out;        /* what the kernel did not take */
    size_t rest_bytes, out_bytes, out_size;
    uint64_t got, order;
    uint32_t *next;            /* the number expected from each sender */
    int paces;                 /* the sender that posts again when this member has its message; -1: none */
};

struct sender {
    int member, text_at, nonce_at;
    unsigned char *post;
    size_t post_bytes;
    uint32_t posted, paced, window;
};

struct pump {
    struct shape shape;
    struct counts counts;
    int epoll, members, senders;
    struct member *member;
    struct sender *sender;
    tls_read_fn tls_read;
    tls_write_fn tls_write;
    uint32_t crc[256];
    unsigned char *buffer, *batch;
    size_t batch_bytes;
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* 32 buckets for each power of two: within 3 per cent of the time. */
static int bucket(uint64_t ns)
{
    if (ns < 32)
        return (int)ns;
    int power = 63 - __builtin_clzll(ns);
    return (power - 4) * 32 + (int)((ns >> (power - 5)) & 31);
}

static void fault(struct pump *p, const char *text, int member, long a, long b)
{
    if (p->counts.faults++ == 0)
        snprintf(p->counts.fault, sizeof p->counts.fault, "member %d: %s (%ld, %ld)", member, text, a, b);
}

/* -- stamps ------------------------------------------------------------------------------------------------ */

static void put_hex(unsigned char *at, uint64_t value, int digits)
{
    while (digits--) {
        at[digits] = (unsigned char)"0123456789abcdef"[value & 15];
        value >>= 4;
    }
}

static uint64_t get_hex(const unsigned char *at, int digits)
{
    uint64_t value = 0;
    for (; digits--; at++)
        value = value << 4 | (uint64_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
    return value;
}

static uint32_t crc32_of(const struct pump *p, const unsigned char *at, size_t bytes)
{
    uint32_t crc = 0xffffffffu;
    while (bytes--)
        crc = p->crc[(crc ^ *at++) & 255] ^ crc >> 8;
    return ~crc;
}

static void put_u32(unsigned char *at, uint32_t value)
{
    at[0] = (unsigned char)(value >> 24);
    at[1] = (unsigned char)(value >> 16);
    at[2] = (unsigned char)(value >> 8);
    at[3] = (unsigned char)value;
}

static uint32_t get_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* -- sending ------------------------------------------------------------------------------------------------ */

static void listen_for(struct pump *p, struct member *m, int writes)
{
    struct epoll_event event = {.events = EPOLLIN | (writes ? EPOLLOUT : 0), .data.u32 = (uint32_t)(m - p->member)};
    m->writes = writes;
    epoll_ctl(p->epoll, EPOLL_CTL_MOD, m->fd, &event);
}

static ssize_t put(struct pump *p, struct member *m, const unsigned char *bytes, size_t size)
{
    if (m->tls == NULL)
        return send(m->fd, bytes, size, MSG_NOSIGNAL);
    int sent = p->tls_write(m->tls, bytes, (int)size);
    if (sent <= 0)
        errno = EAGAIN;
    return sent;
}

static void send_to(struct pump *p, int number, const unsigned char *bytes, size_t size)
{
    struct member *m = &p->member[number];
    ssize_t sent = 0;
    if (m->out_bytes == 0) {
        sent = put(p, m, bytes, size);
        if (sent < 0 && errno != EAGAIN)
            fault(p, "cannot send", number, errno, 0);
        if (sent < 0)
            sent = 0;
    }
    size_t left = size - (size_t)sent;
    if (left == 0)
        return;
    if (m->out_bytes + left > m->out_size) {
        m->out_size = (m->out_bytes + left) * 2;
        m->out = realloc(m->out, m->out_size);
    }
    memcpy(m->out + m->out_bytes, bytes + sent, left);
    m->out_bytes += left;
    if (!m->writes)
        listen_for(p, m, 1);
}

static void flush_out(struct pump *p, struct member *m)
{
    ssize_t sent = put(p, m, m->out, m->out_bytes);
    if (sent > 0) {
        m->out_bytes -= (size_t)sent;
        memmove(m->out, m->out + sent, m->out_bytes);
    }
    if (m->out_bytes == 0)
        listen_for(p, m, 0);
}

/* Append the next post of a sender to the batch; the whole batch goes out in one send. */
static void add_post(struct pump *p, int number)
{
    struct sender *s = &p->sender[number];
    unsigned char *post = p->batch + p->batch_bytes;
    memcpy(post, s->post, s->post_bytes);
    unsigned char *stamp = post + s->text_at;
    put_hex(stamp + 1, s->posted, 8);
    put_hex(stamp + 9, (uint64_t)number, 4);
    put_hex(stamp + 13, now_ns(), 16);
    if (s->nonce_at >= 0) {
        put_u32(post + s->nonce_at, s->posted);
        put_u32(post + s->nonce_at + 4, (uint32_t)number);
    }
    if (p->shape.framing == FRAMES)
        put_u32(post + 8, crc32_of(p, post + HEADER, s->post_bytes - HEADER));
    p->batch_bytes += s->post_bytes;
    s->posted++;
    p->counts.posted++;
}

static void send_batch(struct pump *p, int number)
{
    if (p->batch_bytes)
        send_to(p, p->sender[number].member, p->batch, p->batch_bytes);
    p->batch_bytes = 0;
}

/* -- receiving ---------------------------------------------------------------------------------------------- */

static void answer_ping(struct pump *p, int number, const unsigned char *record, size_t size)
{
    unsigned char pong[512];
    if (size > sizeof pong)
        return;
    memcpy(pong, record, size);
    if (p->shape.framing == FRAMES)
        pong[5] = TYPE_PONG;   /* the payload, the token, and so the checksum stay as they are */
    else
        pong[1] = 'O';
    send_to(p, number, pong, size);
}

static void delivered(struct pump *p, int number, const unsigned char *text, uint64_t now)
{
    struct member *m = &p->member[number];
    uint32_t count = (uint32_t)get_hex(text + 1, 8);
    uint32_t from = (uint32_t)get_hex(text + 9, 4);
    if (from >= (uint32_t)p->senders) {
        fault(p, "a message of nobody", number, (long)from, 0);
        return;
    }
    if (count != m->next[from])
        fault(p, "lost, repeated or out of order: expected and got", number, (long)m->next[from], (long)count);
    m->next[from] = count + 1;
    m->order = (m->order ^ ((uint64_t)from << 32 | count)) * 0x9e3779b97f4a7c15u;
    m->got++;
    p->counts.deliveries++;
    p->counts.histogram[bucket(now - get_hex(text + 13, 16))]++;
    if (m->paces == (int)from)
        p->sender[from].paced++;
}

static void received(struct pump *p, int number, const unsigned char *record, size_t size, uint64_t now)
{
    size_t after_stamp = (size_t)(p->shape.text_bytes + p->shape.tail_bytes);
    const unsigned char *text = record + size - after_stamp;
    if (size >= after_stamp && *text == '^') {
        delivered(p, number, text, now);
        return;
    }
    int is_ping = 0;
    if (p->shape.framing == FRAMES)
        is_ping = record[4] == 0 && record[5] == TYPE_PING;
    else if (p->shape.framing == LINES)
        is_ping = size >= 6 && memcmp(record, "PING", 4) == 0;
    if (is_ping)
        answer_ping(p, number, record, size);
}

/* Return how many bytes the record at `at` has, 0 when it is not whole. */
static size_t record_bytes(const struct pump *p, const unsigned char *at, size_t size)
{
    if (p->shape.framing != LINES) {
        size_t header = p->shape.framing == FRAMES ? HEADER : 4;
        if (size < header)
            return 0;
        size_t whole = header + (size_t)get_u32(at);
        return whole <= size ? whole : 0;
    }
    const unsigned char *end = memchr(at, '\n', size);
    return end == NULL ? 0 : (size_t)(end - at) + 1;
}

static void digest(struct pump *p, int number, size_t size)
{
    struct member *m = &p->member[number];
    const unsigned char *at = p->buffer;
    uint64_t now = now_ns();
    size_t whole;
    while (size && (whole = record_bytes(p, at, size)) > 0) {
        received(p, number, at, whole, now);
        at += whole;
        size -= whole;
    }
    if (size > REST_BYTES) {
        fault(p, "a record has no end", number, (long)size, 0);
        size = 0;
    }
    if (size && m->rest == NULL)
        m->rest = malloc(REST_BYTES);
    if (size)
        memcpy(m->rest, at, size);
    m->rest_bytes = size;
}

static void readable(struct pump *p, int number, int posting)
{
    struct member *m = &p->member[number];
    ssize_t size;
    do {
        if (m->rest_bytes)
            memcpy(p->buffer, m->rest, m->rest_bytes);
        unsigned char *into = p->buffer + m->rest_bytes;
        if (m->tls == NULL)
            size = recv(m->fd, into, READ_BYTES, 0);
        else
            size = p->tls_read(m->tls, into, READ_BYTES);
        p->counts.reads++;
        if (size == 0 || (size < 0 && m->tls == NULL && errno != EAGAIN)) {
            fault(p, "the server closed the connection", number, size, errno);
            epoll_ctl(p->epoll, EPOLL_CTL_DEL, m->fd, NULL);
            return;
        }
        if (size > 0) {
            p->counts.bytes += (uint64_t)size;
            digest(p, number, (size_t)size + m->rest_bytes);
        }
    } while (m->tls != NULL && size > 0);   /* a TLS read gives one record; what is left would not wake us */
    if (posting && m->paces >= 0) {
        struct sender *s = &p->sender[m->paces];
        while (s->posted - s->paced < s->window)
            add_post(p, m->paces);
        send_batch(p, m->paces);
    }
}

/* -- what Python calls -------------------------------------------------------------------------------------- */

struct pump *pump_new(int members, int senders, const struct shape *shape, tls_read_fn tls_read, tls_write_fn tls_write)
{
    struct pump *p = calloc(1, sizeof *p);
    p->shape = *shape;
    p->members = members;
    p->senders = senders;
    p->member = calloc((size_t)members, sizeof *p->member);
    p->sender = calloc((size_t)(senders ? senders : 1), sizeof *p->sender);
    p->buffer = malloc(READ_BYTES + REST_BYTES);
    p->batch = malloc(1 << 20);
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->tls_read = tls_read;
    p->tls_write = tls_write;
    for (uint32_t i = 0; i < 256; i++) {
        p->crc[i] = i;
        for (int bit = 0; bit < 8; bit++)
            p->crc[i] = p->crc[i] >> 1 ^ (p->crc[i] & 1 ? 0xedb88320u : 0);
    }
    return p;
}

/* A member that does not listen is connected and never reads. `rest` is what was read of its next record. */
void pump_member(struct pump *p, int number, int fd, void *tls, const unsigned char *rest, int rest_bytes, int listens)
{
    struct member *m = &p->member[number];
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)number};
    m->fd = fd;
    m->tls = tls;
    m->listens = listens;
    m->paces = -1;
    if (m->next == NULL)
        m->next = calloc((size_t)(p->senders ? p->senders : 1), sizeof *m->next);
    if (rest_bytes) {
        m->rest = malloc(REST_BYTES);
        memcpy(m->rest, rest, (size_t)rest_bytes);
        m->rest_bytes = (size_t)rest_bytes;
    }
    if (listens)
        epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &event);
}

void pump_sender(struct pump *p, int number, int member, int pacer, const unsigned char *post, int post_bytes,
                 int text_at, int nonce_at, int window)
{
    struct sender *s = &p->sender[number];
    s->member = member;
    s->post = malloc((size_t)post_bytes);
    memcpy(s->post, post, (size_t)post_bytes);
    s->post_bytes = (size_t)post_bytes;
    s->text_at = text_at;
    s->nonce_at = nonce_at;
    s->window = (uint32_t)window;
    p->member[pacer].paces = number;
}

/* A member that was stalled begins to read. */
void pump_listen(struct pump *p, int number)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)number};
    p->member[number].listens = 1;
    epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->member[number].fd, &event);
}

/* Somebody else posts as sender 0: so many messages are to arrive. */
void pump_expect(struct pump *p, int messages)
{
    p->counts.posted = (uint64_t)messages;
}

struct counts *pump_counts(struct pump *p)
{
    return &p->counts;
}

/* Whether every message posted has reached every member that listens. */
static int is_settled(const struct pump *p)
{
    for (int i = 0; i < p->members; i++) {
        uint64_t expected = p->counts.posted;
        if (!p->shape.echoes)
            for (int s = 0; s < p->senders; s++)
                expected -= p->sender[s].member == i ? p->sender[s].posted : 0;
        if (p->member[i].listens && p->member[i].got != expected)
            return 0;
    }
    return 1;
}

static void check_order(struct pump *p)
{
    int first = -1;
    for (int i = 0; i < p->members; i++) {
        if (!p->member[i].listens)
            continue;
        if (first >= 0 && p->member[i].order != p->member[first].order)
            fault(p, "saw another order than member", i, first, 0);
        if (first < 0)
            first = i;
    }
}

static void one_pass(struct pump *p, int posting, int timeout_ms)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(p->epoll, events, EVENTS, timeout_ms);
    for (int i = 0; i < count; i++) {
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            readable(p, (int)events[i].data.u32, posting);
        if (events[i].events & EPOLLOUT)
            flush_out(p, &p->member[events[i].data.u32]);
    }
}

static void post_all(struct pump *p)
{
    for (int s = 0; s < p->senders; s++) {
        while (p->sender[s].posted - p->sender[s].paced < p->sender[s].window)
            add_post(p, s);
        send_batch(p, s);
    }
}

/* Post and read for so long: each sender posts again when its pacer has its message. */
void pump_run(struct pump *p, double seconds)
{
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
    post_all(p);
    while (now_ns() < end)
        one_pass(p, 1, 20);
}

/* Post and read for so long: all senders post again when everybody has everything. */
void pump_run_together(struct pump *p, double seconds)
{
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
    while (now_ns() < end) {
        post_all(p);
        do
            one_pass(p, 0, 10);
        while (!is_settled(p) && now_ns() < end);
    }
}

/* Read what is under way; 1 when everything has arrived, 0 when nothing more came for so long. */
int pump_settle(struct pump *p, double quiet_seconds)
{
    uint64_t seen = p->counts.deliveries, end = 0;
    do {
        one_pass(p, 0, 10);
        if (is_settled(p)) {
            if (p->shape.one_order)
                check_order(p);
            return 1;
        }
        if (end == 0 || p->counts.deliveries != seen)
            end = now_ns() + (uint64_t)(quiet_seconds * 1e9);
        seen = p->counts.deliveries;
    } while (now_ns() < end);
    fault(p, "not every message arrived", -1, (long)p->counts.posted, (long)p->counts.deliveries);
    return 0;
}

/* Read what is there and answer pings. */
void pump_idle(struct pump *p, double seconds)
{
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
    do
        one_pass(p, 0, seconds > 0 ? 5 : 0);
    while (now_ns() < end);
}
