/**
 * Prints the output of the commands. Results and progress go to standard output, warnings and errors to standard error.
 *
 * | | a terminal | a pipe or a file | `--quiet` | `--json` |
 * |---|---|---|---|---|
 * | lines | text | text | nothing | one object for each line that has an event |
 * | results | text | text | text | one object for each result |
 * | progress | one line at the bottom, redrawn | nothing | nothing | nothing |
 *
 * If standard output goes to a file and standard error is a terminal, progress is drawn there, also with `--json`.
 *
 * Names and values from untrusted files may contain control characters. These are printed as escapes such as `\u001b`, so that
 * none of them reaches the terminal. In JSON, such an escape stands for the same character.
 *
 * Lines are wrapped at spaces to the width of the terminal, so that words are not broken.
 */
import { oneLine, printable } from '../wording.ts';
import { inFlags } from './option-flags.ts';
import { beginning, widthOf, wrapped } from './width.ts';

/** An event for `--json`. */
export type JsonEvent = { readonly kind: EventKind } & Readonly<Record<string, unknown>>;

/** All kinds of events. docs/json.md has a row for each of them. */
export const eventKinds = [
  'waiting',
  'drawing',
  'progress',
  'downloaded',
  'extracting',
  'importing',
  'decoded',
  'notUsed',
  'leaks',
  'conflicts',
  'imported',
  'ready',
  'device',
  'placement',
  'start',
  'step',
  'checkpoint',
  'validation',
  'end',
  'watching',
  'noCheckpoint',
  'alreadyScored',
  'evaluating',
  'evaluation',
  'report',
  'evaluated',
  'predicting',
  'prediction',
  'unreadable',
  'ignored',
  'predicted',
  'graph',
  'nodes',
  'run',
  'contents',
  'data',
  'pictures',
  'onnx',
  'finding',
  'capabilities',
  'benchMachine',
  'benchMissing',
  'benchRoof',
  'benchSteps',
  'benchInput',
  'benchEvaluation',
  'benchCompleteRun',
  'benchRun',
  'benchRuns',
  'benchProfile',
  'benchOurs',
  'benchPeers',
  'benchRatio',
  'events',
  'evaluations',
  'epoch',
  'runs',
  'learningRateStep',
  'learningRateFound',
  'sweepPlan',
  'sweepRun',
  'sweepResult',
  'sweepEnd',
  'exporting',
  'compared',
  'exported',
  'serving',
  'pageExported',
  'error',
] as const;
export type EventKind = (typeof eventKinds)[number];

export interface Console {
  /** Prints a line of progress.
   * @param shorter used if the terminal is too narrow for `text`, or was for an earlier line, so that lines look alike */
  line(text: string, event?: JsonEvent, shorter?: string): void;
  /** Prints an event with `--json`, and nothing otherwise. */
  event(event: JsonEvent): void;
  /** Prints a line of the result. */
  result(text: string, event?: JsonEvent): void;
  /** Prints a line of a file format, such as CSV, unchanged. Only on a terminal, control characters are printed as escapes. */
  data(text: string): void;
  /** Draws the line at the bottom of the terminal. `draw` gets the number of columns and returns a text without control
   * characters. If `draw` is undefined, the line is removed. */
  progress(draw: ((columns: number) => string) | undefined): void;
  /** The number of columns of the terminal, for tables; 80 if the output is not a terminal. */
  columns(): number;
  /** Whether standard output shows progress at the bottom of a terminal. If not, callers can print progress as lines instead. */
  readonly drawsProgress: boolean;
  /** Whether the output is a terminal. */
  readonly isTerminal: boolean;
  /** Prints a warning. The command continues. Names of options in the text are replaced by those of flags. With `--json` the
   * event is also printed to standard output. */
  warn(text: string, event?: JsonEvent): void;
  /** Prints the error that ends the run. With `--json` the event is also printed to standard output. */
  error(text: string, event?: JsonEvent): void;
}

export interface ConsoleOptions {
  readonly quiet: boolean;
  readonly json: boolean;
}

/** The outputs of a console: the streams of the process, or those of a test. */
export interface Streams {
  readonly out: Output;
  readonly err: Output;
}
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Whether the output goes to a regular file. */
  readonly isFile?: boolean;
  readonly columns?: number;
  /** Whether the reader of the output is slow. While it is, the line at the bottom is not redrawn. */
  readonly isBehind?: boolean;
}

/** A carriage return followed by "erase in line" (ECMA-48, EL 2), which together clear the current line. */
const eraseLine = '\r\u001b[2K';
const dim = ['\u001b[2m', '\u001b[22m'] as const;

