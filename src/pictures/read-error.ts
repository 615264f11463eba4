/** Says why a file or folder cannot be read. */
import { errorCode, messageOf } from '../errors.ts';
import { oneLine } from '../wording.ts';

/** What Node.js returns for the bytes of a name that are not UTF-8. Such a path cannot be opened. */
const replacement = '\ufffd';

/** Returns the reason as part of a sentence, such as `does not exist`.
 * @param error the error of the operating system
 * @param path the path that was read */
export function readErrorText(error: unknown, path: string): string {
  const code = errorCode(error);
  if (code === 'ENOENT' && path.includes(replacement)) return 'has a name that is not UTF-8; rename it';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'ELOOP') return 'leads through a loop of links';
  return `cannot be read (${oneLine(messageOf(error))})`;
}
