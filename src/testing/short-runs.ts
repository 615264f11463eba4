/** Short runs of the program on the generated set, for tests of the page. */
import assert from 'node:assert/strict';
import { cifar10 } from './in-process.ts';

/** Flags of a run that learns something within 150 steps, which take seconds, except its folders and its length. */
export const shortRun: readonly string[] = [
  'train',
  ...['--dataset', 'synthetic', '--batch-size', '32', '--optimizer', 'adam', '--engine', 'onnx'],
  ...['--summary-steps', '5', '--log-frequency', '50', '--moving-average-decay', '0.9'],
  ...['--network', 'cifar10:conv1=16,conv2=16,local3=64,local4=32', '--learning-rate', '0.005'],
];

/** Runs a command, which must succeed, in the process of the test, and returns what it prints. */
export async function succeed(...words: readonly string[]): Promise<string> {
  const { code, output, errors } = await cifar10(words);
  assert.equal(code, 0, `${words.join(' ')}: ${errors}`);
  return output;
}
