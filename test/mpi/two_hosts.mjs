// @ts-check
/** Trains with two processes on two hosts. See `usage`. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { findWay, isInside, runInside, TwoHosts } from './hosts.mjs';
import { Job, launcherOf, vendors } from './jobs.mjs';

const usage = `Usage: node test/mpi/two_hosts.mjs [flags]

Trains with two processes on two hosts, with Open MPI and with MPICH, and checks how jobs end and resume. The hosts are
network namespaces of this machine, connected over TCP. No root is needed, only a kernel that lets users create user
namespaces. Otherwise both processes run on this host, and the cases that need two hosts are skipped.

  --cases LIST   which cases (default: all)
  --mpi NAME     only with "Open MPI" or MPICH
  --seed N       chooses the random steps (default: the time)
  --help         shows this help

Cases:
  whole      an undisturbed job: ends, uses TCP, and its checkpoint is bit-identical to that of a job on one host
  kill       kills a process, first rank 0, then rank 1, at a random step
  cut        interrupts the network at a random step, and restores it before the job is resumed
  outage     interrupts the network for 8 seconds, less than the limit (15 seconds here, 60 by default)
  suspend    suspends rank 1 for 20 seconds, more than the limit

Every disturbed job must end within a limited time, or continue; the same command then resumes it, and its last checkpoint
must be bit-identical to that of the undisturbed job.`;

const steps = 40;
const { values: flags } = parseArgs({
  options: {
    cases: { type: 'string', default: 'whole,kill,cut,outage,suspend' },
    mpi: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    help: { type: 'boolean', default: false },
  },
});
/** How many seconds a job may take to end after a process was killed, and after the network was cut. */
const [killLimit, cutLimit] = [15, 30];

let state = Number(flags.seed);
/** Returns a whole number from `from` to `to`. @param {number} from @param {number} to */
function random(from, to) {
  state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
  return from + Math.floor((state / 2 ** 31) * (to - from + 1));
}

/** What a case needs: the vendor's jobs in the folder. */
class Trial {
  #vendor;
  #folder;
  #hosts;

  /**
   * @param {import('./jobs.mjs').Vendor} vendor
   * @param {string} folder
   * @param {TwoHosts | undefined} hosts undefined if there is only this one
   */
  constructor(vendor, folder, hosts) {
    this.#vendor = vendor;
    this.#folder = folder;
    this.#hosts = hosts;
  }

