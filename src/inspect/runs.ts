/** Lists the runs in a folder, one row each, with progress, loss, speed and precision. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { readCheckpointMetadata } from '../checkpoint/checkpoint.ts';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { CheckpointStore } from '../checkpoint/store.ts';
import { readLinesSync } from '../disk/json-lines.ts';

export interface RunRow {
  readonly name: string;
  /** The number of updates of the newest checkpoint. */
  readonly step: number | null;
  /** The loss in the last summary. */
  readonly loss: number | null;
  readonly imagesPerSecond: number | null;
  /** The precision @ 1 of the newest evaluation of one of its checkpoints. */
  readonly precision: number | null;
  /** Such as `onednn bfloat16`. */
  readonly engine: string | null;
  /** When the newest checkpoint was written, as an ISO 8601 date. */
  readonly modified: string | null;
}

/** The maximum number of folders to read. */
const maxFolders = 1000;

/** The runs in the subfolders of a folder, sorted by name. A value that cannot be read is null. */
export async function runsIn(dir: string): Promise<readonly RunRow[]> {
  const names = (await readdir(dir, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => name)
    .sort()
    .slice(0, maxFolders);
  const scores = names.flatMap((name) => scoresIn(join(dir, name)));
  const rows: RunRow[] = [];
  for (const name of names) {
    const row = await rowOf(join(dir, name), scores).catch(() => undefined);
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

async function rowOf(path: string, scores: readonly Score[]): Promise<RunRow | undefined> {
  const paths = await new CheckpointStore(path, { keep: 0, onWarning: () => undefined }).paths();
  const newest = paths.at(-1);
  if (newest === undefined) return undefined;
  const metadata = await readCheckpointMetadata(newest).catch(() => undefined);
  const written = await stat(newest).catch(() => undefined);
  const score = scores.findLast(({ run }) => run === resolve(path));
  const metrics = lastOf(join(path, 'metrics.jsonl'));
  return {
    name: basename(path),
    step: metadata?.globalStep ?? null,
    loss: numberIn(metrics, 'total_loss'),
    imagesPerSecond: numberIn(metrics, 'examples_per_sec'),
    precision: score?.precision ?? null,
    engine: metadata === undefined ? null : engineOf(metadata),
    modified: written?.mtime.toISOString() ?? null,
  };
}

function engineOf({ engine, precision }: CheckpointMetadata): string {
  return precision === 'float32' ? engine : `${engine} ${precision}`;
}

interface Score {
  /** The path of the folder of the run. */
  readonly run: string;
  readonly precision: number;
}

/** The evaluations on test images, oldest first. */
function scoresIn(dir: string): readonly Score[] {
  return recordsIn(join(dir, 'evaluations.jsonl')).flatMap(({ checkpoint, precision, evalData }) =>
    typeof checkpoint === 'string' && typeof precision === 'number' && evalData === 'test'
      ? [{ run: dirname(resolve(checkpoint)), precision }]
      : [],
  );
}

function lastOf(path: string): Readonly<Record<string, unknown>> {
  return recordsIn(path).at(-1) ?? {};
}

function numberIn(record: Readonly<Record<string, unknown>>, name: string): number | null {
  const value = record[name];
  return typeof value === 'number' ? value : null;
}

/** The objects in the lines of a file. Empty if the file cannot be read. */
function recordsIn(path: string): readonly Readonly<Record<string, unknown>>[] {
  try {
    return readLinesSync(path).flatMap((line) => {
      try {
        const value: unknown = JSON.parse(line);
        return typeof value === 'object' && value !== null ? [{ ...value }] : [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
