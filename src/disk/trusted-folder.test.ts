import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import { requireTrusted, tamperingRisk } from './trusted-folder.ts';

const me = { uid: 1000, gid: 1000 };

test('a folder is trusted if this user or root owns it and no other user can write to it', () => {
  assert.equal(tamperingRisk({ ...me, mode: 0o40755 }, me), undefined);
  assert.equal(tamperingRisk({ uid: 0, gid: 0, mode: 0o40755 }, me), undefined);
  assert.equal(tamperingRisk({ ...me, mode: 0o40775 }, me), undefined, 'the primary group of the user');
});

test('a folder that others own or can write to is not trusted', () => {
  assert.equal(tamperingRisk({ uid: 1001, gid: 1001, mode: 0o40755 }, me), 'belongs to another user');
  assert.equal(tamperingRisk({ ...me, mode: 0o40757 }, me), 'is writable by every user');
  assert.equal(tamperingRisk({ ...me, mode: 0o41777 }, me), 'is writable by every user');
  assert.equal(tamperingRisk({ uid: 1000, gid: 50, mode: 0o40775 }, me), 'is writable by its group');
});

test(
  'an untrusted default folder is refused with advice, but one that the user named is used with a warning',
  {
    skip: process.platform === 'win32',
  },
  () =>
    inTemporaryFolder(async (folder) => {
      const shared = join(folder, 'shared');
      mkdirSync(shared);
      chmodSync(shared, 0o777);
      const warnings: string[] = [];
      const use = (name: string, isExplicit: boolean) =>
        requireTrusted({ folder: join(folder, name), option: 'trainDir', isExplicit }, (text) =>
          warnings.push(text),
        );
      await assert.rejects(use('shared', false), {
        name: 'RunError',
        message: `${shared}: is writable by every user, so others could replace files in it. Use another \`trainDir\`, or remove the access of others (chown, chmod go-w).`,
      });
      assert.deepEqual(warnings, []);
      await use('shared', true);
      assert.deepEqual(warnings, [
        `${shared} is writable by every user: files in it may be replaced by others`,
      ]);
      await use('missing', false);
      chmodSync(shared, 0o755);
      await use('shared', false);
      assert.equal(warnings.length, 1);
    }),
);

test("another user's folder or link is refused", { skip: process.getuid?.() !== 0 && 'needs root' }, () =>
  inTemporaryFolder(async (folder) => {
    const [own, link] = [join(folder, 'own'), join(folder, 'link')];
    mkdirSync(own);
    symlinkSync(own, link);
    const use = (path: string) =>
      requireTrusted({ folder: path, option: 'trainDir', isExplicit: false }, assert.fail);
    await use(link);
    chownSync(own, 12_345, 12_345);
    await assert.rejects(use(own), /belongs to another user/);
    await assert.rejects(use(link), /belongs to another user/);
  }),
);
