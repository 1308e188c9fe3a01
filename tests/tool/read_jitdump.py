#!/usr/bin/env python3
"""read_jitdump.py FILE: the functions of a jitdump as "NAME SIZE" lines, with their lines as "  FILE:LINE" below.
Whatever departs from perf's specification of the form is an error."""
import struct
import sys

with open(sys.argv[1], "rb") as file:
    data = file.read()
magic, version, size, machine, _, process, time, flags = struct.unpack_from("<IIIIIIQQ", data)
assert (magic, version, size, machine, flags) == (0x4A695444, 1, 40, 62, 0), "the file's header"
assert sys.argv[1].endswith(f"jit-{process}.dump"), "the file is called after its process"
at, index, lines = size, 0, {}
while at < len(data):
    kind, size, stamp = struct.unpack_from("<IIQ", data, at)
    assert stamp >= time and at + size <= len(data), "a record's header"
    body, at, time = data[at + 16:at + size], at + size, stamp
    if kind == 2:
        address, count = struct.unpack_from("<QQ", body)
        place, rows = 16, []
        for _ in range(count):
            where, line, _ = struct.unpack_from("<QII", body, place)
            end = body.index(b"\0", place + 16)
            rows.append((where, line, body[place + 16:end].decode()))
            place = end + 1
        assert place == len(body), "lines fill their record"
        lines[address] = rows
    else:
        assert kind == 0, f"a record of kind {kind}"
        owner, _, virtual, address, length, number = struct.unpack_from("<IIQQQQ", body)
        end = body.index(b"\0", 40)
        assert owner == process and virtual == address and number == index, "a function's record"
        assert len(body) == end + 1 + length, "a function's code follows its name"
        index += 1
        print(body[40:end].decode(), length)
        for where, line, name in lines.get(address, []):
            assert address <= where < address + length and line > 0, "a line lies in its function"
            print(f"  {name}:{line}")
