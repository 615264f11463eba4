/**
 * The control thread of a process in an MPI job. It initializes and finalizes MPI, which must happen in the same thread, and makes
 * all calls that are not part of a step, so that the main thread never waits for other processes. In a step, the thread of the
 * first tower calls MPI to add up gradients. The two threads never call MPI at the same time (the thread level is MPI_THREAD_SERIALIZED).
 */
import { RunError } from '../../errors.ts';
import { serve } from '../../threads/serve.ts';
import type { Launcher } from './launcher.ts';
import { findMpi, type MpiLibrary, openMpi } from './library.ts';
import { MpiGroup } from './mpi-group.ts';

/** What the main thread has to know about the job. */
export interface JobFacts {
  readonly rank: number;
  readonly size: number;
  /** The path or name of the library, and its name and version. */
  readonly library: string;
  readonly version: string;
}

export type MpiMethods = {
  readonly facts: () => JobFacts;
  readonly broadcast: (bytes: Uint8Array, root: number) => Uint8Array;
  readonly sum: (values: Float32Array) => Float32Array;
  readonly finalize: () => void;
};

serve<Launcher | undefined, MpiMethods>((launcher) => {
  const path = findMpi(launcher?.vendor, launcher?.name ?? 'this process');
  const library = openMpi(path);
  initialize(library);
  const group = new MpiGroup(library, 'sleeps');
  if (launcher !== undefined) requireAllProcesses(launcher, group, library);
  return {
    facts: () => ({ rank: group.rank, size: group.size, library: path, version: library.version }),
    broadcast: (bytes, root) => {
      group.broadcast(bytes, root);
      return bytes;
    },
    sum: (values) => {
      group.sum([values]);
      return values;
    },
    finalize: () => finalize(library),
  };
});

function initialize(library: MpiLibrary): void {
  const { THREAD_SERIALIZED } = library.abi;
  if (library.read('Finalized') !== 0)
    throw new RunError('MPI was finalized in this process, and cannot be initialized again');
  if (library.read('Initialized') !== 0)
    throw new RunError('MPI has already been initialized in this process');
  const level = library.read('Init_thread', null, null, THREAD_SERIALIZED);
  if (level < THREAD_SERIALIZED)
    throw new RunError(`${library.version} was built without support for threads (MPI_THREAD_SERIALIZED)`);
  library.call('Comm_set_errhandler', library.handle('COMM_WORLD'), library.handle('ERRORS_RETURN'));
}

function finalize(library: MpiLibrary): void {
  if (library.read('Finalized') === 0) library.call('Finalize');
}

/** A library that does not belong to the launcher makes each process a job of its own.
 * @throws RunError when MPI does not know the processes that the launcher started */
function requireAllProcesses({ name, rank, size }: Launcher, group: MpiGroup, library: MpiLibrary): void {
  if (group.rank === rank && group.size === (size ?? group.size)) return;
  finalize(library);
  const started = size === undefined ? `process ${rank}` : `process ${rank} of ${size}`;
  throw new RunError(
    `${name} started this process as ${started}, but ${library.version} (${library.path}) sees process ${group.rank} of ` +
      `${group.size}: the library and the launcher do not belong together. Start the program with the mpirun of ` +
      `${library.version} (Slurm: srun --mpi=pmix or --mpi=pmi2), or name the library of the launcher in CIFAR10_MPI`,
  );
}