export function createConsole(
  { quiet, json }: ConsoleOptions,
  { out, err }: Streams,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Console {
  // A dumb terminal does not support control characters.
  const canDraw = !quiet && environment['TERM'] !== 'dumb';
  const draws = canDraw && out.isTTY === true && !json;
  // If the output goes to a pipe, its reader may write to the same terminal.
  const drawsBeside = canDraw && out.isTTY !== true && out.isFile === true && err.isTTY === true;
  const terminal = draws ? out : drawsBeside ? err : undefined;
  // https://no-color.org: any non-empty value disables color.
  const colored = terminal !== undefined && !environment['NO_COLOR'];
  // Some terminals (serial lines, some emulators) report 0 columns.
  const columns = () => out.columns || 80;
  const drawnColumns = () => terminal?.columns || 80;
  let bottom: string | undefined;

  const drawn = (text: string) => {
    const cut = beginning(oneLine(text), Math.max(0, drawnColumns() - 1));
    return colored ? dim[0] + cut + dim[1] : cut;
  };
  /** Wraps lines that are too wide for the terminal. Commands are not wrapped, so that they can be copied. */
  const laidOut = (stream: Output, text: string) => {
    const isJson = json && stream === out;
    if (stream.isTTY !== true || isJson) return text;
    const width = stream.columns || 80;
    const lines = text.split('\n');
    return lines.map((line) => (isCommand(line) ? line : wrapped(line, width))).join('\n');
  };
  /** Writes a text above the line at the bottom. If both go to the same stream, a single write avoids flicker. */
  const writeAbove = (stream: Output, text: string) => {
    if (bottom === undefined || stream.isFile === true) stream.write(`${text}\n`);
    else if (stream === terminal) stream.write(`${eraseLine}${text}\n${drawn(bottom)}`);
    else {
      terminal?.write(eraseLine);
      stream.write(`${text}\n`);
      terminal?.write(drawn(bottom));
    }
  };
  const write = (stream: Output, unbroken: string) =>
    writeAbove(stream, laidOut(stream, printable(unbroken)));
  /** The number of columns of the widest terminal that was too narrow for a line. */
  let narrow = 0;
  const fits = (text: string) => {
    if (out.isTTY !== true) return true;
    if (widthOf(text) > columns()) narrow = Math.max(narrow, columns());
    return columns() > narrow;
  };
  const print = (text: string, event: JsonEvent | undefined, hidden: boolean) => {
    if (json) {
      if (event !== undefined) write(out, JSON.stringify(event));
    } else if (!hidden) write(out, text);
  };
  return {
    line: (text, event, shorter) => print(shorter === undefined || fits(text) ? text : shorter, event, quiet),
    event: (event) => print('', event, true),
    result: (text, event) => print(text, event, false),
    data: (text) => {
      if (out.isTTY === true) writeAbove(out, printable(text));
      else out.write(`${text}\n`);
    },
    columns,
    isTerminal: out.isTTY === true,
    drawsProgress: draws,
    warn: (text, event) => {
      write(err, `warning: ${inFlags(text)}`);
      if (json && event !== undefined) write(out, JSON.stringify(event));
    },
    error: (text, event) => {
      write(err, text);
      if (json && event !== undefined) write(out, JSON.stringify(event));
    },
    progress: (draw) => {
      const text = draw?.(drawnColumns());
      if (terminal === undefined || text === bottom || (text !== undefined && terminal.isBehind)) return;
      terminal.write(eraseLine + (text === undefined ? '' : drawn(text)));
      bottom = text;
    },
  };
}

/** Whether the line is a command that a user may copy into a shell. */
function isCommand(line: string): boolean {
  return /^\s+(npx|yarn|cifar10|tensorboard|pip|npm) /.test(line);
}

const twoDigits = (value: number) => String(value).padStart(2, '0');

/** Formats a time, by default the current one, in local time as Python prints it: `2026-11-23 19:00:00.123456`. The lines of
 * the tutorial begin like this. */
export function timestamp(millisSince1970: number = performance.timeOrigin + performance.now()): string {
  const micros = Math.floor((millisSince1970 % 1000) * 1000);
  const at = new Date(millisSince1970);
  const date = [at.getFullYear(), twoDigits(at.getMonth() + 1), twoDigits(at.getDate())].join('-');
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':');
  return `${date} ${time}.${String(micros).padStart(6, '0')}`;
}

/** Returns the current time of day, such as `19:00:00`, for lines on narrow terminals. */
export function shortTime(): string {
  return timestamp().slice('2026-11-23 '.length, -'.123456'.length);
}

/** Formats a duration, as in `42 s`, `12 min 5 s` and `3 h 2 min`. */
export function duration(millis: number): string {
  const seconds = Math.round(millis / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
