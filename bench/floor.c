/* The floor: what a room costs when nothing but the sockets is served.
 *
 * One pass: wait, read every readable socket once, send all that was read to every socket, one send each. No protocol,
 * no copy per member; whoever does not read holds up all others. Without an argument nothing is stored. With the name
 * of a file, what was read is stored there before, with one fdatasync a pass: the floor of whoever stores what he
 * relays, whatever the language. It is one write, in space that was allocated before; compiled with -DWITH_SQLITE, it
 * is rows of a table, a line each (what two reads share of a line is two rows), committed with synchronous=FULL.
 * Compiled with -DWITH_TLS, it speaks TLS 1.3: the calls of the kernel are the same, what goes through them is
 * encrypted for each member. The files of a certificate and of its key are then named before that of the store.
 * Prints "listening 127.0.0.1:PORT"; ends when it is told to (SIGTERM).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
#endif
#include <poll.h>
#ifdef WITH_SQLITE
#include <sqlite3.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MEMBERS = 65536, EVENTS = 1024, PASS_BYTES = 1 << 22, READ_BYTES = 1 << 16, STORE_BYTES = 1 << 23 };

static int members[MEMBERS], count;
static char pass[PASS_BYTES];
static int is_storing;

static int listening_socket(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, 1024)
        || getsockname(fd, (struct sockaddr *)&address, &size))
        exit(1);
    printf("listening 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

#ifdef WITH_SQLITE

static sqlite3 *store;
static sqlite3_stmt *begin, *insert, *commit;

static void must(int answer)
{
    if (answer != SQLITE_OK && answer != SQLITE_DONE)
        exit(1);
}

static void open_store(const char *path)
{
    must(sqlite3_open(path, &store));
    must(sqlite3_exec(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL, NULL, NULL));
    must(sqlite3_exec(store, "CREATE TABLE entries (id INTEGER PRIMARY KEY, author INTEGER NOT NULL,"
                             " kind INTEGER NOT NULL, frame BLOB NOT NULL)", NULL, NULL, NULL));
    must(sqlite3_prepare_v2(store, "BEGIN IMMEDIATE", -1, &begin, NULL));
    must(sqlite3_prepare_v2(store, "INSERT INTO entries (author, kind, frame) VALUES (1, 1, ?)", -1, &insert, NULL));
    must(sqlite3_prepare_v2(store, "COMMIT", -1, &commit, NULL));
}

static void run(sqlite3_stmt *statement)
{
    must(sqlite3_step(statement));
    must(sqlite3_reset(statement));
}

static void store_pass(size_t bytes)
{
    run(begin);
    for (char *line = pass, *stop = pass + bytes, *end; line < stop; line = end) {
        end = memchr(line, '\n', (size_t)(stop - line));
        end = end ? end + 1 : stop;
        must(sqlite3_bind_blob(insert, 1, line, (int)(end - line), SQLITE_STATIC));
        run(insert);
    }
    run(commit);
}

#else

static int store;
static size_t stored;

static void open_store(const char *path)
{
    store = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (stored = 0; store >= 0 && stored < STORE_BYTES; stored += PASS_BYTES)
        if (pwrite(store, pass, PASS_BYTES, (off_t)stored) != PASS_BYTES)
            exit(1);
    if (store < 0 || fsync(store))
        exit(1);
}

static void store_pass(size_t bytes)
{
    if (stored + bytes > STORE_BYTES)
        stored = 0;
    if (pwrite(store, pass, bytes, (off_t)stored) != (ssize_t)bytes || fdatasync(store))
        exit(1);
    stored += bytes;
}

#endif

static void send_all(int fd, const char *data, size_t bytes)
{
    for (size_t sent = 0; sent < bytes;) {
        ssize_t part = send(fd, data + sent, bytes - sent, MSG_NOSIGNAL);
        if (part >= 0) {
            sent += (size_t)part;
        } else if (errno == EAGAIN) {
            struct pollfd writable = {.fd = fd, .events = POLLOUT};
            poll(&writable, 1, 100);
        } else {
            return;
        }
    }
}

#ifdef WITH_TLS

static SSL_CTX *context;
static SSL *tls[MEMBERS + 64];        /* by descriptor: a few are not members' */
static BIO *outgoing, *encrypted;     /* of all members: what is written to the one is read from the other at once */

