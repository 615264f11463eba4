#!/usr/bin/env python3
"""Checks ONNX models with the checker of the ONNX project. This is optional, and needs the Python package onnx.

    npm run build && node tools/emit_models.mjs /tmp/models && python3 tools/check_onnx.py /tmp/models/*.onnx
"""
import sys
import onnx

failed = False
for path in sys.argv[1:]:
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        versions = ', '.join(f'{entry.domain or "ai.onnx"} {entry.version}' for entry in model.opset_import)
        print(f'{path}: right; opset {versions}, {len(model.graph.node)} nodes')
    except Exception as error:
        failed = True
        print(f'{path}: {error}')
sys.exit(failed)
