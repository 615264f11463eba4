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
import { bytesOf, describeType, type Float32Tensor, type Tensor } from '../tensor/tensor.ts';
import { oneLine, quoted, shortened } from '../wording.ts';
import { type CheckpointMetadata, decodeMetadata, encodeMetadata } from './metadata.ts';
import { checkpointName } from './names.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';
import { SafetensorsReader } from './safetensors-reader.ts';

/** The content of a checkpoint file. */
export interface Checkpoint {
  readonly tensors: ReadonlyMap<string, Float32Tensor>;
  readonly metadata: CheckpointMetadata;
}

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

const digestKey = 'contentSha256';

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

export function encodeCheckpoint({ tensors, metadata }: Checkpoint): Uint8Array {
  const stored = encodeMetadata(metadata);
  return encodeSafetensors(tensors, { ...stored, [digestKey]: contentDigest(tensors, stored) });
}

/** @throws RunError with the file and what is wrong with it */
export function decodeCheckpoint(bytes: Uint8Array, file: string): Checkpoint {
  const { tensors, metadata: stored } = decodeSafetensors(bytes, file);
  const checkpoint = { tensors: float32Only(tensors, file), metadata: decodeMetadata(stored, file) };
  requireDigest(tensors, stored, file);
  return checkpoint;
}

/**
 * Returns the SHA-256 of the content: metadata, names, types and elements, sorted by name. It detects any damage, but stays
 * valid if another tool rewrites the file with the same content.
 */
function contentDigest(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): string {
  const hash = createHash('sha256');
  for (const key of Object.keys(metadata).sort()) hash.update(JSON.stringify([key, metadata[key]]));
  for (const name of [...tensors.keys()].sort()) {
    const tensor = tensors.get(name);
    if (tensor === undefined) continue;
    hash.update(JSON.stringify([name, tensor.dtype, tensor.shape]));
    hash.update(bytesOf(tensor));
  }
  return hash.digest('hex');
}

function requireDigest(
  tensors: ReadonlyMap<string, Tensor>,
  { [digestKey]: stored, ...metadata }: Readonly<Record<string, string>>,
  file: string,
): void {
  const computed = contentDigest(tensors, metadata);
  if (stored === computed) return;
  throw new RunError(
    `${file}: the file is damaged: SHA-256 of the content is ${computed}, but ${digestKey} is ${oneLine(shortened(stored ?? 'missing'))}`,
  );
}

function float32Only(tensors: ReadonlyMap<string, Tensor>, file: string): Map<string, Float32Tensor> {
  const entries = [...tensors].map(([name, tensor]): [string, Float32Tensor] => {
    if (tensor.dtype === 'float32') return [name, tensor];
    throw new RunError(`${file}: tensor ${quoted(name)}: expected float32, found ${describeType(tensor)}`);
  });
  return new Map(entries);
}
