import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Outcome, program, soonMillis, stalling } from '../testing/program.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';
import { ignoredSignals } from './ignored-signals.ts';
import { Interruption } from './signals.ts';
import { type Activity, StopWatch } from './stop-watch.ts';

/** Why tests of SIGHUP are skipped, or false. Programs that the tests start ignore it too. */
const withNohup = ignoredSignals().includes('SIGHUP') && 'the tests themselves ignore SIGHUP (nohup)';
const folder = mkdtempSync(join(tmpdir(), 'cifar10-stopping-'));
const data = join(folder, 'data');
const set = ['--dataset', 'synthetic', '--data-dir', data];

before(() => copySynthetic(data));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command and sends signals, with a pause between them, once a line of its output matches. */
async function stopped(
  words: readonly string[],
  at: string,
  signals: readonly NodeJS.Signals[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome & { readonly millis: number }> {
  let stoppedAt: number | undefined;
  const send = async (kill: (signal: NodeJS.Signals) => void) => {
    for (const signal of signals) {
      await sleep(150);
      kill(signal);
      stoppedAt = performance.now();
    }
  };
  const outcome = await program(
    words,
    (line, kill) => {
      if (stoppedAt !== undefined || !line.includes(at)) return;
      stoppedAt = Number.NaN;
      void send(kill);
    },
    folder,
    environment,
  );
  return { ...outcome, millis: performance.now() - (stoppedAt ?? Number.NaN) };
}

// These tests run concurrently, because they mostly wait.
describe('a stop', { concurrency: 2 }, () => {
  describe('training', () => {
    const train = (name: string, ...more: readonly string[]) => [
      ...['train', ...set, '--train-dir', join(folder, name), '--log-frequency', '1'],
      ...smallNetwork,
      ...more,
    ];

    test('treats a signal that is sent twice in a row as one request, and saves', async () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        const outcome = await stopped(train(signal, '--batch-size', '16'), ': step 3,', [signal, signal]);
        assert.equal(outcome.shellCode, signal === 'SIGINT' ? 130 : 143, outcome.errors);
        assert.match(outcome.output, /^Stopped at step \d+/m);
        assert.ok(readdirSync(join(folder, signal)).some((name) => /ckpt-[1-9]/.test(name)));
      }
    });

    test('saves and continues on SIGUSR1 and SIGUSR2, and saves and stops on SIGXCPU', async () => {
      const name = 'asked';
      const more = ['--batch-size', '16', '--checkpoint-steps', '1000000', '--keep', '0', '--json'];
      const signals: NodeJS.Signals[] = ['SIGUSR1', 'SIGUSR2', 'SIGXCPU'];
      // The first signal is sent when training has begun, and each later one when the previous one has caused a save.
      const outcome = await program(train(name, ...more), (line, kill) => {
        const { kind, step, globalStep } = JSON.parse(line) as Record<string, unknown>;
        const signal = (kind === 'step' && step === 3) || (kind === 'checkpoint' && globalStep !== 0);
        const next = signal ? signals.shift() : undefined;
        if (next !== undefined) kill(next);
      });
      assert.equal(outcome.shellCode, 152, outcome.errors);
      const steps = readdirSync(join(folder, name)).filter((file) => /ckpt-[1-9]/.test(file));
      assert.equal(steps.length, 3, steps.join());
      assert.doesNotMatch(outcome.errors, /Debugger/);
    });

    test('saves and exits with 129 when its terminal is closed', { skip: withNohup }, async () => {
      const outcome = await stopped(train('hangup', '--batch-size', '16'), ': step 3,', ['SIGHUP']);
      assert.equal(outcome.shellCode, 129, outcome.errors);
      assert.ok(readdirSync(join(folder, 'hangup')).length > 2);
      assert.ok(outcome.millis < soonMillis, `${outcome.millis}`);
    });

    test('exits with 130 while its data is drawn, and no part of the data is left', async () => {
      const fresh = join(folder, 'fresh');
      const words = [
        'train',
        '--dataset',
        'synthetic',
        '--data-dir',
        fresh,
        '--train-dir',
        join(folder, 'x'),
      ];
      const outcome = await stopped(words, 'Drawing the generated set', ['SIGINT']);
      assert.equal(outcome.shellCode, 130, outcome.errors);
      assert.ok(outcome.millis < soonMillis, `${outcome.millis}`);
      assert.ok(!existsSync(fresh), 'the folder that it created is removed');
      assert.ok(!existsSync(join(folder, 'x', 'lock')));
    });

    test('exits with 130 while its data is downloaded, as `download` does, and the part that was received is kept', async () => {
      for (const command of ['train', 'download']) {
        const fresh = join(folder, `fetched-by-${command}`);
        const where = command === 'train' ? ['--train-dir', join(folder, 'y')] : [];
        const words = [command, '--data-dir', fresh, ...where];
        const outcome = await stopped(words, '>> Downloading', ['SIGINT'], stalling);
        assert.equal(outcome.shellCode, 130, outcome.errors);
        assert.match(
          outcome.errors,
          /^warning: stopped; the received bytes are kept in .*\.part; run the same command to continue\n$/,
        );
        assert.deepEqual(readdirSync(fresh), ['cifar-10-binary.tar.gz.part']);
      }
    });
  });

  test('an evaluation that is stopped prints and records no result, and exits with 130', async () => {
    const run = join(folder, 'evaluated');
    const trained = await program([
      'train',
      ...set,
      '--train-dir',
      run,
      '--batch-size',
      '16',
      '--max-steps',
      '1',
    ]);
    assert.equal(trained.code, 0, trained.errors);
    const where = ['--data-dir', data, '--checkpoint-dir', run, '--eval-dir', join(folder, 'eval')];
    // The batches have one image each, so that the evaluation takes long enough to be stopped.
    const words = ['eval', '--run-once', '--batch-size', '1', ...where];
    const outcome = await stopped(words, 'Evaluating', ['SIGINT']);
    assert.equal(outcome.shellCode, 130, outcome.errors);
    assert.ok(outcome.millis < soonMillis, `${outcome.millis}`);
    assert.doesNotMatch(outcome.output, /precision/);
    assert.ok(!existsSync(join(folder, 'eval', 'evaluations.jsonl')));
  });

  test('a command that has nothing to save is ended by the first signal', async () => {
    const where = ['--data-dir', data, '--train-dir', join(folder, 'z')];
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const outcome = await stopped(['doctor', ...where], 'ok ', [signal]);
      assert.equal(outcome.signal, signal);
      assert.ok(outcome.millis < soonMillis, `${outcome.millis}`);
    }
  });

  /** A process that listens for signals as commands do, and prints each request. */
  const listener = `
  const { interruption } = await import(process.argv[1]);
  interruption.refuseDebugger();
  interruption.listen();
  interruption.describeLoss = () => '5 steps are lost';
  interruption.sayLast = async (text) => console.log(text);
  interruption.signal.addEventListener('abort', () => console.log('stop'));
  interruption.onSave(() => console.log('save'));
  setTimeout(() => process.exit(interruption.exitCode()), 4000);
  console.log('ready');
`;

  /** Sends signals to such a process, each after a pause in milliseconds. */
  async function sent(signals: readonly (readonly [number, NodeJS.Signals])[], shell = 'exec "$@"') {
    const words = [process.execPath, '--input-type=module', '-e', listener, signalsModule];
    const child = spawn('sh', ['-c', shell, 'sh', ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const ended = once(child, 'close');
    while (!output.includes('ready')) await sleep(20);
    for (const [pause, signal] of signals) {
      await sleep(pause);
      child.kill(signal);
    }
    const [code, signal] = await ended;
    return { code, signal, said: output.trim().split('\n').slice(1) };
  }

  const signalsModule = new URL('./signals.js', import.meta.url).href;

  /** Returns a free port for the debugger, because another program may be using the debugger's default port. */
  async function freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  test('a debugger that SIGUSR1 opened while Node.js was starting is closed, unless the user requested it', async () => {
    const script = `
      const { url } = await import('node:inspector');
      process.kill(process.pid, 'SIGUSR1');
      while (url() === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
      const { interruption } = await import('${signalsModule}');
      interruption.refuseDebugger();
      console.log(url() === undefined ? 'closed' : 'open');`;
    for (const [flags, expected] of [
      [[], 'closed\n'],
      [['--inspect=127.0.0.1:0'], 'open\n'],
    ] as const) {
      const words = [`--debug-port=${await freePort()}`, ...flags, '--input-type=module', '-e', script];
      const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'ignore'] });
      const [said] = (await once(child.stdout, 'data')) as [Buffer];
      assert.equal(String(said), expected);
    }
  });

  test('a second Ctrl-C exits at once if it comes a second later, and counts as the same request if it comes earlier', async () => {
    const repeated = await sent([
      [0, 'SIGINT'],
      [20, 'SIGINT'],
      [20, 'SIGTERM'],
    ]);
    assert.deepEqual(repeated, { code: 130, signal: null, said: ['stop'] });
    const twice = await sent([
      [0, 'SIGINT'],
      [1100, 'SIGINT'],
    ]);
    assert.deepEqual(twice, {
      code: null,
      signal: 'SIGINT',
      said: ['stop', 'exiting at once: 5 steps are lost'],
    });
  });

  test('a signal that the process was started to ignore stays ignored', {
    skip: process.platform !== 'linux',
  }, async () => {
    const nohup = await sent(
      [
        [0, 'SIGHUP'],
        [50, 'SIGUSR1'],
      ],
      'exec env _=/usr/bin/nohup nohup "$@"',
    );
    assert.deepEqual(nohup, { code: 0, signal: null, said: ['save'] });
    const closed = await sent([[0, 'SIGHUP']]);
    assert.deepEqual(closed, { code: 129, signal: null, said: ['stop'] });
  });

  test('nohup and background jobs of scripts are recognized', () => {
    const signs = (
      links: Readonly<Record<string, string>>,
      texts: Readonly<Record<string, string>>,
      underscore = '',
    ) =>
      ignoredSignals({
        link: (path) => links[path],
        text: (path) => texts[path],
        environment: { _: underscore },
        parent: 7,
      });
    const [input, output] = ['/proc/self/fd/0', '/proc/self/fd/1'];
    assert.deepEqual(
      signs({ [input]: '/dev/null' }, { '/proc/self/fdinfo/0': 'pos:\t0\nflags:\t0100001\n' }),
      ['SIGHUP'],
    );
    assert.deepEqual(
      signs({ [input]: '/dev/null' }, { '/proc/self/fdinfo/0': 'pos:\t0\nflags:\t0100000\n' }),
      [],
    );
    assert.deepEqual(signs({ [output]: '/home/a/nohup.out' }, {}), ['SIGHUP']);
    assert.deepEqual(signs({}, {}, '/usr/bin/nohup'), ['SIGHUP']);
    assert.deepEqual(signs({}, {}, '/usr/bin/node'), []);
    assert.deepEqual(signs({}, { '/proc/7/status': 'SigIgn:\t0000000000001001\n' }), ['SIGHUP']);
    assert.deepEqual(signs({}, { '/proc/7/status': 'SigIgn:\t0000000000001000\n' }), []);
    const script = {
      '/proc/7/comm': 'dash\n',
      '/proc/7/stat': '7 (dash) S 1 5 5',
      '/proc/self/stat': '9 (node) R 7 5 5',
    };
    const inputs = { [input]: '/dev/null', '/proc/7/fd/0': '/dev/pts/0' };
    assert.deepEqual(signs(inputs, script), ['SIGINT']);
    assert.deepEqual(
      signs({ ...inputs, '/proc/7/fd/0': '/dev/null' }, script),
      [],
      'the shell has no input either',
    );
    assert.deepEqual(signs({ ...inputs, [input]: '/dev/pts/0' }, script), [], 'in the foreground');
    assert.deepEqual(
      signs(inputs, { ...script, '/proc/self/stat': '9 (node) R 7 9 5' }),
      [],
      'a shell with job control',
    );
    assert.deepEqual(
      signs(inputs, { ...script, '/proc/7/comm': 'node\n' }),
      [],
      'started by another program',
    );
  });

  test('a program that exits at once because nothing reads its output exits with 141, and first tidies up', async () => {
    const done: string[] = [];
    const interruption = new Interruption({
      listenTo: () => undefined,
      endBy: (name) => done.push(name),
      exit: (code) => done.push(`exit ${code}`),
    });
    interruption.tidyLast = async () => void done.push('tidy');
    interruption.stopReading();
    interruption.leave('the current operation does not end');
    await sleep(10);
    assert.deepEqual(done, ['tidy', 'exit 141']);
  });

  describe('a stop that was requested', () => {
    const watched = (activity: Activity) => {
      const left: string[] = [];
      const stop = new AbortController();
      const beats = { count: 0 };
      const watch = new StopWatch(
        { signal: stop.signal, name: 'SIGINT' },
        (why) => left.push(why),
        () => () => beats.count++,
      );
      watch.begin(activity);
      return { left, stop, watch, beats };
    };

    /** Waits until the program would exit. Time without a free core does not count, so this takes longer on a busy
     * machine. */
    const untilLeft = async (left: readonly string[]) => {
      for (let waited = 0; left.length === 0 && waited < soonMillis; waited += 50) await sleep(50);
    };

    test('does not wait for an operation that may never end, and shows the watchdog that the main thread is not blocked', async () => {
      const { left, stop, beats } = watched('other');
      stop.abort();
      await sleep(1200);
      assert.deepEqual(left, []);
      assert.ok(beats.count > 2, `${beats.count}`);
      await untilLeft(left);
      assert.deepEqual(left, ['the current operation does not end']);
    });

    test('has no limit once the command has ended', async () => {
      const { left, stop, watch, beats } = watched('other');
      stop.abort();
      watch.end();
      await sleep(2000);
      assert.deepEqual(left, []);
      assert.ok(beats.count > 2, `${beats.count}`);
    });

    test('waits for a save as long as it makes progress', async () => {
      const { left, stop, watch } = watched('saving');
      stop.abort();
      const slow = setInterval(() => watch.progressed(), 100);
      await sleep(2500);
      assert.deepEqual(left, []);
      clearInterval(slow);
      await untilLeft(left);
      assert.deepEqual(left, ['the file system does not answer']);
    });
  });
});
