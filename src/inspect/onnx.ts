/** Inspects an ONNX file: its inputs, outputs and operators. */
import { dirname } from 'node:path';
import { readRegularFile } from '../disk/regular-file.ts';
import { type OnnxSummary, summarizeOnnx } from '../engine/onnx/inspect/summarize.ts';
import { messageOf, RunError } from '../errors.ts';
import { oneLine } from '../wording.ts';
import type { Findings } from './findings.ts';

export type { OnnxSummary };

/** Messages in protobuf cannot be larger. */
const maximumBytes = 2 ** 31 - 1;

/** @throws RunError when the file cannot be read, or is not an ONNX model */
export async function* inspectOnnx(path: string): Findings {
  const file = oneLine(path);
  const summary = await summarizeOnnx(file, await bytesOf(path), dirname(path));
  for (const { problem } of summary.externalFiles) {
    if (problem !== null)
      yield { kind: 'warning', message: `${file}: constants in another file: ${problem}` };
  }
  yield { kind: 'onnx', path, summary };
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, { maximumBytes });
  } catch (error) {
    throw new RunError(
      `${oneLine(path)}: cannot be read (${oneLine(messageOf(error))}). Check that it is a regular file and that its disk works`,
      { cause: error },
    );
  }
}
