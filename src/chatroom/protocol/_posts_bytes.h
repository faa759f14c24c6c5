/* The bytes of a post and of an entry: what `_posts.c` reads and writes, without Python.
 *
 * Here stands again what `frames.py`, `packets.py`, `entries.py` and `mentions.py` say of a post that is one line of
 * ASCII and mentions nobody, and no more. Next: `_posts.c`, the only one that includes this.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HEADER_BYTES 12
#define NONCE_BYTES 16
#define POST_TYPE 0x0020
#define ENTRY_TYPE 0x8001
#define POSTED 1
#define MUST_UNDERSTAND_FLAGS 0x00FF
/* As in `limits.py`; the tests go to each of them and one beyond. */
#define ID_MAX 0xFFFFFFFF
#define ROOM_MAX 0x3FFFFF
#define TEXT_BYTES 16384
#define MANNER_MAX 0xFF
/* No handle is near it, and a frame that holds it has a length that fits its header. */
#define HANDLE_BYTES 0x3FFFFFFF
/* So many bytes are added to a checksum in one step. */
#define CRC_BYTES 16

/* The tables of the checksum: made in some microseconds, 16 KB of numbers that nobody need read. */
typedef struct {
    uint32_t crc[CRC_BYTES][256];
} Tables;

/* Where a post stands in the data: offsets from its beginning. */
typedef struct {
    ptrdiff_t payload;
    ptrdiff_t payload_bytes;
    ptrdiff_t nonce;
    ptrdiff_t text;
    uint32_t text_bytes;
    uint8_t manner;
} Post;

/* -- numbers and the checksum: byte by byte, for any order of bytes; a compiler makes one load of it --------------- */

static uint64_t
load_big(const uint8_t *from, int width)
{
    uint64_t value = 0;
    for (int place = 0; place < width; place++)
        value = value << 8 | from[place];
    return value;
}

static uint8_t *
store_big(uint8_t *to, uint64_t value, int width)
{
    for (int place = 0; place < width; place++)
        to[place] = (uint8_t)(value >> 8 * (width - 1 - place));
    return to + width;
}

static uint32_t
load_little(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

/* CRC-32 as zlib's: `crc[n][byte]` is what a byte makes of the checksum n bytes later. */
static void
make_tables(Tables *tables)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
        tables->crc[0][byte] = crc;
    }
    for (int later = 1; later < CRC_BYTES; later++)
        for (int byte = 0; byte < 256; byte++) {
            uint32_t crc = tables->crc[later - 1][byte];
            tables->crc[later][byte] = crc >> 8 ^ tables->crc[0][crc & 0xFF];
        }
}

static uint32_t
crc_of_four(const uint32_t table[4][256], uint32_t bytes)
{
    return table[3][bytes & 0xFF] ^ table[2][bytes >> 8 & 0xFF] ^ table[1][bytes >> 16 & 0xFF] ^ table[0][bytes >> 24];
}

/* A step waits for the one before, whatever its width: wide ones are few. */
static uint32_t
checksum(const Tables *tables, const uint8_t *from, ptrdiff_t size)
{
    uint32_t crc = 0xFFFFFFFF;
    for (; size >= CRC_BYTES; size -= CRC_BYTES, from += CRC_BYTES)
        crc = crc_of_four(tables->crc + 12, crc ^ load_little(from)) ^
              crc_of_four(tables->crc + 8, load_little(from + 4)) ^
              crc_of_four(tables->crc + 4, load_little(from + 8)) ^ crc_of_four(tables->crc, load_little(from + 12));
    for (; size >= 4; size -= 4, from += 4)
        crc = crc_of_four(tables->crc, crc ^ load_little(from));
    for (; size > 0; size--, from++)
        crc = crc >> 8 ^ tables->crc[0][(crc ^ *from) & 0xFF];
    return ~crc;
}

/* -- reading: each takes what it is sure of and returns 1, or returns 0 and the post is left to Python ------------- */

typedef struct {
    const uint8_t *at;
    const uint8_t *end;
} Reader;

