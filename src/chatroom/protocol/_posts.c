/* Plain posts, several at once: cut out of a stream, and encoded as entries, without Python in between.
 *
 * Whatever is not plain, and whatever is wrong, is left to Python. Never a rule of who may post. Built where a C
 * compiler is; else `posts.py` has the same in Python. Read next: `posts.py`, `_posts_bytes.h`; `_posts.pyi` has the
 * types.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include "_posts_bytes.h"

#define MOST_POSTS 16

typedef struct {
    PyTypeObject *posts_type;
    Tables tables;
} State;

/* Holds the data that its posts stand in. Bytes know nothing of them: no circle, nothing to collect. */
typedef struct {
    PyObject_VAR_HEAD
    PyObject *data;
    unsigned int room;
    unsigned int longest_bytes;
    Post items[];
} Posts;

static const uint8_t *
bytes_of(const Posts *posts)
{
    return (const uint8_t *)PyBytes_AS_STRING(posts->data);
}

/* -- Posts --------------------------------------------------------------------------------------------------------- */

static void
posts_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_DECREF(((Posts *)self)->data);
    type->tp_free(self);
    Py_DECREF(type);
}

static Py_ssize_t
posts_length(PyObject *self)
{
    return Py_SIZE(self);
}

/* The list of what `make` makes of each. */
static PyObject *
list_of(const Posts *posts, PyObject *(*make)(const Posts *, const Post *, void *), void *context)
{
    PyObject *list = PyList_New(Py_SIZE(posts));
    if (list == NULL)
        return NULL;
    for (Py_ssize_t place = 0; place < Py_SIZE(posts); place++) {
        PyObject *made = make(posts, &posts->items[place], context);
        if (made == NULL) {
            Py_DECREF(list);
            return NULL;
        }
        PyList_SET_ITEM(list, place, made);
    }
    return list;
}

static PyObject *
posts_nonces(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    const Posts *posts = (Posts *)self;
    PyObject *nonces = PyBytes_FromStringAndSize(NULL, Py_SIZE(posts) * NONCE_BYTES);
    if (nonces != NULL)
        for (Py_ssize_t place = 0; place < Py_SIZE(posts); place++)
            memcpy(PyBytes_AS_STRING(nonces) + place * NONCE_BYTES, bytes_of(posts) + posts->items[place].nonce,
                   NONCE_BYTES);
    return nonces;
}

static PyObject *
copy_payload(const Posts *posts, const Post *post, void *Py_UNUSED(context))
{
    return PyBytes_FromStringAndSize((const char *)bytes_of(posts) + post->payload, post->payload_bytes);
}

static PyObject *
posts_payloads(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return list_of((Posts *)self, copy_payload, NULL);
}

/* The nonce that comes first may have any length: as Python has it, the longer of two that begin alike is greater. */
static PyObject *
posts_rise_above(PyObject *self, PyObject *nonce)
{
    if (!PyBytes_Check(nonce))
        return PyErr_Format(PyExc_TypeError, "a nonce is bytes, not a %s", Py_TYPE(nonce)->tp_name);
    const Posts *posts = (Posts *)self;
    const uint8_t *before = (const uint8_t *)PyBytes_AS_STRING(nonce);
    Py_ssize_t size = PyBytes_GET_SIZE(nonce);
    for (Py_ssize_t place = 0; place < Py_SIZE(posts); place++) {
        const uint8_t *own = bytes_of(posts) + posts->items[place].nonce;
        int order = memcmp(own, before, (size_t)Py_MIN(size, NONCE_BYTES));
        if (order < 0 || (order == 0 && size >= NONCE_BYTES))
            Py_RETURN_FALSE;
        before = own;
        size = NONCE_BYTES;
    }
    Py_RETURN_TRUE;
}

/* A number from 0 on into `value`, or -1 and an error. */
static int
as_unsigned(PyObject *number, uint64_t *value)
{
    long long found = PyLong_AsLongLong(number);
    if (found < 0) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_OverflowError, "a number of an entry is below 0");
        return -1;
    }
    *value = (uint64_t)found;
    return 0;
}

typedef struct {
    const Tables *tables;
    Envelope envelope;
} Writing;

static PyObject *
next_entry(const Posts *posts, const Post *post, void *context)
{
    Writing *writing = context;
    Py_ssize_t size = entry_payload_bytes(post, &writing->envelope);
    PyObject *entry = PyByteArray_FromStringAndSize(NULL, HEADER_BYTES + size);
    if (entry == NULL)
        return NULL;
    uint8_t *to = (uint8_t *)PyByteArray_AS_STRING(entry);
    put_entry(writing->tables, to, size, bytes_of(posts), post, &writing->envelope);
    writing->envelope.seq++;
    return entry;
}

static PyObject *
posts_entries(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    const State *state = PyType_GetModuleState(Py_TYPE(self));
    Writing writing = {.tables = &state->tables, .envelope.room = ((Posts *)self)->room};
    Envelope *envelope = &writing.envelope;
    if (count != 3)
        return PyErr_Format(PyExc_TypeError, "entries takes 3 arguments, not %zd", count);
    if (as_unsigned(args[0], &envelope->seq) < 0 || as_unsigned(args[1], &envelope->at) < 0)
        return NULL;
    envelope->author = PyUnicode_AsUTF8AndSize(args[2], &envelope->author_bytes);
    if (envelope->author == NULL)
        return NULL;
    if (envelope->author_bytes > HANDLE_BYTES)
        return PyErr_Format(PyExc_OverflowError, "an author of %zd bytes", envelope->author_bytes);
    return list_of((Posts *)self, next_entry, &writing);
}

