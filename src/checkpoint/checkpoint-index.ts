/**
 * TensorFlow's `checkpoint` text file (a CheckpointState message in text format), which names the checkpoints of a folder.
 * Other tools look for it, and it records which checkpoints are kept.
 *
 *     model_checkpoint_path: "model.ckpt-2000.safetensors"          the newest
 *     all_model_checkpoint_paths: "model.ckpt-1000.safetensors"     all kept ones, oldest first
 *     all_model_checkpoint_paths: "model.ckpt-2000.safetensors"
 *
 * We write paths relative to the folder, so that the folder can be moved. TensorFlow also writes absolute paths.
 */
import { join, relative, resolve } from 'node:path';
import textformat from 'protobufjs/ext/textformat.js';
import protobuf from 'protobufjs/light.js';
import { readRegularFile } from '../disk/regular-file.ts';
import { writeAside } from '../disk/write-aside.ts';
import { errorCode, messageOf, RunError } from '../errors.ts';
import { oneLine, quoted, shortened } from '../wording.ts';

/** TensorFlow's `checkpoint_state.proto`. */
const CheckpointState = new protobuf.Type('CheckpointState')
  .add(new protobuf.Field('model_checkpoint_path', 1, 'string'))
  .add(new protobuf.Field('all_model_checkpoint_paths', 2, 'string', 'repeated'))
  .add(new protobuf.Field('all_model_checkpoint_timestamps', 3, 'double', 'repeated'))
  .add(new protobuf.Field('last_preserved_timestamp', 4, 'double'));
new protobuf.Root().add(CheckpointState);

export const indexName = 'checkpoint';

/** The maximum size of an index that is read, which is more than an index of 100,000 checkpoints needs. */
const maximumBytes = 10_000_000;

export interface CheckpointIndex {
  /** The path of the newest checkpoint. */
  readonly latest: string;
  /** The paths of all checkpoints that are kept, oldest first. */
  readonly all: readonly string[];
}

/** Replaces the index of a folder.
 * @throws RunError when it cannot be written */
export async function writeCheckpointIndex(dir: string, { latest, all }: CheckpointIndex): Promise<void> {
  const inFolder = (path: string) => relative(dir, path);
  const bytes = encodeCheckpointIndex({ latest: inFolder(latest), all: all.map(inFolder) });
  await writeAside(join(dir, indexName), bytes);
}

/** Encodes an index whose paths are relative to its folder. */
export function encodeCheckpointIndex({ latest, all }: CheckpointIndex): Uint8Array {
  const text = textformat.toText(CheckpointState, {
    model_checkpoint_path: latest,
    all_model_checkpoint_paths: all,
  });
  return new TextEncoder().encode(`${text}\n`);
}

/** Reads the index of a folder, and resolves its paths against the folder. Returns undefined if the index is missing.
 * @throws RunError with the file and the invalid line */
export async function readCheckpointIndex(dir: string): Promise<CheckpointIndex | undefined> {
  const file = join(dir, indexName);
  let text: string;
  try {
    text = new TextDecoder().decode(await readRegularFile(file, { links: 'refuse', maximumBytes }));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new RunError(`cannot read ${file}: ${oneLine(messageOf(error))}`, { cause: error });
  }
  const { model_checkpoint_path: latest, all_model_checkpoint_paths: all = [] } = parseState(text, file);
  if (latest === undefined)
    throw new RunError(`${file}: expected a line model_checkpoint_path: "…", found none`);
  return { latest: resolve(dir, latest), all: all.map((path) => resolve(dir, path)) };
}

interface State {
  readonly model_checkpoint_path?: string;
  readonly all_model_checkpoint_paths?: readonly string[];
}

/** @throws RunError with the invalid line, if protobufjs reports one */
function parseState(text: string, file: string): State {
  try {
    return CheckpointState.toObject(textformat.fromText(CheckpointState, text));
  } catch (error) {
    const [, what = '', line] = /^[.]?(.*?)(?: \(line (\d+)\))?$/s.exec(messageOf(error)) ?? [];
    const said = oneLine(shortened(what));
    if (line === undefined) throw new RunError(`${file}: ${said}`, { cause: error });
    // At the end of the text, the parser has already passed the line in which something is missing.
    const lines = text.split('\n').slice(0, Number(line));
    const number = lines.findLastIndex((candidate) => candidate.trim() !== '');
    const found = `in ${quoted(lines[number] ?? '')}`;
    throw new RunError(`${file}:${number + 1}: ${said} ${found}`, { cause: error });
  }
}
