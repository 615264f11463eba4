"""Checks exports with other programs than ours (Python serves this check only):

    npx cifar10 export RUN --data-dir DATA --output model.onnx
    npx cifar10 export RUN --data-dir DATA --output model.safetensors --names torch
    python tools/check_export.py model.onnx DATA/cifar-10-batches-bin/test_batch.bin model.safetensors

The ONNX file must be valid, take batches of 1, 2, 7 and 1,000 pictures with the same results, and have the metadata that
docs/export.md lists. With a safetensors file, the PyTorch module of examples/torch must compute the same probabilities.
Needs onnx, onnxruntime and numpy, and for the last check torch and safetensors."""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

model, records, *others = sys.argv[1:]

proto = onnx.load(model)
onnx.checker.check_model(proto, full_check=True)
metadata = {entry.key: entry.value for entry in proto.metadata_props}
classes, (channels, height, width) = json.loads(metadata["classes"]), json.loads(metadata["image"])
missing = {"recipe", "global_step", "precision", "data_checksum", "program"} - set(metadata)
assert not missing, missing

# A record of CIFAR-10 is a label and the red, green and blue plane.
data = np.fromfile(records, np.uint8).reshape(-1, 1 + channels * height * width)[:1000]
labels, planes = data[:, 0], data[:, 1:].reshape(-1, channels, height, width)
images = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))

session = onnxruntime.InferenceSession(model)
probabilities, label = session.run(["probabilities", "label"], {"images": images})
assert probabilities.shape == (len(images), len(classes)) and label.dtype == np.int64
assert (probabilities.argmax(1) == label).all()
for count in (1, 2, 7):
    few, _ = session.run(None, {"images": images[:count]})
    assert np.abs(few - probabilities[:count]).max() < 1e-5
print(f"{model}: precision @ 1 = {(label == labels).mean():.3f} on {len(images)} pictures")

for path in others:
    import torch

    sys.path.insert(0, str(Path(__file__).parent.parent / "examples" / "torch"))
    from networks import load

    network, names = load(path)
    with torch.inference_mode():
        found = network(torch.tensor(planes)).softmax(1).numpy()
    difference = np.abs(found - probabilities).max()
    assert names == classes and difference < 1e-4, difference
    same = (found.argmax(1) == label).sum()
    print(f"{path}: the same class for {same} of {len(images)} pictures, largest difference {difference:.1e}")
