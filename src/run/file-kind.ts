/** Recognizes files by their names or their first bytes. */
import { stat } from 'node:fs/promises';
import { openRegularFile } from '../disk/regular-file.ts';

/** Whether this is an ONNX file rather than a checkpoint, by its name or else by its first bytes: an ONNX file begins with the
 * version of the format, and a safetensors file with a size of 8 bytes and a `{`. */
export async function isOnnxFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) return false;
  if (path.endsWith('.onnx')) return true;
  if (found?.isFile() !== true) return false;
  const start = await firstBytes(path);
  return start !== undefined && start[0] === onnxStart && !isSafetensorsStart(start);
}

/** Whether this is a readable file that is not in the safetensors format. */
export async function isOtherFile(path: string): Promise<boolean> {
  const start = await firstBytes(path);
  return start !== undefined && !isSafetensorsStart(start);
}

/** The tag of the first field of an ONNX file, `ir_version`. */
const onnxStart = 0x08;

/** A safetensors file begins with a size of 8 bytes and a `{`. */
function isSafetensorsStart(bytes: Uint8Array): boolean {
  return bytes[8] === '{'.charCodeAt(0);
}

/** Returns the first bytes of a file, fewer if it is short, or undefined if it cannot be read. */
async function firstBytes(path: string): Promise<Uint8Array | undefined> {
  try {
    const file = await openRegularFile(path);
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(9), 0, 9, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
