import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findLauncher, memberJob, mpiVendors } from '../../testing/mpirun.ts';

for (const vendor of mpiVendors) {
  const launcher = findLauncher(vendor);
  const skip = 'missing' in launcher ? launcher.missing : false;

  describe(`a job of ${vendor}`, { skip }, () => {
    const endings: Readonly<Record<string, number>> = {
      abort: 7,
      exit: 5,
      'exit-0': 1,
      'exit-code': 3,
      throw: 1,
    };
    for (const [ending, expected] of Object.entries(endings))
      test(`ends with code ${expected} when one process ends during a step: ${ending}`, async () => {
        const { code, errors, reports } = await memberJob(vendor, 2, ending);
        assert.equal(code, expected, errors);
        assert.deepEqual(
          reports.map(({ error }) => error),
          [undefined, undefined],
        );
        if (ending === 'throw') assert.match(errors, /Error: went wrong/);
      });
  });
}
