import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { collectiveCases } from '../../testing/collective-cases.ts';
import { inTemporaryFolder } from '../../testing/examples.ts';
import { findLauncher, memberJob, mpiVendors } from '../../testing/mpirun.ts';
import { shortVersion, type Vendor, vendorOf } from './abi.ts';
import { abortLaunch, launcherOf } from './launcher.ts';
import { startMpi } from './start-mpi.ts';

for (const vendor of mpiVendors) {
  const launcher = findLauncher(vendor);
  const skip = 'missing' in launcher ? launcher.missing : false;

  describe(`a job of ${vendor}`, { skip }, () => {
    test('of processes, and of their threads, passes the cases of every group', async () => {
      const { code, errors, reports } = await memberJob(vendor, 3, 'cases');
      assert.equal(code, 0, errors);
      const cases = Object.keys(collectiveCases).length;
      for (const [rank, report] of reports.entries()) {
        assert.deepEqual(report, { ...report, rank, size: 3, passed: cases, nested: cases });
        assert.ok(report.library?.startsWith(vendor), report.library);
        // The same sums give the same bits every time, and in every process.
        assert.equal(report.sums?.length, 1);
        assert.deepEqual(report.sums, reports[0]?.sums);
        assert.ok((report.waited ?? 1000) < 250, `waiting for 400 ms took ${report.waited} ms of CPU time`);
      }
      assert.equal(reports.length, 3);
    });

    test('ends when one process is killed during a step', async () => {
      const { code, reports } = await memberJob(vendor, 2, 'kill');
      assert.notEqual(code, 0);
      const errors = reports.map(({ error }) => error);
      assert.deepEqual(errors, [undefined, undefined]);
    });
  });
}

describe('a library that does not belong to the launcher', () => {
  const hydra = findLauncher('MPICH');
  const openMpi = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib']
    .map((folder) => join(folder, 'libmpi.so.40'))
    .find((path) => existsSync(path));
  const skip =
    'missing' in hydra
      ? hydra.missing
      : openMpi === undefined
        ? 'the library of Open MPI is not installed'
        : false;

  test('is refused by name', { skip }, async () => {
    const two = await memberJob('MPICH', 2, 'cases', { CIFAR10_MPI: `${openMpi}` });
    assert.equal(two.code, 1);
    for (const { error } of two.reports)
      assert.match(
        error ?? '',
        /no MPI library for mpiexec \(Hydra\) found \(.*libmpi\.so\.40 is Open MPI [\d.]+, which does not work/,
      );
  });

  test('is found out if the launcher is unknown', { skip }, async () => {
    const environment = { OMPI_COMM_WORLD_RANK: '', PMI_RANK: '1', PMI_SIZE: '4', CIFAR10_MPI: `${openMpi}` };
    await assert.rejects(
      withEnvironment(environment, () => startMpi('auto')),
      /a PMI launcher started this process as process 1 of 4, but Open MPI [\d.]+ \(.*\) sees process 0 of 1: /,
    );
  });
});

describe('a missing library', () => {
  const launched = { PMI_RANK: '0', PMI_SIZE: '2' };
  test('is reported with its name and advice', async () => {
    await assert.rejects(
      withEnvironment({ ...launched, CIFAR10_MPI: '/nowhere/libmpi.so' }, () => startMpi()),
      (error: Error) => {
        assert.equal(error.name, 'RunError');
        assert.match(
          error.message,
          /^no MPI library for a PMI launcher found \(\/nowhere\/libmpi\.so: .*\)\. Install Open MPI or MPICH/,
        );
        assert.match(error.message, /`collective: none` trains without MPI$/);
        return true;
      },
    );
  });

  test('that is another library is refused', async () => {
    await assert.rejects(
      withEnvironment({ ...launched, CIFAR10_MPI: 'libm.so.6' }, () => startMpi()),
      /libm\.so\.6 has no function MPI_Get_library_version/,
    );
  });

  test('does not matter without a launcher, in a job of one process, or with `collective: none`', async () => {
    assert.equal(await startMpi('auto', {}), undefined);
    assert.equal(await startMpi('auto', { ...launched, PMI_SIZE: '1' }), undefined);
    assert.equal(await startMpi('none', launched), undefined);
  });
});

describe('launchers are recognized from the environment', () => {
  const openMpi = { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '4', PMIX_RANK: '1' };
  const slurm = { SLURM_PROCID: '2', SLURM_STEP_NUM_TASKS: '3', SLURM_NTASKS: '3' };
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ['nothing', {}, 'none'],
    ["Open MPI's mpirun", openMpi, "Open MPI's mpirun: Open MPI, 1 of 4"],
    ["Open MPI's mpirun within a Slurm job", { ...slurm, ...openMpi }, "Open MPI's mpirun: Open MPI, 1 of 4"],
    ['Hydra', { PMI_RANK: '3', PMI_SIZE: '8', MPI_LOCALRANKID: '1' }, 'mpiexec (Hydra): MPICH, 3 of 8'],
    ['srun --mpi=pmi2', { ...slurm, PMI_RANK: '2', PMI_SIZE: '3' }, 'a PMI launcher: any, 2 of 3'],
    ['srun --mpi=pmix', { ...slurm, PMIX_RANK: '2' }, 'srun: any, 2 of 3'],
    ['srun without MPI', slurm, 'srun: any, 2 of 3'],
    ['a batch script of Slurm', { SLURM_PROCID: '0', SLURM_NTASKS: '3' }, 'none'],
    ['a PMIx launcher', { PMIX_RANK: '5', PMIX_NAMESPACE: 'x' }, 'a PMIx launcher: any, 5 of undefined'],
    ['damaged values', { PMI_RANK: 'one', PMI_SIZE: '-2', OMPI_COMM_WORLD_RANK: '' }, 'none'],
  ];
  for (const [title, environment, expected] of cases)
    test(title, () => {
      const found = launcherOf(environment);
      const text = found && `${found.name}: ${found.vendor ?? 'any'}, ${found.rank} of ${found.size}`;
      assert.equal(text ?? 'none', expected);
    });
});

