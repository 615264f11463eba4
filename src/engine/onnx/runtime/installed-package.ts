/** Where the package onnxruntime-node is installed, and its version. This does not load it. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { messageOf, RunError } from '../../../errors.ts';
import { installAdvice } from './advice.ts';

/** @throws RunError when the package is not installed */
export function installedVersion(): string {
  try {
    const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as {
      version: string;
    };
    return version;
  } catch (error) {
    throw new RunError(
      `the package onnxruntime-node cannot be loaded (${messageOf(error)}). ${installAdvice}`,
      { cause: error },
    );
  }
}

/** @throws Error when the package is not installed */
export function installedFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
}
