/** Ends the thread of a tower in a program that a test starts. */

/** Returns a value of NODE_OPTIONS with which the thread of one of the towers on ONNX Runtime ends, as soon as a file exists.
 * @param folder the folder that the thread creates first, so that no other one ends
 * @param rank the process of an MPI job to which the tower belongs. Undefined: any */
export function endOneTower(file: string, folder: string, rank?: number): string {
  const script = `
    import { existsSync, mkdirSync } from 'node:fs';
    import { isMainThread } from 'node:worker_threads';
    const { PMI_RANK, OMPI_COMM_WORLD_RANK } = process.env;
    const isMember = ${rank === undefined} || (OMPI_COMM_WORLD_RANK ?? PMI_RANK) === '${rank}';
    if (!isMainThread && isMember && /cifar10-onnx-worker/.test(process.argv[1]))
      setInterval(() => {
        if (!existsSync(${JSON.stringify(file)})) return;
        try {
          mkdirSync(${JSON.stringify(folder)});
          process.exit(7);
        } catch {}
      }, 1).unref();
  `;
  return `--import=data:text/javascript,${encodeURIComponent(script)}`;
}
