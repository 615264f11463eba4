/**
 * Files that exist only while this process works: a file that is being written, the lock of a folder. Normally the code that
 * creates them removes them. A process that must end at once removes them with `removeUnfinished`.
 */

type Removal = () => Promise<unknown>;

const unfinished = new Set<Removal>();

/** Registers how to remove a file if the process has to end at once. Returns a function that cancels the
 * registration. */
export function registerUnfinished(remove: Removal): () => void {
  unfinished.add(remove);
  return () => void unfinished.delete(remove);
}

/** Removes the registered files. Never rejects. Never resolves if the file system hangs. */
export async function removeUnfinished(): Promise<void> {
  await Promise.allSettled([...unfinished].map((remove) => remove()));
}
