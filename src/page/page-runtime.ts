/** The part of `onnxruntime-web` (or `onnxruntime-node`) that trains and explains networks in a page. Pass the whole module. */
import {
  aChoice,
  aText,
  aWholeNumber,
  type OptionChecks,
  required,
  requireObject,
  requireOptions,
} from '../arguments.ts';
import type { OnnxSession } from './exported-model.ts';

/** The constructor of a tensor. */
export type TensorMaker = new (
  type: 'float32' | 'int32' | 'uint8',
  data: Float32Array | Int32Array | Uint8Array,
  dims: readonly number[],
) => object;

/** The part of the module `onnxruntime-web` that is used. */
export interface PageRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: object): Promise<OnnxSession>;
  };
  readonly Tensor: TensorMaker;
}

/** Where a page computes. */
export interface PageDevice {
  readonly kind: 'cpu' | 'webgpu';
  /** The number of threads, which checkpoints store. */
  readonly threads: number;
  /** The name and version of the library, such as `onnxruntime-web 1.30.0`, which checkpoints store. */
  readonly library: string;
}

const deviceKinds: readonly PageDevice['kind'][] = ['cpu', 'webgpu'];
const deviceChecks: OptionChecks<PageDevice> = {
  kind: required(aChoice(deviceKinds)),
  threads: required(aWholeNumber(1)),
  library: required(aText),
};

/** @throws UsageError for anything but the module onnxruntime-web and a device */
export function requireRuntime(runtime: PageRuntime, device: PageDevice): void {
  requireObject(
    'runtime',
    runtime,
    'InferenceSession',
    "the module onnxruntime-web: import * as ort from 'onnxruntime-web'",
  );
  requireOptions(device, deviceChecks, 'device');
}
