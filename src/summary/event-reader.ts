/** Reads event files, including those that other programs wrote. */
import { stat } from 'node:fs/promises';
import { aText } from '../arguments.ts';
import { messageOf, RunError } from '../errors.ts';
import { counted, oneLine } from '../wording.ts';
import type { SummaryEvent } from './event.ts';
import { EventDecoder } from './event-decode.ts';
import { eventFilesOf } from './event-file-name.ts';
import { type Damage, type ReadRecordsOptions, readRecords } from './record-file.ts';
import { RunEvents } from './run-events.ts';

export interface FileEvent {
  readonly event: SummaryEvent;
  /** The offset of the byte after the event, from which reading can continue when the file has grown. */
  readonly end: number;
}

export interface ReadEventsOptions extends ReadRecordsOptions {
  /** The decoder that all files of a run share. */
  readonly decoder?: EventDecoder;
}

/** Yields the events of a file, in order.
 * @throws RunError when the file cannot be read, or when it is damaged and there is no `onDamage`; the message then
 * names the file and the byte offset */
export async function* readEvents(
  path: string,
  { decoder = new EventDecoder(), ...options }: ReadEventsOptions = {},
): AsyncGenerator<FileEvent, void, undefined> {
  const shown = oneLine(path);
  for await (const { data, start, end } of readRecords(path, options)) {
    try {
      yield { event: decoder.decode(data, `${shown}: byte ${start}`), end };
    } catch (error) {
      if (options.onDamage === undefined || !(error instanceof RunError)) throw error;
      options.onDamage({ what: error.message, start, end });
    }
  }
}

/** How many damaged places per file are described. The others are only counted. */
const mostDescribed = 3;

/** Reads everything that a run has written: the event files of a folder (without subfolders, which are other runs), or one
 * file.
 * @param onWarning called for damage and for files that cannot be read; the intact events are returned. Without this
 * function, the first problem is thrown
 * @throws UsageError for a path that is not a text
 * @throws RunError when there is no event file, or nothing in the files can be read */
export async function readRun(path: string, onWarning?: (text: string) => void): Promise<RunEvents> {
  aText('path', path);
  const run = new RunEvents();
  const decoder = new EventDecoder();
  const problems: string[] = [];
  let events = 0;
  for (const file of await filesOf(path)) {
    const damages: Damage[] = [];
    const onDamage = onWarning && ((damage: Damage) => void damages.push(damage));
    try {
      for await (const { event } of readEvents(file, { decoder, ...(onDamage && { onDamage }) })) {
        run.accept(event);
        events++;
      }
    } catch (error) {
      if (onWarning === undefined || !(error instanceof RunError)) throw error;
      problems.push(error.message);
    }
    problems.push(...describeDamages(damages, file));
  }
  if (problems.length > 0 && events === 0) throw new RunError(problems.join('\n'));
  for (const problem of problems) onWarning?.(problem);
  return run;
}

function describeDamages(damages: readonly Damage[], file: string): readonly string[] {
  const described = damages
    .slice(0, mostDescribed)
    .map(({ what, start, end }) => `${what}; ${counted(end - start, 'byte')} skipped`);
  const more = damages.length - described.length;
  if (more > 0) described.push(`${oneLine(file)}: ${counted(more, 'more damaged place')}`);
  return described;
}

/** Returns the event files of a folder, or the file itself.
 * @throws RunError when there is none */
export async function filesOf(path: string): Promise<readonly string[]> {
  if (!(await isFolder(path))) return [path];
  const files = await eventFilesOf(path);
  if (files.length > 0) return files;
  throw new RunError(
    `${oneLine(path)}: no event files (events.out.tfevents.…) found. Use the folder of a run.`,
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw new RunError(
      `cannot read ${oneLine(path)}: ${oneLine(messageOf(error))}. Use the folder of a run, or an event file.`,
      { cause: error },
    );
  }
}
