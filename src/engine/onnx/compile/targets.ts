/**
 * What the passes of the ONNX engine make of a graph, by the device and the precision in which ONNX Runtime computes it. This is the
 * only place where devices differ.
 */

import type { OpName } from '../../../graph/signature.ts';
import type { Mask } from '../../../ops/definition.ts';
import type { DeviceKind } from '../../device.ts';
import type { PrecisionOf } from '../../offers.ts';

/** Where, and in which precision, ONNX Runtime computes a graph. */
export interface Target {
  readonly device: DeviceKind;
  readonly precision: PrecisionOf<'onnx'>;
}

/** How operators are expressed in ONNX for a target. */
export interface Forms {
  /** Float16 values are of that type in the model (`native`), or they are float32 values that are rounded (`rounded`,
   * round-to-float16.ts). */
  readonly float16: 'native' | 'rounded';
  /** Operators that stay float32 in the precision float16, although their records allow float16. */
  readonly inFloat32: readonly OpName[];
  /** Whether convolutions over many channels use Winograd's algorithm (expand-winograd.ts). Its intermediate values are sums with
   * factors of up to 100, so it is not used where they would be float16. */
  readonly winograd: boolean;
  /** How a mask of zeros and ones is computed (ops/elementwise.ts, `step`). */
  readonly mask: Mask;
}

const cpu: Forms = { float16: 'rounded', inFloat32: [], winograd: true, mask: 'hardSigmoid' };
/** ONNX Runtime has float16 kernels for GPUs. Those of CUDA add in float32. */
const cudaFloat16: Forms = { float16: 'native', inFloat32: [], winograd: false, mask: 'comparison' };
/** The products of the WebGPU engine add in float16 (gemm_utils.cc: `acc` has the type of the result). That is exact enough for
 * the sums of a layer over some thousand inputs, but not for the gradient of a filter, which is a sum over all pixels of a batch. */
const webgpuFloat16: Forms = {
  ...cudaFloat16,
  inFloat32: ['Conv2DBackpropFilter', 'LocallyConnected2DBackpropFilter'],
};

const targets: Readonly<Record<DeviceKind, Readonly<Record<Target['precision'], Forms>>>> = {
  cpu: { float32: cpu, float16: cpu },
  webgpu: { float32: cpu, float16: webgpuFloat16 },
  cuda: { float32: cpu, float16: cudaFloat16 },
};

export function formsFor({ device, precision }: Target): Forms {
  return targets[device][precision];
}

/** The target of models that run on CPUs in float32. */
export const plainTarget: Target = { device: 'cpu', precision: 'float32' };
