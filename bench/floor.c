/* The floor: what a room costs when nothing but the sockets is served.
 *
 * One pass: wait, read every readable socket once, send all that was read to every socket, one send each. No protocol,
 * no copy per member; whoever does not read holds up all others. Without an argument nothing is stored. With the name
 * of a file, what was read is stored there before, with one fdatasync a pass: the floor of whoever stores what he
 * relays, whatever the language. It is one write, in space that was allocated before; compiled with -DWITH_SQLITE, it
 * is rows of a table, a line each (what two reads share of a line is two rows), committed with synchronous=FULL.
 * Prints "listening 127.0.0.1:PORT"; ends when it is told to (SIGTERM).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#ifdef WITH_SQLITE
#include <sqlite3.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
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

static void take_in(int epoll, int listener)
{
    int one = 1, fd;
    while (count < MEMBERS && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        members[count++] = fd;
    }
}

static void drop(int fd)
{
    for (int i = 0; i < count; i++)
        if (members[i] == fd)
            members[i] = members[--count];
    close(fd);
}

static void send_all(int fd, size_t bytes)
{
    for (size_t sent = 0; sent < bytes;) {
        ssize_t part = send(fd, pass + sent, bytes - sent, MSG_NOSIGNAL);
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

int main(int argc, char **argv)
{
    if (argc > 1) {
        open_store(argv[1]);
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
            ssize_t got = recv(events[i].data.fd, pass + bytes, READ_BYTES, 0);
            if (got > 0)
                bytes += (size_t)got;
            else if (got == 0 || errno != EAGAIN)
                drop(events[i].data.fd);
        }
        if (bytes && is_storing)
            store_pass(bytes);
        for (int i = 0; bytes && i < count; i++)
            send_all(members[i], bytes);
    }
}