static int
read_unsigned(Reader *reader, uint64_t *value)
{
    if (reader->at == reader->end)
        return 0;
    uint8_t first = *reader->at++;
    if (first < 0x80) {
        *value = first;
        return 1;
    }
    if (first < 0xCC || first > 0xCF)
        return 0;
    int width = 1 << (first - 0xCC);
    if (reader->end - reader->at < width)
        return 0;
    *value = load_big(reader->at, width);
    reader->at += width;
    return 1;
}

static int
read_nonce(Reader *reader, const uint8_t **nonce)
{
    if (reader->end - reader->at < 2 + NONCE_BYTES || reader->at[0] != 0xC4 || reader->at[1] != NONCE_BYTES)
        return 0;
    *nonce = reader->at + 2;
    reader->at += 2 + NONCE_BYTES;
    return 1;
}

static int
read_text(Reader *reader, const uint8_t **text, uint32_t *text_bytes)
{
    if (reader->at == reader->end)
        return 0;
    uint8_t first = *reader->at++;
    uint64_t size = first & 0x1F;
    if ((first & 0xE0) != 0xA0) {
        if (first < 0xD9 || first > 0xDB)
            return 0;
        int width = 1 << (first - 0xD9);
        if (reader->end - reader->at < width)
            return 0;
        size = load_big(reader->at, width);
        reader->at += width;
    }
    if (size == 0 || size > TEXT_BYTES || size > (uint64_t)(reader->end - reader->at))
        return 0;
    *text = reader->at;
    *text_bytes = (uint32_t)size;
    reader->at += size;
    return 1;
}

/* Whether all bytes are printable ASCII and none is '@': eight at once, each in its own lane of a word. No lane
 * carries into the next but from a byte of 0x80 or more, and that one is told by itself. */
static int
is_printable_without_at(const uint8_t *text, uint32_t size)
{
    const uint64_t each = 0x0101010101010101, highest = 0x80 * each;
    uint32_t place = 0;
    for (; size - place >= 8; place += 8) {
        uint64_t word;
        memcpy(&word, text + place, 8);
        uint64_t is_low = ~(word + 0x60 * each), is_del = word + each, is_at = ~((word ^ '@' * each) + 0x7F * each);
        if ((word | is_low | is_del | is_at) & highest)
            return 0;
    }
    for (; place < size; place++)
        if (text[place] < ' ' || text[place] > '~' || text[place] == '@')
            return 0;
    return 1;
}

static int
may_be_in_handle(uint8_t byte)
{
    return (uint8_t)((byte | 0x20) - 'a') < 26 || (uint8_t)(byte - '0') < 10 || byte == '_' || byte == '-';
}

/* Stricter than `find_mentions`, which knows how long a handle is and what follows it. */
static int
is_plain(const uint8_t *text, uint32_t size)
{
    if (text[0] == ' ' || !is_printable_without_at(text, size))
        return 0;
    uint32_t place = 0;
    while (place < size && may_be_in_handle(text[place]))
        place++;
    return place == 0 || place == size || (text[place] != ':' && text[place] != ',');
}

static int
read_payload(const uint8_t *data, Post *post, uint32_t *room)
{
    Reader reader = {data + post->payload, data + post->payload + post->payload_bytes};
    const uint8_t *nonce, *text;
    uint64_t id, number, manner = 0;
    if (reader.at == reader.end || (*reader.at != 0x94 && *reader.at != 0x95))
        return 0;
    int has_manner = *reader.at++ == 0x95;
    if (!read_unsigned(&reader, &id) || id > ID_MAX)
        return 0;
    if (!read_unsigned(&reader, &number) || number < 1 || number > ROOM_MAX)
        return 0;
    if (!read_nonce(&reader, &nonce) || !read_text(&reader, &text, &post->text_bytes))
        return 0;
    if (has_manner && (!read_unsigned(&reader, &manner) || manner > MANNER_MAX))
        return 0;
    if (reader.at != reader.end || !is_plain(text, post->text_bytes))
        return 0;
    post->nonce = nonce - data;
    post->text = text - data;
    post->manner = (uint8_t)manner;
    *room = (uint32_t)number;
    return 1;
}

