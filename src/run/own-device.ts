/** Gives each process of an MPI job a GPU of its own. */
import { readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Job } from '../collective/mpi/start-mpi.ts';
import type { Device } from '../engine/device.ts';
import { rankAmongSame } from './ranks.ts';

/** Returns the device of this process. `cuda` without a number means, for the processes of a job, that those on the same host take
 * the host's GPUs in turn: the first process `cuda`, the second `cuda:1`. All other devices are returned unchanged.
 * @param job the processes, which all call this
 * @param gpus the number of NVIDIA's GPUs that CUDA shows to this process */
export async function ownDevice(
  device: Device,
  job: Job | undefined,
  gpus: number = visibleGpus(),
): Promise<Device> {
  if (job === undefined) return device;
  const local = await rankAmongSame(job, hostname());
  if (device !== 'cuda' || gpus < 2 || local % gpus === 0) return device;
  return `cuda:${local % gpus}`;
}

/** Returns the number of NVIDIA's GPUs that CUDA shows to this process, or 0 if it is unknown. Launchers such as srun may show each
 * process only its own GPU, by CUDA_VISIBLE_DEVICES.
 * @param count returns the number of GPUs of the machine */
export function visibleGpus(
  { CUDA_VISIBLE_DEVICES: visible }: Readonly<Record<string, string | undefined>> = process.env,
  count: () => number = gpusOfDriver,
): number {
  if (visible === undefined) return count();
  const names = visible.split(',').map((name) => name.trim());
  // CUDA ignores everything from the first invalid entry on.
  const end = names.findIndex((name) => name === '' || name.startsWith('-'));
  return end === -1 ? names.length : end;
}

/** The driver of NVIDIA for Linux has a folder for each GPU. */
function gpusOfDriver(): number {
  try {
    return readdirSync('/proc/driver/nvidia/gpus').length;
  } catch {
    return 0;
  }
}
