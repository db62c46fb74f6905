"""Writes the hostile Keras files beside this script: each is what Keras's own loader refuses, or what a
careless reader would follow, run, or take all memory for.

    pip install h5py && python make.py
"""

import io
import json
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).parent
DATE = (1980, 1, 1, 0, 0, 0)


def dense(name="dense", units=2, **more):
    return layer("Dense", {"name": name, "units": units, "activation": "linear", **more})


def layer(class_name, config, module="keras.layers", registered_name=None):
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered_name}


def model(*layers, shape=(None, 3)):
    first = layer("InputLayer", {"batch_shape": list(shape), "dtype": "float32", "name": "input_layer"})
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "sequential", "trainable": True, "layers": [first, *layers]},
        "registered_name": None,
    }


def weights(change=None, **options):
    """The bytes of a model.weights.h5 with one Dense of 3 inputs and 2 units, then changed."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        group = file.create_group("layers/dense/vars")
        group.create_dataset("0", data=np.ones((3, 2), "f4"))
        group.create_dataset("1", data=np.zeros(2, "f4"))
        if change:
            change(file, group)
    return buffer.getvalue()


def archive(name, config=None, h5=None, more=(), method=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        members = [
            ("metadata.json", json.dumps({"keras_version": "3.12.0", "date_saved": "1980-01-01@00:00:00"})),
            ("config.json", config if isinstance(config, (str, bytes)) else json.dumps(config or model(dense()))),
            ("model.weights.h5", h5 if h5 is not None else weights()),
            *more,
        ]
        for member, data in members:
            info = zipfile.ZipInfo(member, DATE)
            info.compress_type = method
            file.writestr(info, data)
    data = buffer.getvalue()
    (HERE / name).write_bytes(data)
    return data


def soft(file, group):
    del group["0"]
    file.create_dataset("elsewhere", data=np.ones((3, 2), "f4"))
    group["0"] = h5py.SoftLink("/elsewhere")


def external(file, group):
    del group["0"]
    group["0"] = h5py.ExternalLink("/etc/passwd", "/layers/dense/vars/0")


def virtual(file, group):
    del group["0"]
    layout = h5py.VirtualLayout((3, 2), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "data", (3, 2))
    group.create_virtual_dataset("0", layout)


def external_data(file, group):
    del group["0"]
    group.create_dataset("0", (3, 2), "f4", external=[("/etc/passwd", 0, 24)])


def huge(file, group):
    del group["0"]
    group.create_dataset("0", (1 << 20, 1 << 20), "f4", chunks=(64, 64), fillvalue=1.0)


def links(file, group):
    file["layers/dense"].attrs["long"] = np.bytes_(b"x" * 60000)
    for i in range(4000):
        file["layers"][f"d{i}"] = file["layers/dense"]


def loop(file, group):
    group["round"] = file["layers"]




archive("soft_link.keras", h5=weights(soft))
archive("external_link.keras", h5=weights(external))
archive("virtual_dataset.keras", h5=weights(virtual, libver="latest"))
archive("external_data.keras", h5=weights(external_data))
archive("shape_bomb.keras", h5=weights(huge))
archive("hard_links.keras", h5=weights(links), method=zipfile.ZIP_DEFLATED)
archive("circle.keras", h5=weights(loop))
archive("units_bomb.keras", model(dense(units=2_000_000_000)))
archive("zip_bomb.keras", " " * (30 << 20), method=zipfile.ZIP_DEFLATED)
archive("lambda.keras", model(layer("Lambda", {"name": "lambda", "function": {
    "class_name": "__lambda__", "config": {"code": "4wEAAAAAAAAA", "defaults": None, "closure": None}}})))
archive("tfsm_layer.keras", model(layer("TFSMLayer", {"name": "tfsm", "filepath": "/tmp/saved_model", "call_endpoint": "serve"})))
archive("module_name.keras", model(layer("system", {"name": "a", "command": "id"}, module="os", registered_name="os>system")))
archive("registered.keras", model(layer("Custom", {"name": "c"}, module=None, registered_name="my_package>Custom")))
archive("vocabulary_path.keras", model(layer("StringLookup", {"name": "lookup", "vocabulary": "/etc/passwd", "max_tokens": None})))

two = archive("duplicate_member.keras", more=[("config.jsom", json.dumps(model(dense(units=7))))])
(HERE / "duplicate_member.keras").write_bytes(two.replace(b"config.jsom", b"config.json"))

data = bytearray(archive("encrypted.keras"))
for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
    place = data.find(signature)
    while place >= 0:
        data[place + at] |= 1
        place = data.find(signature, place + 4)
(HERE / "encrypted.keras").write_bytes(data)

# the directory says, in a zip64 field, that config.json unpacks to 2^60 bytes
data = archive("zip64_lie.keras")
place = data.rfind(b"config.json") - 46
entry = bytearray(data[place:place + 46])
name_length, extra_length = struct.unpack_from("<HH", entry, 28)
struct.pack_into("<I", entry, 24, 0xFFFFFFFF)
extra = struct.pack("<HHQ", 1, 8, 1 << 60)
struct.pack_into("<H", entry, 30, extra_length + len(extra))
data = data[:place] + bytes(entry) + data[place + 46:place + 46 + name_length] + extra + data[place + 46 + name_length:]
end = data.rfind(b"PK\x05\x06")
size = struct.unpack_from("<I", data, end + 12)[0]
data = bytearray(data)
struct.pack_into("<I", data, end + 12, size + len(extra))
(HERE / "zip64_lie.keras").write_bytes(data)
