"""What a PNG file is made of."""

import struct


def chunks(png):
    names, place = [], 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        names.append(png[place + 4 : place + 8])
        place += 12 + length
    assert place == len(png)
    return names
