/** Starts MPI jobs for tests, with the launchers that the machine has. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Vendor } from '../collective/mpi/abi.ts';
import { type Outcome, outcomeOf } from './program.ts';

export interface JobOutcome {
  /** The exit code of the launcher. */
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** A launcher, or the reason why tests that need it are skipped. */
export type FoundLauncher =
  | { readonly command: string; readonly flags: readonly string[] }
  | { readonly missing: string };

const launchers: Readonly<
  Record<Vendor, { commands: readonly string[]; version: RegExp; flags: readonly string[] }>
> = {
  // Without `--bind-to none`, Open MPI binds each of up to two processes to a single core, and each of more to a socket or NUMA node.
  'Open MPI': {
    commands: ['mpirun.openmpi', 'mpirun'],
    version: /Open MPI/,
    flags: ['--oversubscribe', '--bind-to', 'none'],
  },
  MPICH: { commands: ['mpirun.mpich', 'mpiexec.hydra', 'mpirun'], version: /HYDRA/, flags: [] },
};

export const mpiVendors: readonly Vendor[] = ['Open MPI', 'MPICH'];

/** The variables that let root use Open MPI's launchers, as in a container. */
export const forRoot: Readonly<Record<string, string>> = {
  ...{ OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
  ...{ PRTE_ALLOW_RUN_AS_ROOT: '1', PRTE_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
};

export function findLauncher(vendor: Vendor): FoundLauncher {
  const { commands, version, flags } = launchers[vendor];
  const env = { ...process.env, ...forRoot };
  const command = commands.find((name) =>
    version.test(spawnSync(name, ['--version'], { encoding: 'utf8', env }).stdout ?? ''),
  );
  return command === undefined ? { missing: `mpirun of ${vendor} is not installed` } : { command, flags };
}

/** Returns the command, words and environment that run `node` with these words as a job of `size` processes. */
function jobLine(
  vendor: Vendor,
  size: number,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
) {
  const found = findLauncher(vendor);
  if ('missing' in found) throw new Error(found.missing);
  const line = [...found.flags, '-np', `${size}`, process.execPath, ...words];
  return { command: found.command, line, env: { ...process.env, ...forRoot, ...environment } };
}

/** Runs `node` with these words as a job of `size` processes, and ends it after a minute. */
export function mpirun(
  vendor: Vendor,
  size: number,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<JobOutcome> {
  const { command, line, env } = jobLine(vendor, size, words, environment);
  return new Promise((resolve) => {
    const child = execFile(command, line, { env, timeout: 60_000 }, (_, output, errors) =>
      resolve({ code: child.exitCode, output, errors }),
    );
  });
}

/** A job whose processes can be killed. */
export interface StartedJob {
  /** Resolves when the launcher and all processes have ended. */
  readonly outcome: Promise<Outcome>;
  /** Kills the process with this rank. Returns whether there is one. */
  readonly kill: (rank: number) => boolean;
}

/** The variable that marks the processes of a job, whichever launcher started them. */
const markVariable = 'CIFAR10_TEST_JOB';

/** Starts `node` with these words as a job of `size` processes. `onLine` receives its standard output line by line. Linux only. */
export function startJob(
  vendor: Vendor,
  size: number,
  words: readonly string[],
  onLine: (line: string) => void,
): StartedJob {
  const mark = randomUUID();
  const { command, line, env } = jobLine(vendor, size, words, { [markVariable]: mark });
  const child = spawn(command, line, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = async () => {
    const outcome = await outcomeOf(child, onLine);
    // Open MPI's launcher may end up to two seconds before the last process.
    while (ranksOf(mark).length > 0) await sleep(20);
    return outcome;
  };
  const kill = (rank: number) => {
    const victims = ranksOf(mark).filter((one) => one.rank === rank);
    for (const { pid } of victims) process.kill(pid, 'SIGKILL');
    return victims.length > 0;
  };
  return { outcome: end(), kill };
}

/** The processes of a job that have a rank. */
function ranksOf(mark: string): readonly { readonly pid: number; readonly rank: number }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const variables = environmentOf(name);
    if (!variables.includes(`${markVariable}=${mark}`)) return [];
    const [, rank] = /^(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)$/m.exec(variables.join('\n')) ?? [];
    return rank === undefined ? [] : [{ pid: Number(name), rank: Number(rank) }];
  });
}

/** Returns nothing for a process that has ended. */
function environmentOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** What a process of `mpi-member.ts` reports. */
export interface MemberReport {
  readonly rank?: number;
  readonly size?: number;
  readonly library?: string;
  readonly passed?: number;
  readonly nested?: number;
  readonly waited?: number;
  readonly sums?: readonly string[];
  /** The memory that the process uses, in bytes, and its open files, before and after many sums. */
  readonly memory?: readonly [number, number];
  readonly files?: readonly [number, number];
  readonly error?: string;
  readonly alone?: boolean;
}

/** Runs `mpi-member.ts` as a job.
 * @param role what the processes do */
export async function memberJob(
  vendor: Vendor,
  size: number,
  role: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<JobOutcome & { readonly reports: readonly MemberReport[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-mpi-'));
  try {
    const member = fileURLToPath(new URL('./mpi-member.js', import.meta.url));
    const outcome = await mpirun(vendor, size, [member, role], { REPORTS: folder, ...environment });
    const files = readdirSync(folder).sort();
    return { ...outcome, reports: files.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8'))) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
