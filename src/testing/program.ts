/** Runs the built program in tests. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** The path of the built command-line program. */
export const main: string = fileURLToPath(new URL('../cli/main.js', import.meta.url));

/** A time limit in milliseconds for something that would otherwise take minutes or never end. It is generous, because machines
 * may be busy. */
export const soonMillis = 10_000;

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The exit code as shells report it: 128 plus the number of the signal, if a signal ended the process. */
  readonly shellCode: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs `cifar10` with the given words, optionally in a folder and with additional environment variables. `onLine` receives
 * its standard output line by line, and may stop the program. */
export function program(
  words: readonly string[],
  onLine?: (line: string, kill: (signal: NodeJS.Signals) => void) => void,
  folder: string = process.cwd(),
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [main, ...words], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return outcomeOf(child, (line) => onLine?.(line, (signal) => child.kill(signal)));
}

/** Collects what a program prints until it ends. `onLine` receives its standard output line by line. */
export function outcomeOf(
  child: ChildProcessByStdio<null, Readable, Readable>,
  onLine: (line: string) => void = () => {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    let [output, errors, rest] = ['', '', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      rest += text;
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.once('close', (code, signal) => {
      resolve({ code, signal, shellCode: shellCodeOf(code, signal), output, errors });
    });
  });
}

/** Runs `cifar10` and closes the pipe of its standard output at the first line that contains a text. */
export function programWithoutReader(words: readonly string[], text: string): Promise<number | null> {
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part;
    if (output.includes(text)) child.stdout.destroy();
  });
  return new Promise((resolve) => child.once('exit', resolve));
}

export function shellCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return signal === null ? (code ?? 0) : 128 + constants.signals[signal];
}

/** Environment variables that make every request fail as if there were no network access. */
export const offline: Readonly<Record<string, string>> = fetching(
  `Promise.reject(new TypeError('fetch failed', {
    cause: Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }),
  }))`,
);

/** Environment variables that simulate a server that sends a few bytes and then stops. */
export const stalling: Readonly<Record<string, string>> = fetching(
  'Promise.resolve(new Response(new ReadableStream({ start: (to) => to.enqueue(Uint8Array.of(0x1f, 0x8b, ...Array(998).fill(0))) })))',
);

function fetching(answer: string): Readonly<Record<string, string>> {
  const script = `globalThis.fetch = () => ${answer};`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` };
}

/** Returns the step numbers in the lines that were printed. */
export function stepsIn(output: string): readonly number[] {
  return [...output.matchAll(/: step (\d+), loss = /g)].map(([, step]) => Number(step));
}
