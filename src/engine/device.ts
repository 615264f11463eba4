/** The devices on which engines compute. */

/** A kind of device. */
export type DeviceKind = 'cpu' | 'webgpu' | 'cuda';
/** A device: the CPU, the GPU that WebGPU selects, or a GPU of NVIDIA. `cuda` is `cuda:0`. */
export type Device = DeviceKind | `cuda:${number}`;

export interface DeviceParts {
  readonly kind: DeviceKind;
  /** The number of the device among those of its kind, from 0. */
  readonly index: number;
}

/** Returns the kind and number of a device. */
export function deviceParts(device: Device): DeviceParts {
  const [kind = '', index = '0'] = device.split(':');
  return { kind: kind === 'cuda' || kind === 'webgpu' ? kind : 'cpu', index: Number(index) };
}

/** Returns the device that the text names, or undefined if it names none. */
export function parseDevice(text: string): Device | undefined {
  if (text === 'cpu' || text === 'webgpu' || text === 'cuda') return text;
  const index = /^cuda:(0|[1-9]\d{0,2})$/.exec(text)?.[1];
  return index === undefined ? undefined : `cuda:${Number(index)}`;
}
