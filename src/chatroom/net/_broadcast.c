/* One buffer to many sockets: the loop of `send` calls, without Python in between.
 *
 * Here lives what a room of a hundred does a hundred times a message. Never a frame, a peer, a queue or a rule: all that
 * is Python's. Built where a C compiler is and sockets are descriptors; else `server/hub/delivery.py` has the same loop
 * in Python. Read next: `broadcast.py`; `_broadcast.pyi` has the types.
 */
#ifdef _WIN32
#error "on Windows a socket is no descriptor"
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#ifdef Py_GIL_DISABLED
#error "the interpreter's lock keeps the dictionary as it is while its values are sent to"
#endif
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <structmember.h>
#include <sys/socket.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* Python ignores SIGPIPE by itself */
#endif

/* Holds its socket, so that the descriptor is this connection's until `close`; from then on it is -1, for the system
 * gives the number to the next connection. A socket knows nothing of its push: no circle, nothing to collect. */
typedef struct {
    PyObject_HEAD
    PyObject *socket;
    vectorcallfunc call;
    int descriptor;
} Push;

/* How many bytes the kernel took; -1 and errno when none. Never blocks, so the interpreter's lock is kept. */
static Py_ssize_t
send_some(const Push *push, PyObject *data)
{
    Py_ssize_t sent;
    do {
        sent = send(push->descriptor, PyBytes_AS_STRING(data), (size_t)PyBytes_GET_SIZE(data),
                    MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

/* By the vectorcall protocol: made of a tuple and parsed, its one argument costs 0.1 us more. */
static PyObject *
push_call(PyObject *self, PyObject *const *args, size_t flags, PyObject *names)
{
    if (PyVectorcall_NARGS(flags) != 1 || (names != NULL && PyTuple_GET_SIZE(names) > 0))
        return PyErr_Format(PyExc_TypeError, "a Push takes one argument, without a name");
    if (!PyBytes_Check(args[0]))
        return PyErr_Format(PyExc_TypeError, "a Push takes bytes, not a %s", Py_TYPE(args[0])->tp_name);
    Py_ssize_t sent = send_some((Push *)self, args[0]);
    return sent < 0 ? PyErr_SetFromErrno(PyExc_OSError) : PyLong_FromSsize_t(sent);
}

static PyObject *
push_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"", NULL};
    PyObject *socket;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Push", names, &socket))
        return NULL;
    int descriptor = PyObject_AsFileDescriptor(socket);
    if (descriptor < 0)
        return NULL;
    Push *push = (Push *)type->tp_alloc(type, 0);
    if (push != NULL) {
        push->socket = Py_NewRef(socket);
        push->call = push_call;
        push->descriptor = descriptor;
    }
    return (PyObject *)push;
}

static void
push_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(((Push *)self)->socket);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
push_close(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    ((Push *)self)->descriptor = -1;
    Py_CLEAR(((Push *)self)->socket);
    Py_RETURN_NONE;
}

static PyMethodDef push_methods[] = {
    {"close", push_close, METH_NOARGS, PyDoc_STR("Send nothing from now on: each call is an OSError.")},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef push_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Push, call), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot push_slots[] = {
    {Py_tp_doc, (void *)PyDoc_STR("Push(socket, /)\n--\n\n"
                                  "The shortest way to a connected socket, which it holds; closed before it is.\n\n"
                                  "Called with bytes it gives how many of them the kernel took at once, or raises\n"
                                  "OSError where it took none. It never waits.")},
    {Py_tp_new, push_new},
    {Py_tp_dealloc, push_dealloc},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, push_members},
    {Py_tp_methods, push_methods},
    {0, NULL},
};

static PyType_Spec push_spec = {
    .name = "chatroom.net._broadcast.Push",
    .basicsize = sizeof(Push),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = push_slots,
};

typedef struct {
    PyTypeObject *push_type;
} State;

/* Allocates before it sends: when memory is lacking nobody was sent anything, and afterwards all is known. */
static PyObject *
broadcast(PyObject *module, PyObject *args)
{
    const State *state = PyModule_GetState(module);
    PyObject *pushes, *data, *key, *push;
    if (!PyArg_ParseTuple(args, "O!S:broadcast", &PyDict_Type, &pushes, &data))
        return NULL;
    Py_ssize_t size = PyBytes_GET_SIZE(data), place = 0;
    while (PyDict_Next(pushes, &place, &key, &push))
        if (!Py_IS_TYPE(push, state->push_type))
            return PyErr_Format(PyExc_TypeError, "not a Push: a %s", Py_TYPE(push)->tp_name);
    PyObject *answer = PyBytes_FromStringAndSize(NULL, PyDict_GET_SIZE(pushes) * (Py_ssize_t)sizeof(int64_t));
    if (answer == NULL)
        return NULL;
    int64_t *taken = (int64_t *)PyBytes_AS_STRING(answer);
    int all_took_all = 1;
    place = 0;
    while (PyDict_Next(pushes, &place, &key, &push)) {
        Py_ssize_t sent = send_some((Push *)push, data);
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
     PyDoc_STR("broadcast(pushes, data, /)\n--\n\n"
               "Send the data to each Push of a dict, in its order.\n\n"
               "None: each took all of it. Else how many bytes each took, 0 for an error, as native numbers of\n"
               "64 bits. TypeError, for anything but a Push, and MemoryError come before anything is sent.")},
    {NULL, NULL, 0, NULL},
};

static int
module_exec(PyObject *module)
{
    State *state = PyModule_GetState(module);
    state->push_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &push_spec, NULL);
    return state->push_type == NULL ? -1 : PyModule_AddType(module, state->push_type);
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    Py_VISIT(((State *)PyModule_GetState(module))->push_type);
    return 0;
}

static int
module_clear(PyObject *module)
{
    Py_CLEAR(((State *)PyModule_GetState(module))->push_type);
    return 0;
}

static void
module_free(void *module)
{
    module_clear(module);
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
    .m_free = module_free,
};

PyMODINIT_FUNC
PyInit__broadcast(void)
{
    return PyModuleDef_Init(&module_definition);
}
