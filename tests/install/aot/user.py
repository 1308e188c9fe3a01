"""Calls the shared library through ctypes: user.py PATH-OF-LIBRARY"""
import ctypes as c
import struct
import sys


class Error(c.Structure):
    _fields_ = [(n, c.c_int32) for n in ("code", "argument", "axis", "line")] + [
        ("wanted", c.c_int64), ("given", c.c_int64), ("text", c.c_char * 992)]


class Array(c.Structure):
    _fields_ = [("data", c.c_void_p), ("shape", c.POINTER(c.c_int64)), ("strides", c.POINTER(c.c_int64)),
                ("dtype", c.c_int32), ("rank", c.c_int32)]


class Call(c.Structure):
    _fields_ = [("arguments", c.POINTER(Array)), ("workspace", c.c_void_p), ("workspace_bytes", c.c_int64),
                ("allocator", c.c_void_p), ("threads", c.c_void_p), ("error", c.POINTER(Error)),
                ("argument_count", c.c_int32), ("reserved", c.c_int32)]


class Argument(c.Structure):
    _fields_ = [("name", c.c_char_p), ("type", c.c_char_p), ("extents", c.POINTER(c.c_int64)),
                ("dtype", c.c_int32), ("rank", c.c_int32), ("role", c.c_int32), ("alignment", c.c_int32)]


class Function(c.Structure):
    _fields_ = [("name", c.c_char_p), ("signature", c.c_char_p), ("arguments", c.POINTER(Argument)),
                ("dims", c.POINTER(c.c_char_p)), ("argument_count", c.c_int32), ("dim_count", c.c_int32),
                ("workspace_kind", c.c_int32), ("reserved", c.c_int32),
                ("resolve", c.CFUNCTYPE(c.c_int32, c.POINTER(Call), c.POINTER(c.c_int64))),
                ("workspace", c.CFUNCTYPE(c.c_int64, c.POINTER(c.c_int64))),
                ("shape", c.CFUNCTYPE(None, c.c_int32, c.POINTER(c.c_int64), c.POINTER(c.c_int64))),
                ("run", c.CFUNCTYPE(c.c_int32, c.POINTER(Call))), ("raw", c.c_void_p)]


class Library(c.Structure):
    _fields_ = [("version", c.c_int32), ("function_count", c.c_int32), ("name", c.c_char_p),
                ("target", c.c_char_p), ("compiler", c.c_char_p), ("functions", c.POINTER(Function))]


def main():
    table, error = c.POINTER(Library)(), Error()
    query = c.CDLL(sys.argv[1]).croton_aot_query_classifier
    if query(1, c.byref(table), c.byref(error)):
        sys.exit(error.text.decode())
    library = table.contents
    predict = library.functions[0]
    x = (c.c_float * (3 * 784))(*[i % 17 / 17 for i in range(3 * 784)])
    out = (c.c_float * 30)()
    dims = (c.c_int64 * predict.dim_count)(3)
    arrays, shapes = (Array * 2)(), []
    for i, memory in enumerate((x, out)):
        row = predict.arguments[i]
        shapes.append((c.c_int64 * row.rank)())
        predict.shape(i, dims, shapes[i])
        arrays[i] = Array(c.cast(memory, c.c_void_p), shapes[i], None, row.dtype, row.rank)
    size = predict.workspace(dims)
    memory = c.create_string_buffer(size + 64)
    place = (c.addressof(memory) + 63) // 64 * 64
    call = Call(arrays, place, size, None, None, c.pointer(error), 2, 0)
    if predict.run(c.byref(call)):
        sys.exit(error.text.decode())
    print(library.name.decode(), library.target.decode())
    bits = [f"{struct.unpack('I', struct.pack('f', v))[0]:08x}" for v in out]
    for row in range(3):
        print(" ".join(bits[10 * row:10 * row + 10]))
    call.workspace_bytes = size - 1
    print(predict.run(c.byref(call)), error.text.decode())


main()
