#!/usr/bin/env python3
"""Reads an event file of TensorBoard and prints its values: read_events.py FILE

A second reader, from the published description of the formats: TFRecord framing (length, masked CRC-32C of the
length, data, masked CRC-32C of the data), protocol buffers (varints, fields by number), Event and Summary. Lines
"STEP TIME TAG VALUE", the first "version TEXT". Fails on a wrong checksum, an unknown field, bytes left over.
"""
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 & -(crc & 1))
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C


def masked(data):
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        (length,), (crc,) = struct.unpack_from("<Q", data, at), struct.unpack_from("<I", data, at + 8)
        assert crc == masked(data[at:at + 8]), "checksum of a length"
        body = data[at + 12:at + 12 + length]
        (crc,) = struct.unpack_from("<I", data, at + 12 + length)
        assert len(body) == length and crc == masked(body), "checksum of a record"
        yield body
        at += 16 + length


def fields(data):
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        number, wire = divmod(varint(), 8)
        if wire == 0:
            yield number, varint()
        elif wire in (1, 5):
            form, size = ("<d", 8) if wire == 1 else ("<f", 4)
            yield number, struct.unpack_from(form, data, at)[0]
            at += size
        else:
            assert wire == 2, "wire type"
            size = varint()
            yield number, data[at:at + size]
            at += size
    assert at == len(data)


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    for record in records(data):
        event = dict(fields(record))
        assert set(event) <= {1, 2, 3, 5}, event
        if 3 in event:
            print("version", event[3].decode())
        for number, value in fields(event.get(5, b"")):
            assert number == 1
            entry = dict(fields(value))
            assert set(entry) == {1, 2}
            print(event[2], event[1], entry[1].decode(), repr(entry[2]))


main()
