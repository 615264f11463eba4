/** `inspect` of an ONNX file. */
import { dirname } from 'node:path';
import { readRegularFile } from '../../disk/regular-file.ts';
import { summarizeOnnx } from '../../engine/onnx/inspect/summarize.ts';
import { messageOf, RunError } from '../../errors.ts';
import { counted, oneLine, shortened } from '../../wording.ts';
import type { Console } from '../console.ts';
import { table } from '../table.ts';

/** The size limit of protobuf messages. */
const maximumBytes = 2 ** 31 - 1;

/** @throws RunError when the file cannot be read, or is not an ONNX model */
export async function inspectOnnx(path: string, console: Console): Promise<void> {
  const file = oneLine(path);
  const summary = await summarizeOnnx(file, await bytesOf(path), dirname(path));
  const { producer, opset, otherOpsets, inputs, outputs, operators, initializerBytes, externalFiles } =
    summary;
  for (const { problem } of externalFiles) {
    if (problem !== null) console.warn(`${file}: constants in another file: ${problem}`);
  }
  const nodes = operators.reduce((sum, [, count]) => sum + count, 0);
  const versions = [['opset', opset || 'unknown'], ...Object.entries(otherOpsets)].map(
    ([domain, version]) => `${name(String(domain))} ${version}`,
  );
  const elsewhere = externalFiles.map(
    ({ location, bytes }) => `, of which ${counted(bytes, 'byte')} in ${name(location)}`,
  );
  const head = [`produced by ${producer === '' ? 'an unknown program' : name(producer)}`, ...versions];
  const constants = `${counted(initializerBytes, 'byte')} of constants${elsewhere.join('')}`;
  console.result(
    [
      `${file}: ${[...head, counted(nodes, 'node'), constants].join(', ')}`,
      `inputs:\n${lines(inputs)}\noutputs:\n${lines(outputs)}`,
      table([['operator', 'nodes'], ...operators.map(([operator, count]) => [operator, String(count)])]),
    ].join('\n'),
    { kind: 'onnx', path, ...summary, operators: Object.fromEntries(operators), nodes },
  );
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

const name = (text: string) => oneLine(shortened(text, 200));
const lines = (texts: readonly string[]) => texts.map((text) => `  ${name(text)}`).join('\n');
