import { access } from 'node:fs/promises';

/** Is there a file or a folder of that name? */
export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