/* The checksum comes last: it is most of the work, and Python does it again for what is left to it. */
static int
read_frame(const Tables *tables, const uint8_t *data, ptrdiff_t size, ptrdiff_t start, int64_t limit_bytes, Post *post,
           uint32_t *room)
{
    const uint8_t *header = data + start;
    ptrdiff_t there = size - start;
    if (there < HEADER_BYTES)
        return 0;
    int64_t length = (int64_t)load_big(header, 4);
    if (load_big(header + 4, 2) != POST_TYPE || load_big(header + 6, 2) & MUST_UNDERSTAND_FLAGS)
        return 0;
    if (length > limit_bytes || length > there - HEADER_BYTES)
        return 0;
    post->payload = start + HEADER_BYTES;
    post->payload_bytes = (ptrdiff_t)length;
    return read_payload(data, post, room) &&
           checksum(tables, data + post->payload, post->payload_bytes) == load_big(header + 8, 4);
}

/* -- encoding: every number and every header in its shortest form, as msgspec does --------------------------------- */

static int
unsigned_bytes(uint64_t value)
{
    return value < 0x80 ? 1 : value <= 0xFF ? 2 : value <= 0xFFFF ? 3 : value <= 0xFFFFFFFF ? 5 : 9;
}

static uint8_t *
put_unsigned(uint8_t *to, uint64_t value)
{
    int size = unsigned_bytes(value);
    if (size == 1)
        return store_big(to, value, 1);
    *to = size == 2 ? 0xCC : size == 3 ? 0xCD : size == 5 ? 0xCE : 0xCF;
    return store_big(to + 1, value, size - 1);
}

static int
text_header_bytes(ptrdiff_t size)
{
    return size < 32 ? 1 : size <= 0xFF ? 2 : size <= 0xFFFF ? 3 : 5;
}

static uint8_t *
put_text(uint8_t *to, const void *text, ptrdiff_t size)
{
    int header_bytes = text_header_bytes(size);
    if (header_bytes == 1)
        *to++ = (uint8_t)(0xA0 | size);
    else {
        *to = header_bytes == 2 ? 0xD9 : header_bytes == 3 ? 0xDA : 0xDB;
        to = store_big(to + 1, (uint64_t)size, header_bytes - 1);
    }
    memcpy(to, text, (size_t)size);
    return to + size;
}

/* What an entry has beside what its post says; `seq` is the next one's. */
typedef struct {
    uint32_t room;
    uint64_t seq;
    uint64_t at;
    const char *author;
    ptrdiff_t author_bytes;
} Envelope;

static ptrdiff_t
entry_payload_bytes(const Post *post, const Envelope *envelope)
{
    return 1 + unsigned_bytes(envelope->room) + unsigned_bytes(envelope->seq) + unsigned_bytes(envelope->at) +
           text_header_bytes(envelope->author_bytes) + envelope->author_bytes + 2 + NONCE_BYTES + 1 + 1 +
           text_header_bytes(post->text_bytes) + post->text_bytes + unsigned_bytes(post->manner);
}

static void
put_entry_payload(uint8_t *to, const uint8_t *data, const Post *post, const Envelope *envelope)
{
    *to++ = 0x97;
    to = put_unsigned(to, envelope->room);
    to = put_unsigned(to, envelope->seq);
    to = put_unsigned(to, envelope->at);
    to = put_text(to, envelope->author, envelope->author_bytes);
    *to++ = 0xC4;
    *to++ = NONCE_BYTES;
    memcpy(to, data + post->nonce, NONCE_BYTES);
    to += NONCE_BYTES;
    *to++ = POSTED;
    *to++ = 0x92;
    to = put_text(to, data + post->text, post->text_bytes);
    put_unsigned(to, post->manner);
}

/* The whole frame, of which `size` is the payload. */
static void
put_entry(const Tables *tables, uint8_t *to, ptrdiff_t size, const uint8_t *data, const Post *post,
          const Envelope *envelope)
{
    uint8_t *payload = to + HEADER_BYTES;
    put_entry_payload(payload, data, post, envelope);
    to = store_big(to, (uint64_t)size, 4);
    to = store_big(to, ENTRY_TYPE, 2);
    to = store_big(to, 0, 2);
    store_big(to, checksum(tables, payload, size), 4);
}