test('a closed connection to the launcher is refused, and nothing is written to the file that has its number now', () =>
  inTemporaryFolder(async (folder) => {
    const hydra = { PMI_RANK: '1', PMI_SIZE: '2', MPI_LOCALRANKID: '1' };
    const path = join(folder, 'other');
    const file = openSync(path, 'w');
    for (const descriptor of [file, 9999]) {
      const environment = { ...hydra, PMI_FD: String(descriptor) };
      await assert.rejects(startMpi('auto', environment), {
        name: 'RunError',
        message: new RegExp(
          `closed \\(file descriptor ${descriptor}, from PMI_FD\\).* such as npx\\. Let mpirun start Node\\.js`,
        ),
      });
      abortLaunch(environment, 1);
    }
    closeSync(file);
    assert.equal(readFileSync(path, 'utf8'), '');
  }));

describe('implementations are recognized from their version strings', () => {
  const cases: readonly (readonly [string, string, Vendor | undefined])[] = [
    ['Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4', 'Open MPI 4.1.4', 'Open MPI'],
    ['MPICH Version:\t4.0.2\nMPICH Release date:\tThu Apr  7', 'MPICH 4.0.2', 'MPICH'],
    ['MPICH Version:      5.0.2\nMPICH Release date: Fri', 'MPICH 5.0.2', 'MPICH'],
    ['Intel(R) MPI Library 2021.19.0 for Linux* OS\n', 'Intel(R) MPI 2021.19.0', 'MPICH'],
    ['MVAPICH2 Version      :\t2.3.7\nMVAPICH2 Release date', 'MVAPICH2 2.3.7', 'MPICH'],
    ['MPI VERSION    : CRAY MPICH version 8.1.28.15 (ANL base 3.4a2)', '', 'MPICH'],
    ['Some MPI 1.0', 'Some MPI 1.0', undefined],
  ];
  for (const [text, version, vendor] of cases)
    test(oneWord(text), () => {
      assert.equal(vendorOf(text), vendor);
      if (version !== '') assert.equal(shortVersion(text), version);
    });
});

function oneWord(text: string): string {
  return text.split(/[\n,]/)[0] ?? '';
}

/** Runs `use` with these variables, in this process and its threads. */
async function withEnvironment<T>(
  environment: Readonly<Record<string, string>>,
  use: () => Promise<T>,
): Promise<T> {
  const before = { ...process.env };
  Object.assign(process.env, environment);
  try {
    return await use();
  } finally {
    for (const name of Object.keys(environment)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}
