/** Tests of signals that a process of an MPI job receives while it waits for another one. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Vendor } from '../collective/mpi/abi.ts';
import { findLauncher, mpirun } from './mpirun.ts';
import { main } from './program.ts';
import { copySynthetic } from './synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-mpi-stops-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The environment that runs a script at the start of each process. The script can use the number `rank`. */
const starting = (script: string) => {
  const text = `const { PMI_RANK, OMPI_COMM_WORLD_RANK } = process.env; const rank = Number(OMPI_COMM_WORLD_RANK ?? PMI_RANK);${script}`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(text)}` };
};
const stop = `setTimeout(() => process.kill(process.pid, 'SIGTERM'), 500).unref();`;

export function testStopsOf(vendor: Vendor): void {
  const launcher = findLauncher(vendor);
  const skip = 'missing' in launcher ? launcher.missing : false;
  const short = vendor.replace(' ', '');

  describe(`a stop of a job of ${vendor}`, { skip }, () => {
    test('ends it when process 1 is asked to stop, while process 0 downloads', async () => {
      const isDownloading = join(folder, `${short}-downloading`);
      const proxy = createServer((socket) => {
        socket.on('error', () => undefined);
        writeFileSync(isDownloading, '');
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const script = `
        import { existsSync } from 'node:fs';
        const watch = () => existsSync(${JSON.stringify(isDownloading)}) && (clearInterval(timer), stop());
        const stop = () => { ${stop} };
        const timer = rank === 1 && setInterval(watch, 50).unref();
      `;
      const folders = [
        '--data-dir',
        join(folder, `${short}-data`),
        '--train-dir',
        join(folder, `${short}-run`),
      ];
      const environment = { https_proxy: address, ...starting(script) };
      const { code } = await mpirun(vendor, 2, [main, 'train', ...folders], environment);
      proxy.close();
      assert.ok(existsSync(isDownloading));
      // The launcher ends with another code, or null, if it is killed after a minute.
      assert.equal(code, 143);
    });

    test('does not abort it when process 0 has begun to leave', async () => {
      const dataDir = join(folder, 'data');
      await copySynthetic(dataDir);
      const membership = JSON.stringify(new URL('../cli/membership.js', import.meta.url).href);
      // In a worker, the script does nothing.
      const script = `
        import { isMainThread } from 'node:worker_threads';
        if (isMainThread) {
          const { Membership: { prototype } } = await import(${membership});
          const { leave } = prototype;
          prototype.leave = function () {
            if (rank === 1) return new Promise(() => setTimeout(() => {}, 20_000));
            ${stop}
            return leave.call(this);
          };
        }
      `;
      const words = ['download', '--dataset', 'synthetic', '--data-dir', dataDir];
      const { code, output, errors } = await mpirun(vendor, 2, [main, ...words], starting(script));
      assert.notEqual(code, 0);
      assert.match(output, /already exists/);
      assert.match(errors, /exiting at once/);
      assert.doesNotMatch(errors, /Fatal error|MPI_Abort/i);
    });
  });
}
