/** Reads event files: ours, and those of other writers. */
import { stat } from 'node:fs/promises';
import { messageOf, RunError } from '../errors.ts';
import type { SummaryEvent } from './event.ts';
import { decodeEvent } from './event-decode.ts';
import { eventFilesOf } from './event-file-name.ts';
import { readRecords } from './record-file.ts';
import { RunEvents } from './run-events.ts';

export interface FileEvent {
  readonly event: SummaryEvent;
  /** The byte after it: where to go on reading when the file has grown. */
  readonly end: number;
}

/** The events of a file in order, from a byte at which one starts. A cut record at the end, of a writer that is at work or
 * was killed, is passed over.
 * @throws RunError naming file and byte when something is damaged, or when the file cannot be read. */
export async function* readEvents(path: string, from = 0): AsyncGenerator<FileEvent, void, undefined> {
  for await (const { data, start, end } of readRecords(path, from)) {
    yield { event: decodeEvent(data, `${path}: byte ${start}`), end };
  }
}

/** All that a run has written: the event files of a folder (not of folders in it, which are other runs), or one file.
 * @throws RunError when there is no event file, or one is damaged or cannot be read. */
export async function readRun(path: string): Promise<RunEvents> {
  const run = new RunEvents();
  for (const file of await filesOf(path)) {
    for await (const { event } of readEvents(file)) run.accept(event);
  }
  return run;
}

async function filesOf(path: string): Promise<readonly string[]> {
  if (!(await isFolder(path))) return [path];
  const files = await eventFilesOf(path);
  if (files.length > 0) return files;
  throw new RunError(`${path}: no event file there (events.out.tfevents.…). Name the folder of a run.`);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw new RunError(
      `cannot read ${path}: ${messageOf(error)}. Name the folder of a run, or an event file.`,
    );
  }
}
