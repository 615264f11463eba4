/** How many towers of one process can share a device. */
import { UsageError } from '../errors.ts';
import { type Device, deviceParts } from './device.ts';

/** @throws UsageError when a process cannot have that many towers on the device */
export function requireTowersOn(device: Device, towers: number): void {
  if (towers === 1 || deviceParts(device).kind !== 'webgpu') return;
  throw new UsageError(
    `\`device: webgpu\` allows 1 tower in a process, found \`towers: ${towers}\`: ONNX Runtime can crash if two sessions use ` +
      'WebGPU at the same time. Start the processes of an MPI job instead, such as mpirun -np 2, with one tower each',
  );
}
