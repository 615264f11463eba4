/**
 * TensorFlow's text file `checkpoint` (a CheckpointState message in text format), which names the checkpoints of a folder.
 * Other tools look for it, and it records which checkpoints are kept.
 *
 *     model_checkpoint_path: "model.ckpt-2000.safetensors"          the newest
 *     all_model_checkpoint_paths: "model.ckpt-1000.safetensors"     all kept ones, oldest first
 *     all_model_checkpoint_paths: "model.ckpt-2000.safetensors"
 *
 * We write paths relative to the folder, so that it can be moved; TensorFlow also writes absolute ones.
 */
import { join, relative, resolve } from 'node:path';
import { readRegularFile } from '../disk/regular-file.ts';
import { writeAside } from '../disk/write-aside.ts';
import { errorCode, messageOf, RunError } from '../errors.ts';
import { oneLine, quoted, shortened } from '../wording.ts';
import { quoteText, unquoteText } from './text-proto.ts';

export const indexName = 'checkpoint';

/** More than an index of 100,000 checkpoints needs. */
const maximumBytes = 10_000_000;

export interface CheckpointIndex {
  /** Path of the newest checkpoint. */
  readonly latest: string;
  /** Paths of all kept checkpoints, oldest first. */
  readonly all: readonly string[];
}

/** Replaces the index of a folder.
 * @throws RunError when it cannot be written */
export async function writeCheckpointIndex(dir: string, { latest, all }: CheckpointIndex): Promise<void> {
  const quote = (path: string) => quoteText(relative(dir, path));
  const lines = [
    `model_checkpoint_path: ${quote(latest)}`,
    ...all.map((path) => `all_model_checkpoint_paths: ${quote(path)}`),
  ];
  await writeAside(join(dir, indexName), new TextEncoder().encode(`${lines.join('\n')}\n`));
}

/** The index of a folder with its paths resolved against the folder, or undefined if there is none.
 * @throws RunError naming the file and the invalid line */
export async function readCheckpointIndex(dir: string): Promise<CheckpointIndex | undefined> {
  const file = join(dir, indexName);
  let text: string;
  try {
    text = String(await readRegularFile(file, { links: 'refuse', maximumBytes }));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new RunError(`cannot read ${file}: ${oneLine(messageOf(error))}`, { cause: error });
  }
  return parseIndex(text, file, (path) => resolve(dir, path));
}

function parseIndex(text: string, file: string, resolvePath: (path: string) => string): CheckpointIndex {
  let latest: string | undefined;
  const all: string[] = [];
  for (const [number, line] of text.split('\n').entries()) {
    const field = parseLine(line, `${file}:${number + 1}`);
    if (field?.name === 'model_checkpoint_path') latest = resolvePath(field.value);
    if (field?.name === 'all_model_checkpoint_paths') all.push(resolvePath(field.value));
  }
  if (latest === undefined) throw new RunError(`${file}: no line model_checkpoint_path: "…"`);
  return { latest, all };
}

/** Parses a line; undefined for an empty line, a comment, or a field that is not a string, such as a time stamp. */
function parseLine(line: string, where: string): { name: string; value: string } | undefined {
  const trimmed = line.trim();
  if (trimmed === '' || trimmed.startsWith('#')) return undefined;
  const [, name, literal] = /^(\w+)\s*:\s*(.*)$/s.exec(trimmed) ?? [];
  if (name === undefined || literal === undefined || literal === '') {
    throw new RunError(`${where}: expected name: "value", found ${quoted(line)}`);
  }
  if (/^[-+.\d]/.test(literal)) return undefined;
  const value = unquoteText(literal);
  if (value === undefined)
    throw new RunError(`${where}: expected a quoted string, found ${oneLine(shortened(literal))}`);
  return { name, value };
}
