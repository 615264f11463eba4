/** All export formats by name. To add a format, add a file in `formats/`, its name to `format.ts`, and an entry here. */
import type { ExportFormat, ExportFormatName } from './format.ts';
import { onnx } from './formats/onnx.ts';
import { safetensors } from './formats/safetensors.ts';
import { tensorflow } from './formats/tensorflow.ts';
import { transformers } from './formats/transformers.ts';

export const exportFormats: { readonly [N in ExportFormatName]: ExportFormat & { readonly name: N } } = {
  onnx,
  safetensors,
  tensorflow,
  'transformers.js': transformers,
};
