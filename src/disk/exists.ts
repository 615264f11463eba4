import { access } from 'node:fs/promises';

/** Whether the path is that of an existing file or folder. */
export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