static char **open_tls(char **arguments)
{
    context = SSL_CTX_new(TLS_server_method());
    if (!arguments[0] || !arguments[1] || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION)
        || !SSL_CTX_set_num_tickets(context, 0)
        || SSL_CTX_use_certificate_file(context, arguments[0], SSL_FILETYPE_PEM) != 1
        || SSL_CTX_use_PrivateKey_file(context, arguments[1], SSL_FILETYPE_PEM) != 1
        || !BIO_new_bio_pair(&outgoing, 2 * PASS_BYTES, &encrypted, 0))
        exit(1);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);   /* as Python's contexts have it */
    return arguments + 2;
}

static void begin_tls(int fd)
{
    tls[fd] = SSL_new(context);
    BIO_up_ref(outgoing);
    SSL_set_bio(tls[fd], BIO_new(BIO_s_mem()), outgoing);
    SSL_set_accept_state(tls[fd]);
}

static void end_tls(int fd)
{
    SSL_free(tls[fd]);
}

static void send_encrypted(int fd)
{
    char *records;
    int bytes = BIO_nread(encrypted, &records, INT_MAX);
    if (bytes > 0)
        send_all(fd, records, (size_t)bytes);
}

/* As recv: -1 with EAGAIN when no record is whole, or while there is a handshake. */
static ssize_t read_once(int fd, char *into)
{
    static char records[READ_BYTES / 2];   /* and with what was left of a record, not more than READ_BYTES */
    ssize_t got = recv(fd, records, sizeof records, 0);
    if (got <= 0)
        return got;
    BIO *incoming = SSL_get_rbio(tls[fd]);
    BIO_write(incoming, records, (int)got);
    ERR_clear_error();
    int bytes = 0, part;
    do {
        part = SSL_read(tls[fd], into + bytes, READ_BYTES - bytes);
        bytes += part > 0 ? part : 0;
    } while (part > 0 && BIO_pending(incoming));
    send_encrypted(fd);   /* what the handshake has to say */
    if (bytes)
        return bytes;
    errno = EAGAIN;
    return SSL_get_error(tls[fd], part) == SSL_ERROR_WANT_READ ? -1 : 0;
}

static void send_pass(int fd, size_t bytes)
{
    SSL_write(tls[fd], pass, (int)bytes);   /* nothing before the handshake is done */
    send_encrypted(fd);
}

#else

static char **open_tls(char **arguments)
{
    return arguments;
}

static void begin_tls(int fd)
{
    (void)fd;
}

static void end_tls(int fd)
{
    (void)fd;
}

static ssize_t read_once(int fd, char *into)
{
    return recv(fd, into, READ_BYTES, 0);
}

static void send_pass(int fd, size_t bytes)
{
    send_all(fd, pass, bytes);
}

#endif

static void take_in(int epoll, int listener)
{
    int one = 1, fd;
    while (count < MEMBERS && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        begin_tls(fd);
        members[count++] = fd;
    }
}

static void drop(int fd)
{
    for (int i = 0; i < count; i++)
        if (members[i] == fd)
            members[i] = members[--count];
    end_tls(fd);
    close(fd);
}

int main(int argc, char **argv)
{
    char **arguments = open_tls(argv + 1);
    if (*arguments) {
        open_store(*arguments);
        is_storing = 1;
    }

    int listener = listening_socket(), epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        size_t bytes = 0;
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == listener) {
                take_in(epoll, listener);
                continue;
            }
            if (bytes + READ_BYTES > PASS_BYTES)
                break;   /* reported again in the next pass */
            ssize_t got = read_once(events[i].data.fd, pass + bytes);
            if (got > 0)
                bytes += (size_t)got;
            else if (got == 0 || errno != EAGAIN)
                drop(events[i].data.fd);
        }
        if (bytes && is_storing)
            store_pass(bytes);
        for (int i = 0; bytes && i < count; i++)
            send_pass(members[i], bytes);
    }
}
