/** Describes the machine and the versions with which something is measured. */
import { cpus } from 'node:os';
import { usableCores } from '../machine/cores.ts';
import { version } from '../version.ts';
import { counted } from '../wording.ts';
import type { Measurement } from './measurement.ts';

/** @param libraries the libraries of the engines, with their versions */
export function describeMachine(libraries: readonly string[]): Measurement {
  const names = [...new Set(libraries)].join(', ');
  return {
    kind: 'benchMachine',
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${counted(usableCores(), 'core')}`,
    versions: `cifar10 ${version}, ${names}, Node ${process.versions.node}`,
  };
}
