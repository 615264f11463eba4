// @ts-check
/** Training jobs of two processes: starts them, follows their steps, and finds and kills their processes. */
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { network } from './hosts.mjs';

export const program = fileURLToPath(new URL('../../bin/cifar10.mjs', import.meta.url));

/** The variables in which launchers pass the rank. */
const rankVariable = /^(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)$/m;

/**
 * @typedef {object} Vendor
 * @property {string} name
 * @property {readonly string[]} commands names of its launcher, of which the first that fits is used
 * @property {RegExp} version what its launcher prints
 * @property {readonly string[]} flags
 * @property {(shell: string) => readonly string[]} remote the flags for two hosts
 * @property {readonly string[]} noticing the flags with which its launcher itself soon notices that a host is lost. Empty if the
 * launcher ends without them
 */

/** @type {readonly Vendor[]} */
export const vendors = [
  {
    name: 'Open MPI',
    commands: ['mpirun.openmpi', 'mpirun'],
    version: /Open MPI/,
    flags: ['--oversubscribe', '--bind-to', 'none', '-np', '2'],
    remote: (shell) => [
      ...['--host', 'host-a,host-b', '--mca', 'plm_rsh_agent', shell],
      ...['--mca', 'btl', 'tcp,self', '--mca', 'btl_tcp_if_include', network],
    ],
    // Asks after 3 seconds without a message, each second, 3 times. It must be faster than the limit of our processes.
    noticing: ['time', 'intvl', 'probes'].flatMap((name, index) => [
      ...['--mca', `oob_tcp_keepalive_${name}`, ['3', '1', '3'][index] ?? ''],
    ]),
  },
  {
    name: 'MPICH',
    commands: ['mpirun.mpich', 'mpiexec.hydra', 'mpirun'],
    version: /HYDRA/,
    flags: ['-np', '2'],
    remote: (shell) => ['-hosts', 'host-a,host-b', '-launcher', 'ssh', '-launcher-exec', shell],
    noticing: [],
  },
];

/** A variable that marks the processes of our jobs, whichever launcher started them. */
const mark = { name: 'CIFAR10_TEST_JOB', value: randomUUID() };

const environment = {
  ...{ OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
  ...{ PRTE_ALLOW_RUN_AS_ROOT: '1', PRTE_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
  // With several threads, results depend on their number, and processes on one host share its cores.
  OMP_NUM_THREADS: '1',
  CIFAR10_MPI_TIMEOUT: '15',
  [mark.name]: mark.value,
};

/** Returns the path of the launcher, or undefined if it is not installed. @param {Vendor} vendor */
export function launcherOf({ commands, version }) {
  return commands.find((name) =>
    version.test(
      spawnSync(name, ['--version'], { encoding: 'utf8', env: { ...process.env, ...environment } }).stdout ??
        '',
    ),
  );
}

export class Job {
  #child;
  #isEnded = false;
  output = '';
  /** @type {Promise<number>} the exit code of the launcher */
  code;

  /**
   * @param {Vendor} vendor
   * @param {readonly string[]} words those of `cifar10`
   * @param {string | undefined} shell how to reach the two hosts, or undefined if there is only this one
   * @param {boolean} onOneHost whether both processes run on the same host
   * @param {readonly string[]} more flags of the launcher
   */
  constructor(vendor, words, shell, onOneHost, more = []) {
    const launcher = launcherOf(vendor) ?? vendor.name;
    const where = shell === undefined || onOneHost ? [] : vendor.remote(shell);
    const line = [launcher, ...vendor.flags, ...more, ...where, process.execPath, program, ...words];
    const [command = '', ...rest] = shell === undefined ? line : [shell, 'host-a', `exec ${line.join(' ')}`];
    this.#child = spawn(command, rest, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        this.output += text;
      });
    this.code = new Promise((resolve) =>
      this.#child.once('close', (code) => {
        this.#isEnded = true;
        resolve(code ?? 1);
      }),
    );
  }

  /** The last lines of the output, which are the ones to read after a failure. */
  get lastLines() {
    return this.output.slice(-2000);
  }

  /** The number of the last step that was printed, or -1. */
  get step() {
    const steps = [...this.output.matchAll(/"kind":"step","step":(\d+)/g)];
    return Number(steps.at(-1)?.[1] ?? -1);
  }

  /** The processes that train. */
  get processes() {
    return processes();
  }

  /** Resolves when a step has been printed. @param {number} step @param {number} seconds the most that this may take */
  async reach(step, seconds = 60) {
    await this.#until(() => this.step >= step, seconds, `it did not reach step ${step}`);
  }

  /** Sends a signal to a process. @param {number} rank @param {NodeJS.Signals} signal */
  signal(rank, signal) {
    const found = processes().filter((one) => one.rank === rank);
    if (found.length === 0) throw new Error(`no process has rank ${rank}`);
    for (const { pid } of found) process.kill(pid, signal);
  }

  /** Returns after how many seconds all processes that train have ended, and the launcher too.
   * @param {number} limit the most seconds this may take
   * @param {boolean} withLauncher whether to wait for the launcher */
  async end(limit, withLauncher = true) {
    const started = performance.now();
    await this.#until(() => processes().length === 0, limit, 'its processes did not end', false);
    if (withLauncher) await this.#until(() => this.#isEnded, limit, 'mpirun did not end', false);
    return (performance.now() - started) / 1000;
  }

  /** Kills what is left of the job, such as launchers on other hosts. */
  async killAll() {
    for (const { pid } of marked()) process.kill(pid, 'SIGKILL');
    if (!this.#isEnded) await this.code;
    await this.#until(() => marked().length === 0, 10, 'its processes did not end', false);
  }

  /**
   * @param {() => boolean} isDone
   * @param {number} seconds
   * @param {string} otherwise
   * @param {boolean} mustRun whether the job must not end meanwhile
   */
  async #until(isDone, seconds, otherwise, mustRun = true) {
    for (let tries = 0; !isDone(); tries++) {
      if (tries > seconds * 20 || (mustRun && this.#isEnded))
        throw new Error(`${otherwise} within ${seconds} s\n${this.lastLines}`);
      await sleep(50);
    }
  }
}

/** The processes that train. */
function processes() {
  return marked().flatMap(({ pid, variables }) => {
    const rank = rankVariable.exec(variables)?.[1];
    return rank === undefined || !read(pid, 'cmdline').includes(program) ? [] : [{ pid, rank: Number(rank) }];
  });
}

/** All processes of our jobs, launchers included. */
function marked() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), variables: read(Number(name), 'environ').replaceAll('\0', '\n') }))
    .filter(({ variables }) => variables.includes(`${mark.name}=${mark.value}`));
}

/** Returns an empty text for a process that has ended. @param {number} pid @param {string} file */
function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
