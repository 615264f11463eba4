/**
 * How graphs are lowered for a device and a precision. This is the only place where the lowering depends on the device: the
 * passes read these capabilities, and not the names of devices.
 */
import type { OpName } from '../../../graph/signature.ts';
import type { Mask } from '../../../ops/definition.ts';
import type { DeviceKind } from '../../device.ts';
import type { PrecisionOf } from '../../offers.ts';

/** What a graph is compiled for. */
export interface Target {
  readonly device: DeviceKind;
  readonly precision: PrecisionOf<'onnx'>;
}

export interface Capabilities {
  /** Whether the new values of variables, and values that only watched steps need, stay in the memory of the device. Only models
   * can read them there. */
  readonly keepsValues: boolean;
  /** Float16 values have that type in the model (`native`), or they are float32 values that are rounded (`rounded`,
   * round-to-float16.ts). */
  readonly float16: 'native' | 'rounded';
  /** Operators that stay float32 in the precision float16, although their records allow float16. */
  readonly inFloat32: readonly OpName[];
  /** Whether convolutions over many channels use Winograd's algorithm (expand-winograd.ts). It multiplies sums of inputs by factors
   * that differ a hundredfold, so it is not used where its intermediate values would be float16. */
  readonly winograd: boolean;
  /** Whether ConvTranspose is right for any groups. In WebGPU of ONNX Runtime 1.30, it is wrong for groups with several input channels and
   * one output channel, which are those of a depthwise convolution with several outputs per channel. */
  readonly transposesAnyGroups: boolean;
  /** Whether the device has code for ConvTranspose whose padding differs before and after an axis. ONNX Runtime's CUDA has none
   * (https://github.com/microsoft/onnxruntime/issues/11312), so the session would be refused. */
  readonly transposesUnevenPadding: boolean;
  /** The largest images, in bytes, for which operators of several passes are computed at once. Larger batches are divided, because their
   * tensors do not fit in the cache (split-batch.ts). Undefined: batches are not divided. */
  readonly partBytes: number | undefined;
  /** How masks of zeros and ones are computed. */
  readonly mask: Mask;
}

export const cpuTarget: Target = { device: 'cpu', precision: 'float32' };

const cpu: Capabilities = {
  keepsValues: false,
  float16: 'rounded',
  inFloat32: [],
  winograd: true,
  transposesAnyGroups: true,
  transposesUnevenPadding: true,
  partBytes: 2.5e6,
  mask: 'hardSigmoid',
};
// ONNX Runtime has float16 kernels for GPUs. The Node.js binding of ONNX Runtime 1.30 only leaves outputs in buffers of WebGPU.
const gpu: Capabilities = { ...cpu, float16: 'native', partBytes: undefined };
const cuda: Capabilities = { ...gpu, transposesUnevenPadding: false };
const webgpu: Capabilities = { ...gpu, keepsValues: true, transposesAnyGroups: false };
const inFloat16 = { winograd: false, mask: 'comparison' } as const;

const targets: Readonly<Record<DeviceKind, Readonly<Record<Target['precision'], Capabilities>>>> = {
  cpu: { float32: cpu, float16: cpu },
  webgpu: {
    float32: webgpu,
    // The products of WebGPU add in float16 (ONNX Runtime, gemm_utils.cc: `acc` has the type of the result). That suffices for the
    // sums of a layer, over some thousand products, but not for a filter gradient, which is a sum over all pixels of a batch.
    float16: {
      ...webgpu,
      ...inFloat16,
      inFloat32: ['Conv2DBackpropFilter', 'LocallyConnected2DBackpropFilter'],
    },
  },
  // The products of CUDA add in float32.
  cuda: { float32: cuda, float16: { ...cuda, ...inFloat16 } },
};

export function capabilitiesOf({ device, precision }: Target): Capabilities {
  return targets[device][precision];
}