  get hosts() {
    if (this.#hosts === undefined) throw new Error('there is only one host');
    return this.#hosts;
  }

  /** The flags with which the launcher itself notices that a host is lost. */
  get noticing() {
    return this.#vendor.noticing;
  }

  /** Starts training in a folder. @param {string} dir
   * @param {{ onOneHost?: boolean, more?: readonly string[] }} options `more` are flags of the launcher */
  train(dir, { onOneHost = false, more = [] } = {}) {
    const where = ['--train-dir', this.#path(dir), '--data-dir', join(this.#folder, 'data')];
    const what = ['--dataset', 'synthetic', '--engine', 'onnx', '--batch-size', '16'];
    const how = ['--max-steps', `${steps}`, '--checkpoint-steps', '5', '--summary-steps', '0'];
    const words = ['train', ...where, ...what, ...how, '--log-frequency', '1', '--json'];
    return new Job(this.#vendor, words, this.#hosts?.shell, onOneHost, more);
  }

  /** Resumes a run until its end, and compares its last checkpoint with that of the undisturbed job. @param {string} dir */
  async resume(dir) {
    const job = this.train(dir);
    await this.complete(dir, job);
    if (!/"resumedFrom":"[^"]*ckpt-[1-9]/.test(job.output))
      throw new Error(`did not resume\n${job.lastLines}`);
  }

  /** @param {string} dir @param {Job} job */
  async complete(dir, job) {
    const code = await job.code;
    if (code !== 0) throw new Error(`exit code ${code}\n${job.lastLines}`);
    const files = [dir, 'whole'].map((run) => readFileSync(join(this.#path(run), this.#last)));
    if (files[0] === undefined || files[1] === undefined || !files[0].equals(files[1]))
      throw new Error(`${this.#last} differs from that of the undisturbed job`);
  }

  /** Requires the folder to contain nothing unfinished. @param {string} dir */
  requireWhole(dir) {
    const odd = readdirSync(this.#path(dir)).filter((name) => /tmp|partial|unfinished/.test(name));
    if (odd.length > 0) throw new Error(`unfinished files: ${odd}`);
  }

  get #last() {
    return `model.ckpt-${steps}.safetensors`;
  }

  /** @param {string} dir */
  #path(dir) {
    return join(this.#folder, this.#vendor.name.replace(' ', ''), dir);
  }
}

/**
 * Each case returns what it measured.
 * @type {Readonly<Record<string, { twoHosts: boolean, run: (trial: Trial) => Promise<string> }>>}
 */
const cases = {
  whole: {
    twoHosts: true,
    async run(trial) {
      const job = trial.train('two');
      const before = trial.hosts.bytes;
      await trial.complete('two', job);
      const perStep = (trial.hosts.bytes - before) / steps;
      // Every process sends 1.07 million gradients of four bytes per step.
      if (perStep < 4e6) throw new Error(`only ${perStep} bytes per step came over the network`);
      return `${(perStep / 1e6).toFixed(1)} MB per step over TCP`;
    },
  },
  kill: {
    twoHosts: false,
    async run(trial) {
      const found = [];
      for (const rank of [0, 1]) {
        const step = random(6, steps - 10);
        const job = trial.train(`kill-${rank}`);
        await job.reach(step);
        job.signal(rank, 'SIGKILL');
        const after = await job.end(killLimit);
        if ((await job.code) === 0) throw new Error(`exit code 0\n${job.lastLines}`);
        await trial.resume(`kill-${rank}`);
        found.push(`rank ${rank} at step ${step}: ended after ${seconds(after)}`);
      }
      return found.join(', ');
    },
  },
  cut: {
    twoHosts: true,
    async run(trial) {
      // Without these flags, Open MPI's mpirun waits much longer than the processes.
      const isEnough = trial.noticing.length === 0;
      const found = await cut(trial, 'cut', [], isEnough, (output) =>
        /no answer from rank 1 on host-b/.test(output),
      );
      if (isEnough) return found;
      const more = await cut(trial, 'cut-2', trial.noticing, true, (output) => /host-b/.test(output));
      return `${found}, without mpirun; ${more} with flags by which mpirun notices it`;
    },
  },
  outage: {
    twoHosts: true,
    async run(trial) {
      const step = random(6, steps - 20);
      const job = trial.train('outage');
      await job.reach(step);
      trial.hosts.setLink(false);
      await sleep(8000);
      const during = job.step;
      trial.hosts.setLink(true);
      const again = performance.now();
      await job.reach(during + 2);
      const after = (performance.now() - again) / 1000;
      await trial.complete('outage', job);
      return `at step ${step}: trained again ${seconds(after)} after the network was back`;
    },
  },
  suspend: {
    twoHosts: false,
    async run(trial) {
      const step = random(6, steps - 20);
      const job = trial.train('suspend');
      await job.reach(step);
      job.signal(1, 'SIGSTOP');
      await sleep(20_000);
      job.signal(1, 'SIGCONT');
      await trial.complete('suspend', job);
      return `at step ${step}: continued`;
    },
  },
};

/**
 * Cuts the network at a random step, and resumes when it is back.
 * @param {Trial} trial
 * @param {string} dir
 * @param {readonly string[]} more flags of the launcher
 * @param {boolean} withLauncher whether the launcher must end too
 * @param {(output: string) => boolean} isSaid whether the output says what happened
 */
async function cut(trial, dir, more, withLauncher, isSaid) {
  const step = random(6, steps - 20);
  const job = trial.train(dir, { more });
  await job.reach(step);
  trial.hosts.setLink(false);
  try {
    const after = await job.end(cutLimit, withLauncher);
    if (withLauncher && (await job.code) === 0) throw new Error(`exit code 0\n${job.lastLines}`);
    if (!isSaid(job.output)) throw new Error(`no message\n${job.lastLines}`);
    trial.requireWhole(dir);
    return `at step ${step}: ended after ${seconds(after)}`;
  } finally {
    trial.hosts.setLink(true);
    await job.killAll();
    await trial.resume(dir);
  }
}

/** @param {number} number */
function seconds(number) {
  return `${number.toFixed(1)} s`;
}

/** Runs the cases of a vendor. Returns the number of failures. @param {import('./jobs.mjs').Vendor} vendor
 * @param {readonly string[]} names @param {string} folder @param {TwoHosts | undefined} hosts */
async function test(vendor, names, folder, hosts) {
  const trial = new Trial(vendor, folder, hosts);
  const reference = trial.train('whole', { onOneHost: true });
  if ((await reference.code) !== 0) {
    console.log(`${vendor.name} FAILED   the undisturbed job\n${reference.lastLines}`);
    return 1;
  }
  let failures = 0;
  for (const name of names) {
    const { twoHosts = false, run } = cases[name] ?? {};
    const started = performance.now();
    const report = (/** @type {string} */ text) =>
      console.log(`${vendor.name.padEnd(8)} ${name.padEnd(8)} ${text}`);
    if (twoHosts && hosts === undefined) {
      report('skipped: it needs two hosts');
      continue;
    }
    try {
      const found = await run?.(trial);
      report(`passed   ${found} (${seconds((performance.now() - started) / 1000)} in all)`);
    } catch (error) {
      failures++;
      report(`FAILED   ${error instanceof Error ? error.message : error}`);
    }
  }
  return failures;
}

/** Runs the cases. Returns the exit code. @param {string} folder */
async function main(folder) {
  // The launchers' own files are removed with the folder.
  process.env['TMPDIR'] = folder;
  const names = flags.cases.split(',');
  console.log(`${isInside ? 'two hosts' : 'one host'}, seed ${flags.seed}`);
  const hosts = isInside ? new TwoHosts(folder) : undefined;
  let failures = 0;
  for (const vendor of vendors.filter(({ name }) => flags.mpi === undefined || flags.mpi === name)) {
    if (launcherOf(vendor) === undefined) console.log(`${vendor.name} skipped: it is not installed`);
    else failures += await test(vendor, names, folder, hosts);
  }
  return failures === 0 ? 0 : 1;
}

/** Runs this script in namespaces, if that is possible. @param {string} folder */
function start(folder) {
  const found = findWay();
  if ('way' in found) return runInside(found.way, { CIFAR10_TEST_FOLDER: folder });
  console.log(`skipped the cases with two hosts: ${found.missing}`);
  return main(folder);
}

/** Removes the folder at the end, whatever happens. */
async function withFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-hosts-'));
  try {
    return await start(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const unknown = flags.cases.split(',').filter((name) => !(name in cases));
const isKnown = flags.mpi === undefined || vendors.some(({ name }) => name === flags.mpi);
if (flags.help) console.log(usage);
else if (unknown.length > 0) {
  console.error(`unknown cases: ${unknown}; there are ${Object.keys(cases)}`);
  process.exitCode = 2;
} else if (!isKnown) {
  console.error(
    `unknown implementation ${flags.mpi}; there are ${vendors.map(({ name }) => name).join(' and ')}`,
  );
  process.exitCode = 2;
} else {
  const inside = process.env['CIFAR10_TEST_FOLDER'];
  process.exitCode = await (isInside && inside !== undefined ? main(inside) : withFolder());
}
if (isInside) process.exit();
