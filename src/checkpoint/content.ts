/** The bytes of a checkpoint. They run in Node.js and in pages, which pass different functions that compute SHA-256. */
import { RunError } from '../errors.ts';
import { bytesOf, describeType, type Float32Tensor, type Tensor } from '../tensor/tensor.ts';
import { oneLine, quoted, shortened } from '../wording.ts';
import { type CheckpointMetadata, decodeMetadata, encodeMetadata } from './metadata.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

/** The content of a checkpoint file. */
export interface Checkpoint {
  readonly tensors: ReadonlyMap<string, Float32Tensor>;
  readonly metadata: CheckpointMetadata;
}

/** A SHA-256 in the making, with the interface of `node:crypto`. */
export interface Sha256Hash {
  update(data: string | Uint8Array): unknown;
  digest(encoding: 'hex'): string;
}

const digestKey = 'contentSha256';

/** @param newHash begins a SHA-256
 * @throws RunError when the metadata could not be read back */
export function encodeContent({ tensors, metadata }: Checkpoint, newHash: () => Sha256Hash): Uint8Array {
  const stored = encodeMetadata(metadata);
  return encodeSafetensors(tensors, { ...stored, [digestKey]: contentDigest(tensors, stored, newHash()) });
}

/** @param file the name of the file, for messages
 * @throws RunError with the file and what is wrong with it */
export function decodeContent(bytes: Uint8Array, file: string, newHash: () => Sha256Hash): Checkpoint {
  const { tensors, metadata: stored } = decodeSafetensors(bytes, file);
  const checkpoint = { tensors: float32Only(tensors, file), metadata: decodeMetadata(stored, file) };
  requireDigest(tensors, stored, file, newHash());
  return checkpoint;
}

/**
 * Returns the SHA-256 of the content: metadata, names, types and elements, sorted by name. It detects any damage, but stays
 * valid if another tool rewrites the file with the same content.
 */
function contentDigest(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
  hash: Sha256Hash,
): string {
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
  hash: Sha256Hash,
): void {
  const computed = contentDigest(tensors, metadata, hash);
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