static PyMethodDef posts_methods[] = {
    {"nonces", posts_nonces, METH_NOARGS, PyDoc_STR("nonces($self, /)\n--\n\nThe nonces, one behind the other.")},
    {"payloads", posts_payloads, METH_NOARGS,
     PyDoc_STR("payloads($self, /)\n--\n\nEach as it came: the payload of a Post.")},
    {"rise_above", posts_rise_above, METH_O,
     PyDoc_STR("rise_above($self, nonce, /)\n--\n\n"
               "Whether each nonce is greater than the one before, and the first than this one.")},
    {"entries", (PyCFunction)(void (*)(void))posts_entries, METH_FASTCALL,
     PyDoc_STR("entries($self, seq, at, author, /)\n--\n\n"
               "The frame of the entry that each becomes, the first as `seq`, at the time `at`.\n\n"
               "OverflowError for a seq or a time outside 0 to 2**63 - 1.")},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef posts_members[] = {
    {"room", T_UINT, offsetof(Posts, room), READONLY, PyDoc_STR("The number of the room.")},
    {"longest_bytes", T_UINT, offsetof(Posts, longest_bytes), READONLY,
     PyDoc_STR("The length of the longest text.")},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot posts_slots[] = {
    {Py_tp_doc, (void *)PyDoc_STR("One post or more, of one client and in one room, each of them plain.")},
    {Py_tp_dealloc, posts_dealloc},
    {Py_tp_methods, posts_methods},
    {Py_tp_members, posts_members},
    {Py_sq_length, posts_length},
    {0, NULL},
};

static PyType_Spec posts_spec = {
    .name = "chatroom.protocol._posts.Posts",
    .basicsize = sizeof(Posts),
    .itemsize = sizeof(Post),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = posts_slots,
};

/* -- the module ---------------------------------------------------------------------------------------------------- */

static PyObject *
make_posts(const State *state, PyObject *data, const Post *items, int count, uint32_t room)
{
    Posts *posts = PyObject_NewVar(Posts, state->posts_type, count);
    if (posts == NULL)
        return NULL;
    posts->data = Py_NewRef(data);
    posts->room = room;
    posts->longest_bytes = 0;
    memcpy(posts->items, items, (size_t)count * sizeof(Post));
    for (int place = 0; place < count; place++)
        posts->longest_bytes = Py_MAX(posts->longest_bytes, items[place].text_bytes);
    return (PyObject *)posts;
}

/* (posts, stop), of which it takes the posts over. */
static PyObject *
make_answer(PyObject *posts, Py_ssize_t stop)
{
    PyObject *number = posts == NULL ? NULL : PyLong_FromSsize_t(stop);
    PyObject *answer = number == NULL ? NULL : PyTuple_Pack(2, posts, number);
    Py_XDECREF(posts);
    Py_XDECREF(number);
    return answer;
}

/* Numbers beyond what memory can hold come as the nearest that it can: outside of any data, or no limit. */
static PyObject *
cut_posts(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    const State *state = PyModule_GetState(module);
    Post items[MOST_POSTS];
    uint32_t room = 0, next_room;
    int taken = 0;
    if (count != 3)
        return PyErr_Format(PyExc_TypeError, "cut_posts takes 3 arguments, not %zd", count);
    PyObject *data = args[0];
    if (!PyBytes_Check(data))
        return PyErr_Format(PyExc_TypeError, "data is bytes, not a %s", Py_TYPE(data)->tp_name);
    Py_ssize_t start = PyNumber_AsSsize_t(args[1], NULL);
    if (start == -1 && PyErr_Occurred())
        return NULL;
    Py_ssize_t limit_bytes = PyNumber_AsSsize_t(args[2], NULL);
    if (limit_bytes == -1 && PyErr_Occurred())
        return NULL;
    const uint8_t *bytes = (const uint8_t *)PyBytes_AS_STRING(data);
    Py_ssize_t size = PyBytes_GET_SIZE(data);
    if (start < 0 || start > size)
        return PyErr_Format(PyExc_ValueError, "start %zd is not in %zd bytes", start, size);
    while (taken < MOST_POSTS) {
        if (!read_frame(&state->tables, bytes, size, start, limit_bytes, &items[taken], &next_room))
            break;
        if (taken > 0 && next_room != room)
            break;
        room = next_room;
        start = items[taken].payload + items[taken].payload_bytes;
        taken++;
    }
    if (taken == 0)
        Py_RETURN_NONE;
    return make_answer(make_posts(state, data, items, taken, room), start);
}

static PyMethodDef module_methods[] = {
    {"cut_posts", (PyCFunction)(void (*)(void))cut_posts, METH_FASTCALL,
     PyDoc_STR("cut_posts(data, start, limit_bytes, /)\n--\n\n"
               "The plain posts of one room that begin at `start`, 16 at most, and where they end.\n\n"
               "None where no whole, right and plain post begins, or its payload is over the limit.\n"
               "ValueError for a start outside the data.")},
    {NULL, NULL, 0, NULL},
};

static int
module_exec(PyObject *module)
{
    State *state = PyModule_GetState(module);
    make_tables(&state->tables);
    state->posts_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &posts_spec, NULL);
    return state->posts_type == NULL ? -1 : PyModule_AddType(module, state->posts_type);
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    Py_VISIT(((State *)PyModule_GetState(module))->posts_type);
    return 0;
}

static int
module_clear(PyObject *module)
{
    Py_CLEAR(((State *)PyModule_GetState(module))->posts_type);
    return 0;
}

static void
module_free(void *module)
{
    module_clear(module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_mod_gil /* nothing in it changes but what is being made */
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "chatroom.protocol._posts",
    .m_size = sizeof(State),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC
PyInit__posts(void)
{
    return PyModuleDef_Init(&module_definition);
}
