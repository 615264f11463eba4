/** What messages about a device say about this machine. Tests replace it. */
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { installedFolder } from './installed-package.ts';

export interface ProbeMachine {
  readonly platform: string;
  readonly arch: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly exists: (path: string) => boolean;
  /** Whether this process may read and write the file. */
  readonly isAccessible: (path: string) => boolean;
  /** The names in a folder, which are none if it cannot be read. */
  readonly list: (folder: string) => readonly string[];
  /** The text of a file, or an empty text. */
  readonly read: (path: string) => string;
  /** The folder of the package onnxruntime-node. */
  readonly runtimeFolder: () => string;
}

export const thisMachine: ProbeMachine = {
  platform: process.platform,
  arch: process.arch,
  environment: process.env,
  exists: existsSync,
  isAccessible: (path) =>
    otherwise(false, () => {
      accessSync(path, constants.R_OK | constants.W_OK);
      return true;
    }),
  list: (folder) => otherwise([], () => readdirSync(folder)),
  read: (path) => otherwise('', () => readFileSync(path, 'utf8')),
  runtimeFolder: () => otherwise('node_modules/onnxruntime-node', installedFolder),
};

function otherwise<T>(fallback: T, read: () => T): T {
  try {
    return read();
  } catch {
    return fallback;
  }
}

/** Whether the kernel has NVIDIA's driver. In WSL, the driver is that of Windows. */
export function hasNvidiaDriver({ exists }: ProbeMachine): boolean {
  return ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/usr/lib/wsl/lib/libcuda.so.1'].some(exists);
}

/** The models of the NVIDIA GPUs, in the order of the folder in which the driver lists them. */
export function nvidiaGpus({ list, read }: ProbeMachine): readonly string[] {
  const folder = '/proc/driver/nvidia/gpus';
  return list(folder).map(
    (gpu) => /^Model:\s*(.+)$/m.exec(read(`${folder}/${gpu}/information`))?.[1]?.trim() ?? 'NVIDIA GPU',
  );
}
