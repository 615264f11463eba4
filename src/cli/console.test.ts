import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createConsole, type JsonEvent } from './console.ts';
import { progressLine, scoringLine } from './progress-line.ts';

/** Returns a console that records its output. */
function kept(
  options: { quiet?: boolean; json?: boolean; terminal?: number },
  environment: Record<string, string> = {},
) {
  const written = { out: '', err: '' };
  const out = {
    write: (text: string) => (written.out += text),
    ...(options.terminal !== undefined && { isTTY: true, columns: options.terminal }),
  };
  const err = { write: (text: string) => (written.err += text) };
  const { quiet = false, json = false } = options;
  return { console: createConsole({ quiet, json }, { out, err }, environment), written };
}

function everything({ console }: ReturnType<typeof kept>): void {
  const event: JsonEvent = { kind: 'step', step: 3 };
  console.line('a line', event);
  console.event({ kind: 'checkpoint' });
  console.progress(() => 'on the way');
  console.result('a result', { kind: 'end' });
  console.warn('careful');
  console.progress(undefined);
}

describe('the console', () => {
  test('draws progress on the terminal of standard error while standard output goes to a file', () => {
    const screen = (isFile: boolean, options: { quiet: boolean; json: boolean }) => {
      const written = { out: '', err: '' };
      const out = { isFile, write: (text: string) => (written.out += text) };
      const err = { isTTY: true, columns: 30, write: (text: string) => (written.err += text) };
      everything({ console: createConsole(options, { out, err }, { NO_COLOR: '1' }), written });
      return written;
    };
    const [erase, plain] = ['\r\u001b[2K', { quiet: false, json: false }];
    const drawn = `${erase}on the way${erase}warning: careful\non the way${erase}`;
    assert.deepEqual(screen(true, plain), { out: 'a line\na result\n', err: drawn });
    assert.equal(screen(true, { quiet: false, json: true }).err, drawn);
    assert.equal(screen(true, { quiet: true, json: false }).err, 'warning: careful\n');
    assert.equal(screen(false, plain).err, 'warning: careful\n', 'the reader of a pipe may use the terminal');
  });

  test('prints lines and results to a pipe, without control characters', () => {
    const all = kept({});
    everything(all);
    assert.equal(all.written.out, 'a line\na result\n');
    assert.equal(all.written.err, 'warning: careful\n');
  });

  test('prints only results, warnings and errors in quiet mode', () => {
    const all = kept({ quiet: true, terminal: 80 });
    everything(all);
    assert.equal(all.written.out, 'a result\n');
    assert.equal(all.written.err, 'warning: careful\n');
  });

  test('prints one JSON object per line, and nothing else, in JSON mode', () => {
    const all = kept({ json: true, terminal: 80 });
    everything(all);
    const events = all.written.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as JsonEvent);
    assert.deepEqual(events, [{ kind: 'step', step: 3 }, { kind: 'checkpoint' }, { kind: 'end' }]);
  });

  test('prints no control characters from a text, and does not wrap JSON on a terminal', () => {
    const text = kept({ terminal: 40 });
    text.console.result('tag \u001b]0;title\u0007\u009b');
    text.console.warn('\u202e');
    assert.equal(text.written.out, 'tag \\u001b]0;title\\u0007\\u009b\n');
    assert.equal(text.written.err, 'warning: \\u202e\n');
    const json = kept({ json: true, terminal: 20 });
    json.console.event({ kind: 'step', name: 'words of a name that is long \u009b' });
    assert.doesNotMatch(json.written.out, /\u009b/);
    assert.deepEqual(JSON.parse(json.written.out), {
      kind: 'step',
      name: 'words of a name that is long \u009b',
    });
  });

  test('keeps a progress line at the bottom of a terminal, below everything else, and removes it at the end', () => {
    const all = kept({ terminal: 80 }, { NO_COLOR: '1' });
    everything(all);
    const erase = '\r\u001b[2K';
    assert.equal(
      all.written.out,
      `a line\n${erase}on the way${erase}a result\non the way${erase}on the way${erase}`,
    );
  });

  test('cuts the progress line to the width of the terminal, so that it never wraps', () => {
    const all = kept({ terminal: 20 }, { NO_COLOR: '1' });
    all.console.progress(() => 'x'.repeat(50));
    assert.equal(all.written.out, `\r\u001b[2K${'x'.repeat(19)}`);
  });

  test('treats a terminal that reports 0 columns as one of 80', () => {
    const all = kept({ terminal: 0 }, { NO_COLOR: '1' });
    all.console.progress((columns) => `${columns}`);
    assert.equal(all.written.out, '\r\u001b[2K80');
  });

  test('treats a dumb terminal as a pipe, because it does not support control characters', () => {
    const all = kept({ terminal: 80 }, { TERM: 'dumb' });
    everything(all);
    assert.equal(all.written.out, 'a line\na result\n');
  });

  test('uses color only on a terminal, and only if NO_COLOR is not set', () => {
    const dim = '\u001b[2m';
    const printed = (terminal: number | undefined, environment: Record<string, string>) => {
      const all = kept(terminal === undefined ? {} : { terminal }, environment);
      all.console.progress(() => 'x');
      return all.written.out.includes(dim);
    };
    assert.equal(printed(80, {}), true);
    assert.equal(printed(80, { NO_COLOR: '' }), true);
    assert.equal(printed(80, { NO_COLOR: '1' }), false);
    assert.equal(printed(80, { TERM: 'dumb' }), false);
    assert.equal(printed(undefined, {}), false);
  });
});

