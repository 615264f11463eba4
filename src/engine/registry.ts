/** The makers of all engines. To add an engine, add a folder with a maker, a row in offers.ts, and a line here. */
import type { EngineMaker } from './maker.ts';
import type { EngineName } from './offers.ts';
import { onednnMaker } from './onednn/onednn-engine.ts';
import { onnxMaker } from './onnx/runtime/onnx-engine.ts';

export const engineMakers: { readonly [E in EngineName]: EngineMaker<E> } = {
  onnx: onnxMaker,
  onednn: onednnMaker,
};
