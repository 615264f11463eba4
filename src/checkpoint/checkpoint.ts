/**
 * A checkpoint is everything that a run needs to resume, in one safetensors file. Its tensors are the variables, their moving
 * averages and the averages of the loss, under their names in the graph. Filters are OIHW, dense weights are [in, out].
 */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { aChoice, aText, type OptionChecks, optional, requireOptions } from '../arguments.ts';
import type { ReadOptions } from '../disk/read-options.ts';
import { readRegularFile } from '../disk/regular-file.ts';
import { writeAside } from '../disk/write-aside.ts';
import { messageOf, RunError } from '../errors.ts';
import { oneLine } from '../wording.ts';
import { type Checkpoint, decodeContent, encodeContent } from './content.ts';
import { type CheckpointMetadata, decodeMetadata } from './metadata.ts';
import { checkpointName } from './names.ts';
import { SafetensorsReader } from './safetensors-reader.ts';

/** A checkpoint without its larger tensors. */
export interface CheckpointScalars {
  readonly metadata: CheckpointMetadata;
  readonly scalars: ReadonlyMap<string, number>;
}

/** Options of `readCheckpoint`. */
export interface CheckpointReadOptions extends Pick<ReadOptions, 'links'> {}

const readChecks: OptionChecks<CheckpointReadOptions> = { links: optional(aChoice(['follow', 'refuse'])) };

/** The size of the largest file that Node.js can read at once. */
const maximumFileBytes = 2 ** 31 - 1;

/** Writes `model.ckpt-<globalStep>.safetensors` to a folder, which is created if necessary, and returns the path. After a
 * crash there is either the complete file or none.
 * @throws RunError when the file cannot be written, or when the metadata could not be read back */
export async function writeCheckpoint(
  trainDir: string,
  checkpoint: Checkpoint,
  onProgress?: () => void,
): Promise<string> {
  const path = join(trainDir, checkpointName(checkpoint.metadata.globalStep));
  const bytes = encodeCheckpoint(checkpoint);
  try {
    await mkdir(trainDir, { recursive: true });
  } catch (error) {
    throw new RunError(`cannot create the folder ${trainDir}: ${messageOf(error)}`, { cause: error });
  }
  await writeAside(path, bytes, onProgress);
  return path;
}

/** Reads a checkpoint and verifies all of it.
 * @throws RunError with the file and what is wrong with it */
export async function readCheckpoint(path: string, options: CheckpointReadOptions = {}): Promise<Checkpoint> {
  aText('path', path);
  requireOptions(options, readChecks);
  const { links } = options;
  let bytes: Uint8Array;
  try {
    bytes = await readRegularFile(path, { maximumBytes: maximumFileBytes, ...(links && { links }) });
  } catch (error) {
    throw new RunError(`cannot read the checkpoint ${oneLine(path)}: ${oneLine(messageOf(error))}`, {
      cause: error,
    });
  }
  return decodeCheckpoint(bytes, oneLine(path));
}

/** Reads the metadata of a checkpoint without reading its tensors.
 * @throws RunError with the file and what is wrong with it */
export async function readCheckpointMetadata(path: string): Promise<CheckpointMetadata> {
  return (await readCheckpointScalars(path, [])).metadata;
}

/** Reads the metadata and some scalars of a checkpoint without reading its other tensors. The checksum is not verified.
 * @param names the names of scalars; those that the checkpoint does not have are omitted from the result
 * @throws RunError with the file and what is wrong with it */
export async function readCheckpointScalars(
  path: string,
  names: readonly string[],
): Promise<CheckpointScalars> {
  const reader = await SafetensorsReader.open(path);
  try {
    const { entries, metadata } = reader.header;
    const scalars = new Map<string, number>();
    for (const entry of entries) {
      if (!names.includes(entry.name) || entry.type !== 'F32' || entry.shape.length > 0) continue;
      const { buffer, byteOffset, byteLength } = await reader.bytesOf(entry);
      if (byteLength === Float32Array.BYTES_PER_ELEMENT)
        scalars.set(entry.name, new DataView(buffer, byteOffset).getFloat32(0, true));
    }
    return { metadata: decodeMetadata(metadata, oneLine(path)), scalars };
  } finally {
    await reader.close();
  }
}

export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  return encodeContent(checkpoint, () => createHash('sha256'));
}

/** @throws RunError with the file and what is wrong with it */
export function decodeCheckpoint(bytes: Uint8Array, file: string): Checkpoint {
  return decodeContent(bytes, file, () => createHash('sha256'));
}
