/** Advice for users about what to do if ONNX Runtime cannot be loaded. */
import { errorCode, messageOf, RunError } from '../../../errors.ts';
import { type ReadText, readText } from '../../../machine/control-groups.ts';
import { exhaustedResource } from '../../../machine/exhaustion.ts';

export const installAdvice: string =
  'If the package is missing or broken, install it without its script, which downloads CUDA libraries: ' +
  'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node';

/** Returns advice for an error that ended the thread of a session, if the error means that the package did not
 * load. Returns an empty string for any other error. */
export function adviceFor(error: unknown): string {
  if (exhaustedResource(error) !== undefined) return '';
  const isPackage = /onnxruntime/.test(messageOf(error));
  const isLoading = /^(ERR_)?(DLOPEN_FAILED|MODULE_NOT_FOUND)$/.test(errorCode(error) ?? '');
  return isPackage && (isLoading || /cannot find|shared (object|library)/i.test(messageOf(error)))
    ? installAdvice
    : '';
}

/** Checks that the system does not use musl, as Alpine does. The binaries of ONNX Runtime are built for GNU's C library.
 * @throws RunError on a system with musl */
export function requireGnuLibrary(read: ReadText = readText): void {
  if (!/\/ld-musl-/.test(read('/proc/self/maps') ?? '')) return;
  throw new RunError(
    'this system uses musl (Alpine Linux), and ONNX Runtime needs glibc 2.28 or newer: use an image based on Debian, ' +
      'such as node:22-bookworm-slim',
  );
}
