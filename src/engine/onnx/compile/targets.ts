/**
 * How graphs are lowered for a device and a precision. This is the only place where the lowering depends on the device: the
 * passes read these capabilities, and not the names of devices.
 */
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
}

export const cpuTarget: Target = { device: 'cpu', precision: 'float32' };

const devices: Readonly<Record<DeviceKind, Capabilities>> = {
  cpu: { keepsValues: false },
  webgpu: { keepsValues: true },
  // The Node.js binding of ONNX Runtime 1.30 only leaves outputs in buffers of WebGPU.
  cuda: { keepsValues: false },
};

export function capabilitiesOf({ device }: Target): Capabilities {
  return devices[device];
}
