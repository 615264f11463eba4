/** What to do when ONNX Runtime cannot be loaded. */
import { errorCode, messageOf, RunError } from '../../../errors.ts';
import { type ReadText, readText } from '../../../machine/control-groups.ts';
import { exhaustedResource } from '../../../machine/exhaustion.ts';

export const installAdvice: string =
  'If the package is missing or broken, install it without its script, which downloads CUDA libraries: ' +
  'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node';

/** Advice for an error that ended a session's thread, if it says that the package did not load. */
export function adviceFor(error: unknown): string {
  if (exhaustedResource(error) !== undefined) return '';
  const isPackage = /onnxruntime/.test(messageOf(error));
  const isLoading = /^(ERR_)?(DLOPEN_FAILED|MODULE_NOT_FOUND)$/.test(errorCode(error) ?? '');
  return isPackage && (isLoading || /cannot find|shared (object|library)/i.test(messageOf(error)))
    ? installAdvice
    : '';
}

/** ONNX Runtime's binaries are built for GNU's C library; on Alpine and other systems with musl they do not load.
 * @throws RunError on such a system */
export function requireGnuLibrary(read: ReadText = readText): void {
  if (!/\/ld-musl-/.test(read('/proc/self/maps') ?? '')) return;
  throw new RunError(
    'this system uses musl (Alpine Linux), and ONNX Runtime needs glibc 2.28 or newer: use an image based on Debian, ' +
      'such as node:22-bookworm-slim',
  );
}
