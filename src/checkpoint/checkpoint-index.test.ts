import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { readCheckpointIndex, writeCheckpointIndex } from './checkpoint-index.ts';
import { quoteText, unquoteText } from './text-proto.ts';

let dir = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cifar10-index-'));
});
after(() => rm(dir, { recursive: true }));

test('the index has the text format that TensorFlow writes', async () => {
  const all = [1000, 2000].map((step) => join(dir, `model.ckpt-${step}.safetensors`));
  await writeCheckpointIndex(dir, { latest: all[1] ?? '', all });
  assert.equal(
    await readFile(join(dir, 'checkpoint'), 'utf8'),
    `model_checkpoint_path: "model.ckpt-2000.safetensors"
all_model_checkpoint_paths: "model.ckpt-1000.safetensors"
all_model_checkpoint_paths: "model.ckpt-2000.safetensors"
`,
  );
  assert.deepEqual(await readdir(dir), ['checkpoint']);
  assert.deepEqual(await readCheckpointIndex(dir), { latest: all[1], all });
});

test('absolute paths, single quotes, comments, blank lines and time stamps are accepted', async () => {
  await writeFile(
    join(dir, 'checkpoint'),
    `# kept by hand
model_checkpoint_path: '/elsewhere/model.ckpt-3'\r
all_model_checkpoint_paths : "caf\\303\\251/model.ckpt-3"

all_model_checkpoint_timestamps: 1479000000.5
`,
  );
  assert.deepEqual(await readCheckpointIndex(dir), {
    latest: '/elsewhere/model.ckpt-3',
    all: [join(dir, 'café/model.ckpt-3')],
  });
});

test('a folder without an index has none', async () => {
  assert.equal(await readCheckpointIndex(join(dir, 'missing')), undefined);
});

const unreadable = [
  { text: '', message: 'no line model_checkpoint_path: "…"' },
  { text: 'model_checkpoint_path', message: 'expected name: "value", found "model_checkpoint_path"' },
  { text: 'model_checkpoint_path:', message: 'expected name: "value", found "model_checkpoint_path:"' },
  { text: 'model_checkpoint_path: "a', message: 'expected a quoted string, found "a' },
  { text: 'model_checkpoint_path: "a\\q"', message: 'expected a quoted string, found "a\\q"' },
  { text: 'model_checkpoint_path: "a" "b"', message: 'expected a quoted string, found "a" "b"' },
];

for (const { text, message } of unreadable) {
  test(`an index containing ${JSON.stringify(text)} is refused`, async () => {
    await writeFile(join(dir, 'checkpoint'), text);
    const where = text === '' ? '' : ':1';
    await assert.rejects(readCheckpointIndex(dir), {
      name: 'RunError',
      message: `${join(dir, 'checkpoint')}${where}: ${message}`,
    });
  });
}

test('every string survives quoting, in printable ASCII on one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const quoted = quoteText(text);
      assert.match(quoted, /^"[ -~]*"$/);
      assert.equal(unquoteText(quoted), text);
    }),
  );
});

test('protobuf escapes are decoded, others refused', () => {
  assert.equal(unquoteText(String.raw`"\a\b\t\n\v\f\r\"\'\?\\"`), '\x07\b\t\n\v\f\r"\'?\\');
  assert.equal(unquoteText(String.raw`"\x41\101\7é"`), 'AA\x07é');
  assert.equal(unquoteText(String.raw`"\400"`), undefined);
  assert.equal(unquoteText('plain'), undefined);
});
