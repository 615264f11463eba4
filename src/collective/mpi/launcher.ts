/** Recognizes from the environment that the process was started as one of several by an MPI launcher. */
import { fstatSync, writeSync } from 'node:fs';
import { RunError } from '../../errors.ts';
import type { Vendor } from './abi.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Launcher {
  /** What to call it in messages. */
  readonly name: string;
  /** The implementation of MPI that it starts. Undefined if it starts several. */
  readonly vendor: Vendor | undefined;
  readonly rank: number;
  /** The number of processes that it started. Undefined if the environment does not say it. */
  readonly size: number | undefined;
}

interface Kind {
  readonly name: string;
  readonly vendor?: Vendor;
  /** The variables that contain the rank and the number of processes. */
  readonly rank: string;
  readonly size?: string;
  /** A variable that only this launcher sets. */
  readonly mark?: string;
}

/**
 * The launchers. The first that fits is the one that started this process: mpirun may itself start its helpers with srun, whose
 * variables the processes then inherit. srun sets SLURM_STEP_NUM_TASKS for its tasks; in a batch script, which is a single process,
 * it is 1 or not set.
 */
const kinds: readonly Kind[] = [
  {
    ...{ name: "Open MPI's mpirun", vendor: 'Open MPI' },
    ...{ rank: 'OMPI_COMM_WORLD_RANK', size: 'OMPI_COMM_WORLD_SIZE' },
  },
  { name: 'mpiexec (Hydra)', vendor: 'MPICH', mark: 'MPI_LOCALRANKID', rank: 'PMI_RANK', size: 'PMI_SIZE' },
  { name: 'a PMI launcher', rank: 'PMI_RANK', size: 'PMI_SIZE' },
  { name: 'srun', rank: 'SLURM_PROCID', size: 'SLURM_STEP_NUM_TASKS' },
  { name: 'a PMIx launcher', rank: 'PMIX_RANK' },
];

/** The launcher of this process, or undefined if it was not started by one. */
export function launcherOf(environment: Environment): Launcher | undefined {
  const number = (name: string | undefined) => wholeNumber(environment[name ?? '']);
  for (const { name, vendor, rank, size, mark = rank } of kinds) {
    const [own, all] = [number(rank), number(size)];
    if (own === undefined || environment[mark] === undefined) continue;
    if (size !== undefined && all === undefined) continue;
    return { name, vendor, rank: own, size: all };
  }
  return undefined;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** Requires the connection to the launcher to be open. MPI would otherwise end the process without a useful message.
 * @throws RunError when a program between the launcher and this one has closed the connection, as npx does */
export function requireConnection({ PMI_FD }: Environment): void {
  const connection = wholeNumber(PMI_FD);
  if (connection === undefined || isSocket(connection)) return;
  throw new RunError(
    `the connection to the MPI launcher is closed (file descriptor ${connection}, from PMI_FD): a program between mpirun and this ` +
      'one did not pass it on, such as npx. Let mpirun start Node.js directly, as in mpirun -np 2 node bin/cifar10.mjs train',
  );
}

/** Whether the file descriptor is a socket. Another program may have closed the descriptor of a connection, and its number may have
 * been used again. */
function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket();
  } catch {
    return false;
  }
}

/** Asks the launcher to end all its processes, before MPI is initialized in this one. Hydra, MPICH's launcher, otherwise lets them
 * wait for a process that has ended. Other launchers end them anyway. */
export function abortLaunch({ PMI_FD }: Environment, exitCode: number): void {
  const connection = wholeNumber(PMI_FD);
  if (connection === undefined || !isSocket(connection)) return;
  try {
    writeSync(connection, `cmd=abort exitcode=${exitCode}\n`);
  } catch {
    // The launcher has ended.
  }
}
