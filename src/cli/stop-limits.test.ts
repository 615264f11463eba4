/** Stops the program while something hangs forever. The process must exit nevertheless. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../errors.ts';
import { main, program, soonMillis } from '../testing/program.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-limits-'));
const data = join(folder, 'data');
const fifo = join(folder, 'fifo');
const isLinux = process.platform === 'linux';

before(async () => {
  await copySynthetic(data);
  if (isLinux) execFileSync('mkfifo', [fifo]);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const train = (name: string, ...more: readonly string[]) => [
  ...['train', '--dataset', 'synthetic', '--data-dir', data, '--train-dir', join(folder, name)],
  ...['--log-frequency', '1', '--batch-size', '16', ...smallNetwork, ...more],
];
const checkpoints = (name: string) =>
  readdirSync(join(folder, name)).filter((file) => /ckpt-\d+\.safetensors$/.test(file));

const unfinished = (name: string) =>
  readdirSync(join(folder, name)).filter((file) => file.endsWith('.tmp') || file === 'lock');

/** Returns environment variables that make the program run a script first. */
const preloading = (script: string) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}`,
});

/** Makes the renaming of every checkpoint but the first block a thread of Node's pool in a system call that never returns. */
const hangingSave = preloading(`
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const rename = fs.promises.rename;
  fs.promises.rename = (from, to) => /ckpt-[1-9]/.test(from) ? fs.promises.open('${fifo}') : rename(from, to);
  syncBuiltinESMExports();
`);

/** Blocks the main thread forever after SIGTERM. */
const blockedMainThread = preloading(`
  process.on('SIGTERM', () => setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 20));
`);

/** Starts a run, sends it signals a little more than a second apart once it has begun, and waits for its end. */
async function stopped(
  words: readonly string[],
  signals: number,
  environment: Readonly<Record<string, string>>,
) {
  let isStopping = false;
  const outcome = await program(
    words,
    (line, kill) => {
      if (isStopping || !line.includes(': step 3,')) return;
      isStopping = true;
      kill('SIGTERM');
      for (let more = 1; more < signals; more++) setTimeout(() => kill('SIGTERM'), more * 1100);
    },
    folder,
    environment,
  );
  return outcome;
}

/** Sends SIGTERM, unless the process has already ended, as may happen on a busy machine. */
function terminate(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

// These tests run concurrently, because they mostly wait.
describe('a stop', { concurrency: 2 }, () => {
  describe('a stop while a save hangs', { skip: !isLinux, timeout: 60_000 }, () => {
    test('ends the process, says what is lost, and leaves nothing that looks like a checkpoint', async () => {
      const outcome = await stopped(train('hanging'), 1, hangingSave);
      assert.equal(outcome.shellCode, 143, outcome.errors);
      assert.match(
        outcome.errors,
        /^warning: exiting at once \(the file system does not answer\): the last checkpoint has step 0; \d+ steps are lost$/m,
      );
      assert.deepEqual(checkpoints('hanging'), ['model.ckpt-0.safetensors']);
      assert.deepEqual(unfinished('hanging'), []);
      const next = await program(train('hanging', '--max-steps', '2', '--checkpoint-steps', '1'));
      assert.equal(next.code, 0, next.errors);
      assert.deepEqual(unfinished('hanging'), []);
    });

    test('ends the process at once if it is repeated', async () => {
      const outcome = await stopped(train('asked-twice'), 2, hangingSave);
      assert.equal(outcome.shellCode, 143, outcome.errors);
      assert.match(outcome.errors, /^warning: exiting at once: the last checkpoint has step 0; \d+ steps? /m);
      assert.deepEqual(unfinished('asked-twice'), []);
    });

    const namespaces = ['--pid', '--fork', '--mount-proc', '--kill-child'];
    const hasNamespaces = isLinux && spawnSync('unshare', [...namespaces, 'true']).status === 0;
    for (const signals of [1, 2])
      test(`ends the first process of a container after ${signals === 1 ? 'one signal' : 'two signals'}`, {
        skip: !hasNamespaces,
      }, async () => {
        const name = `first-${signals}`;
        const child = spawn(
          'unshare',
          [...namespaces, 'sh', '-c', 'exec "$@"', 'sh', process.execPath, main, ...train(name)],
          { env: { ...process.env, ...hangingSave }, stdio: ['ignore', 'pipe', 'pipe'] },
        );
        const ended = once(child, 'exit');
        for await (const chunk of child.stdout) if (String(chunk).includes(': step 3,')) break;
        const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
        const first = Number(children.trim());
        for (let sent = 0; sent < signals; sent++) {
          terminate(first);
          if (sent + 1 < signals) await sleep(1100);
        }
        const [code] = await ended;
        assert.equal(code, 143);
      });
  });

  describe('a stop while the main thread is blocked', { timeout: 60_000 }, () => {
    test('is carried out by the watchdog', async () => {
      const outcome = await stopped(train('blocked'), 1, blockedMainThread);
      assert.equal(outcome.signal, 'SIGKILL', outcome.errors);
    });
  });

  describe('a stop while the output is not read', { timeout: 60_000 }, () => {
    /** Starts the program and never reads its output. Resolves with the process once it has trained for a while. */
    async function unread(name: string, words: readonly string[]) {
      const child = spawn(words[0] ?? '', words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
      const metrics = join(folder, name, 'metrics.jsonl');
      while (!existsSync(metrics)) await sleep(100);
      await sleep(1000);
      return child;
    }

    test('saves and ends if the output is a pipe', async () => {
      const name = 'unread-pipe';
      const child = await unread(name, [process.execPath, main, ...train(name, '--json')]);
      const started = performance.now();
      child.kill('SIGTERM');
      await once(child, 'exit');
      assert.ok(performance.now() - started < soonMillis);
      assert.equal(checkpoints(name).length, 2);
    });

    const hasScript = isLinux && spawnSync('script', ['--version']).status === 0;
    test('saves and ends if the output is a terminal', { skip: !hasScript }, async () => {
      const name = 'unread-terminal';
      const pidFile = join(folder, 'pid');
      // The lines are long, so that the buffer of the terminal fills up at once.
      const words = [process.execPath, main, ...train(name, '--json')].map((word) => `'${word}'`).join(' ');
      const child = await unread(name, [
        'script',
        '-qec',
        `echo $$ > ${pidFile}; exec ${words}`,
        '/dev/null',
      ]);
      const pid = Number(readFileSync(pidFile, 'utf8'));
      const started = performance.now();
      process.kill(pid, 'SIGTERM');
      while (existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) {
        assert.ok(performance.now() - started < soonMillis, 'the process still exists');
        await sleep(50);
      }
      child.kill('SIGKILL');
      assert.equal(checkpoints(name).length, 2);
    });
  });
});
