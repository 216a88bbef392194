# SPDX-License-Identifier: MIT
"""xmlrpc.server, the dispatchers."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, op, shared


def _filled(server):
    dispatcher = server.SimpleXMLRPCDispatcher(allow_none=True, use_builtin_types=True)
    dispatcher.register_introspection_functions()
    dispatcher.register_multicall_functions()
    dispatcher.register_function(max)
    dispatcher.register_instance(_Instance(), allow_dotted_names=True)
    return dispatcher


class _Instance:
    def method(self, x=1):
        """Help."""
        return x

    def _listMethods(self):
        return ["method"]


def _dispatched(dispatcher, name):
    import xmlrpc.client

    return dispatcher._marshaled_dispatch(xmlrpc.client.dumps((1,), name).encode())


_methods = st.sampled_from(["max", "method", "absent", "system.listMethods", "system.methodHelp", "a.b"])


def _documented(server):
    page = server.XMLRPCDocGenerator()
    page.set_server_title("<t>")
    page.set_server_name("n")
    page.set_server_documentation("see PEP 8, RFC 1, http://x and self.y()")
    page.funcs = {"max": max, "f": _dispatched}
    page.instance = None
    return page.generate_html_documentation()


SUBJECT = Subject(
    "xmlrpc.server",
    calls=(
        op(lambda server, name: _dispatched(_filled(server), name), _methods),
        op(_documented),
        op(lambda server: server.resolve_dotted_attribute(_Instance(), "method.__doc__")),
        op(lambda server: server.list_public_methods(_Instance())),
        op(lambda server: server.CGIXMLRPCRequestHandler()),
        op(lambda server: server.MultiPathXMLRPCServer(("127.0.0.1", 0)).server_close()),
        op(lambda server: server.DocXMLRPCServer(("127.0.0.1", 0)).server_close()),
    ),
    objects=(
        shared(
            "SimpleXMLRPCDispatcher",
            _filled,
            op(_dispatched, _methods),
            op(lambda d, name: d.register_function(min, name), names),
            op(lambda d: d.register_instance(_Instance())),
            *each("system_listMethods register_introspection_functions register_multicall_functions"),
            *each("system_methodHelp system_methodSignature", _methods),
            op("system_multicall", st.just([{"methodName": "max", "params": [1, 2]}])),
        ),
    ),
    tests=("test.test_xmlrpc",),
)