describe('the progress line', () => {
  const progress = {
    step: 2500,
    maxSteps: 10_000,
    loss: 1.234,
    imagesPerSecond: 2650.4,
    millisLeft: 365_000,
    waiting: 0,
  };

  test('shows step, loss, speed and time left, and fills the rest with a bar', () => {
    const line = progressLine(progress, 100);
    assert.match(
      line,
      /^step 2,500 of 10,000 · loss 1\.23 · 2,650 images\/s · 6 min 5 s left {2}█{7,10}░{20,30}$/,
    );
  });

  test('leaves out the parts that do not fit, and keeps the time left longest', () => {
    assert.equal(progressLine(progress, 60), 'step 2,500 of 10,000 · loss 1.23 · 6 min 5 s left');
    assert.equal(progressLine(progress, 34), 'step 2,500 of 10,000 · loss 1.23');
    for (const columns of [20, 40, 60, 80, 200])
      assert.ok(progressLine(progress, columns).length < columns, `${columns}`);
  });

  test('still shows the time left at 60 columns, even if it is in hours', () => {
    const long = {
      ...progress,
      step: 123_456,
      maxSteps: 1_000_000,
      millisLeft: 45 * 3_600_000 + 59 * 60_000,
    };
    assert.equal(progressLine(long, 60), 'step 123,456 of 1,000,000 · loss 1.23 · 45 h 59 min left');
  });

  test('shows the activity if it is not a step', () => {
    assert.match(progressLine({ ...progress, busy: 'saving' }, 80), /6 min 5 s left · saving/);
    const before = {
      ...progress,
      step: 0,
      loss: Number.NaN,
      imagesPerSecond: Number.NaN,
      millisLeft: undefined,
    };
    assert.match(progressLine({ ...before, busy: 'compiling' }, 60), /^step 0 of 10,000 · compiling {2}░/);
  });

  test('shows how many images of an evaluation have been scored, and the time left', () => {
    assert.match(
      scoringLine({ done: 2500, all: 10_000, millis: 1000 }, 80),
      /^2,500 of 10,000 images · 2,500 images\/s · 3 s left {2}█+░+$/,
    );
  });

  test('says that training waits for its input, and does not show the time left while it is unknown', () => {
    assert.match(progressLine({ ...progress, waiting: 0.25 }, 120), /waits 25% for input/);
    assert.doesNotMatch(progressLine({ ...progress, millisLeft: undefined }, 120), /left/);
  });
});
