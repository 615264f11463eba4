import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findLauncher, memberJob, mpiVendors } from '../../testing/mpirun.ts';

for (const vendor of mpiVendors) {
  const launcher = findLauncher(vendor);
  const skip = 'missing' in launcher ? launcher.missing : false;

  describe(`a job of ${vendor}`, { skip }, () => {
    test('starts 20 times without a crash', async () => {
      for (let start = 0; start < 20; start++) {
        const { code, errors } = await memberJob(vendor, 4, 'start');
        assert.equal(code, 0, errors);
      }
    });

    test('uses no more memory and files after 2,500 sums than before', async () => {
      const { code, errors, reports } = await memberJob(vendor, 2, 'soak');
      assert.equal(code, 0, errors);
      for (const { memory: [before, after] = [0, 0], files = [0, 1] } of reports) {
        assert.ok(after - before < 8e6, `${before} bytes, then ${after}`);
        assert.equal(files[0], files[1]);
      }
    });
  });
}
