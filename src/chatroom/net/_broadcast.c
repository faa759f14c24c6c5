/* One buffer to many sockets: the loop of `send` calls, without Python in between.
 *
 * Here lives what a room of a hundred does a hundred times a message, and nothing else: no protocol, no memory of
 * what was sent, no decision. The module is built where a C compiler is; where it is not, `server/hub/delivery.py`
 * has the same loop in Python. Read next: `_broadcast.pyi`, its types.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* Python ignores SIGPIPE by itself */
#endif

typedef struct {
    PyObject_HEAD
    int descriptor; /* -1 once closed, so that no other connection that gets the number is written to */
} Sender;

/* How many bytes the kernel took; -1 and errno when none. Never blocks, so the interpreter's lock is kept. */
static Py_ssize_t
send_some(const Sender *sender, PyObject *data)
{
    Py_ssize_t sent;
    do {
        sent = send(sender->descriptor, PyBytes_AS_STRING(data), (size_t)PyBytes_GET_SIZE(data),
                    MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

static PyObject *
sender_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"descriptor", NULL};
    int descriptor;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "i:Sender", names, &descriptor))
        return NULL;
    Sender *sender = (Sender *)type->tp_alloc(type, 0);
    if (sender != NULL)
        sender->descriptor = descriptor;
    return (PyObject *)sender;
}

static void
sender_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
sender_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"", NULL};
    PyObject *data;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "S:Sender", names, &data))
        return NULL;
    Py_ssize_t sent = send_some((Sender *)self, data);
    return sent < 0 ? PyErr_SetFromErrno(PyExc_OSError) : PyLong_FromSsize_t(sent);
}

static PyObject *
sender_close(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ((Sender *)self)->descriptor = -1;
    Py_RETURN_NONE;
}

static PyMethodDef sender_methods[] = {
    {"close", sender_close, METH_NOARGS, PyDoc_STR("Send nothing from now on: each call is an OSError.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot sender_slots[] = {
    {Py_tp_doc, (void *)PyDoc_STR("Sender(descriptor)\n--\n\n"
                                  "The shortest way to a connected socket; closed before the socket is.\n\n"
                                  "Called with bytes it gives how many of them the kernel took at once, or raises\n"
                                  "OSError where it took none. It never waits.")},
    {Py_tp_new, sender_new},
    {Py_tp_dealloc, sender_dealloc},
    {Py_tp_call, sender_call},
    {Py_tp_methods, sender_methods},
    {0, NULL},
};

static PyType_Spec sender_spec = {
    .name = "chatroom.net._broadcast.Sender",
    .basicsize = sizeof(Sender),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = sender_slots,
};

typedef struct {
    PyTypeObject *sender_type;
} State;

/* Allocates before it sends: when memory is lacking nobody was sent anything, and afterwards all is known. */
static PyObject *
broadcast(PyObject *module, PyObject *args)
{
    const State *state = PyModule_GetState(module);
    PyObject *senders, *data, *key, *sender;
    if (!PyArg_ParseTuple(args, "O!S:broadcast", &PyDict_Type, &senders, &data))
        return NULL;
    Py_ssize_t size = PyBytes_GET_SIZE(data), place = 0;
    while (PyDict_Next(senders, &place, &key, &sender))
        if (!Py_IS_TYPE(sender, state->sender_type))
            return PyErr_Format(PyExc_TypeError, "not a Sender: %R", sender);
    PyObject *answer = PyBytes_FromStringAndSize(NULL, PyDict_GET_SIZE(senders) * (Py_ssize_t)sizeof(int64_t));
    if (answer == NULL)
        return NULL;
    int64_t *taken = (int64_t *)PyBytes_AS_STRING(answer);
    int all_took_all = 1;
    place = 0;
    while (PyDict_Next(senders, &place, &key, &sender)) {
        Py_ssize_t sent = send_some((Sender *)sender, data);
        all_took_all &= sent == size;
        *taken++ = sent < 0 ? 0 : sent;
    }
    if (!all_took_all)
        return answer;
    Py_DECREF(answer);
    Py_RETURN_NONE;
}

static PyMethodDef module_methods[] = {
    {"broadcast", broadcast, METH_VARARGS,
     PyDoc_STR("broadcast(senders, data, /)\n--\n\n"
               "Send the data to each Sender of a dict, in its order.\n\n"
               "None: each took all of it. Else how many bytes each took, 0 for an error, as native numbers of\n"
               "64 bits. TypeError, for anything but Senders, and MemoryError come before anything is sent.")},
    {NULL, NULL, 0, NULL},
};

static int
module_exec(PyObject *module)
{
    State *state = PyModule_GetState(module);
    state->sender_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &sender_spec, NULL);
    return state->sender_type == NULL ? -1 : PyModule_AddType(module, state->sender_type);
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    Py_VISIT(((State *)PyModule_GetState(module))->sender_type);
    return 0;
}

static int
module_clear(PyObject *module)
{
    Py_CLEAR(((State *)PyModule_GetState(module))->sender_type);
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "chatroom.net._broadcast",
    .m_size = sizeof(State),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
};

PyMODINIT_FUNC
PyInit__broadcast(void)
{
    return PyModuleDef_Init(&module_definition);
}
