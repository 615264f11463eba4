"""Classifies pictures with an exported ONNX file: python classify.py model.onnx picture.jpg …
Needs onnxruntime, numpy and pillow."""

import json, sys
import numpy, onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession(sys.argv[1])
classes = json.loads(session.get_modelmeta().custom_metadata_map["classes"])
_, height, width, _ = session.get_inputs()[0].shape
for path in sys.argv[2:]:
    picture = ImageOps.fit(ImageOps.exif_transpose(Image.open(path)).convert("RGB"), (width, height), Image.LANCZOS)
    probabilities, label = session.run(None, {"images": numpy.asarray(picture)[None]})
    print(f"{path}: {classes[label[0]]} ({probabilities[0, label[0]]:.1%})")
