import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { readCheckpointIndex, writeCheckpointIndex } from './checkpoint-index.ts';

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

test('reading a missing index returns undefined', async () => {
  assert.equal(await readCheckpointIndex(join(dir, 'missing')), undefined);
});

const read = async (text: string | Uint8Array) => {
  await writeFile(join(dir, 'checkpoint'), text);
  return readCheckpointIndex(dir);
};

test('the rest of the text format is understood too: lists, literals in pieces, escapes, several fields in a line', async () => {
  assert.deepEqual(
    await read(String.raw`model_checkpoint_path: "\a\b\t\n\v\f\r\"\'\?" '\x41\101\7é😀' all_model_checkpoint_paths: ["a", "b"],
      last_preserved_timestamp: 1479000000.25; all_model_checkpoint_timestamps: [1, 2.5e9] # both`),
    {
      latest: join(dir, '\x07\b\t\n\v\f\r"\'?AA\x07é😀'),
      all: [join(dir, 'a'), join(dir, 'b')],
    },
  );
  assert.deepEqual(await read('\ufeffmodel_checkpoint_path: "a"'), { latest: join(dir, 'a'), all: [] });
});

const found = (line: string) => `in ${JSON.stringify(line)}`;
const unreadable = [
  { text: '', where: '', message: 'expected a line model_checkpoint_path: "…", found none' },
  { text: 'model_checkpoint_path', message: `expected ':' ${found('model_checkpoint_path')}` },
  {
    text: '\nmodel_checkpoint_path:\n\n',
    where: ':2',
    message: `expected string ${found('model_checkpoint_path:')}`,
  },
  { text: 'model_checkpoint_path: "a', message: `unterminated string ${found('model_checkpoint_path: "a')}` },
  {
    text: '# 1\n# 2\nmodel_checkpoint_path: "a\\q"',
    where: ':3',
    message: `illegal string escape '\\q' ${found('model_checkpoint_path: "a\\q"')}`,
  },
  { text: 'model_checkpoint_path: 3', message: `expected string ${found('model_checkpoint_path: 3')}` },
  { text: 'step: 3', message: `CheckpointState: unknown field 'step' ${found('step: 3')}` },
  { text: '\u001b[31m', message: `illegal field name '\\u001b' in "\\u001b[31m"` },
  {
    text: 'model_checkpoint_path: "a"\nmodel_checkpoint_path: "b"',
    where: '',
    message: 'CheckpointState.model_checkpoint_path: multiple values',
  },
  { text: 'model_checkpoint_path: "\\377"', where: '', message: 'invalid UTF-8 string' },
];

for (const { text, where = ':1', message } of unreadable) {
  test(`an index containing ${JSON.stringify(text)} is refused`, () =>
    assert.rejects(read(text), {
      name: 'RunError',
      message: `${join(dir, 'checkpoint')}${where}: ${message}`,
    }));
}

test('an index of 100,000 checkpoints and a name of several megabytes are read', async () => {
  const line = 'all_model_checkpoint_paths: "model.ckpt-1000.safetensors"\n';
  const index = await read(`model_checkpoint_path: "a"\n${line.repeat(100_000)}`);
  assert.equal(index?.all.length, 100_000);
  const name = await read(`model_checkpoint_path: "${'a'.repeat(4e6)}${'\\303\\251'.repeat(5e5)}"`);
  assert.equal(name?.latest.length, dir.length + 1 + 4.5e6);
});

test('every name is written in printable ASCII on one line, and read back unchanged', () => {
  const names = fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => !/^[.]+$|[/\\\0]/.test(name));
  return fc.assert(
    fc.asyncProperty(names, async (name) => {
      const latest = join(dir, name);
      await writeCheckpointIndex(dir, { latest, all: [latest] });
      assert.match(await readFile(join(dir, 'checkpoint'), 'utf8'), /^(?:[ -~]*\n){2}$/);
      assert.deepEqual(await readCheckpointIndex(dir), { latest, all: [latest] });
    }),
    { numRuns: 50 },
  );
});
