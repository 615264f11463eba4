import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Compares the Dockerfile and the development container with the repository. Containers themselves are not run. */
const root = fileURLToPath(new URL('../', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as {
  readonly engines: { readonly node: string };
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly license: string;
};

interface Stage {
  readonly name: string;
  readonly base: string;
  /** Instructions without comments, each on one line. */
  readonly lines: readonly string[];
}

function stagesOf(dockerfile: string): readonly Stage[] {
  const lines = dockerfile
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.flatMap((line, index) => {
    const [, base, name = ''] = /^FROM (\S+)(?: AS (\S+))?$/.exec(line) ?? [];
    if (base === undefined) return [];
    const after = lines.slice(index + 1);
    const end = after.findIndex((other) => other.startsWith('FROM '));
    return [{ name, base, lines: end === -1 ? after : after.slice(0, end) }];
  });
}

/** The instructions of a stage and of the stages on which it is based. */
function everyLineOf(stage: Stage): readonly string[] {
  const below = stages.find(({ name }) => name !== '' && name === stage.base);
  return [...(below === undefined ? [] : everyLineOf(below)), ...stage.lines];
}

const stages = stagesOf(read('Dockerfile'));
const image = stages.at(-1);
assert.ok(image !== undefined);
const packagesIn = (lines: readonly string[]) =>
  lines.flatMap((line) =>
    [...line.matchAll(/apt-get install ([^&]*)/g)].flatMap(([, words = '']) =>
      words.split(/\s+/).filter((word) => /^[a-z]/.test(word)),
    ),
  );

describe('the Dockerfile', () => {
  test('is based on a version of Node.js that the package supports and that its tests use, on Debian 13', () => {
    const outside = stages.filter(({ base }) => !stages.some(({ name }) => name === base));
    assert.equal(outside.length, 1);
    const [, major = ''] = /^node:(\d+)-trixie-slim$/.exec(outside[0]?.base ?? '') ?? [];
    const [, oldest = ''] = /^>=(\d+)[.]/.exec(manifest.engines.node) ?? [];
    assert.ok(Number(major) >= Number(oldest), `${major} >= ${oldest}`);
    assert.match(read('src/package.slow.ts'), new RegExp(`const versions = \\[.*'${major}'`));
  });

  test('installs oneDNN as CI and docs/dependencies.md do', () => {
    const [onednn, ...others] = packagesIn(everyLineOf(image));
    assert.deepEqual(others, []);
    assert.match(onednn ?? '', /^libdnnl3/);
    assert.match(read('.ci/run'), new RegExp(`\\binstall ${onednn?.replaceAll('.', '[.]')}\\b`));
    assert.ok(read('docs/dependencies.md').includes(`\`${onednn}\` on Debian 13`));
  });

  test('copies files that exist and that .dockerignore lets through', () => {
    const allowed = [...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, path = '']) => path);
    assert.match(read('.dockerignore'), /^\*$/m);
    for (const path of allowed) assert.ok(existsSync(join(root, path)), path);
    const copied = stages
      .flatMap(({ lines }) => lines)
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1));
    assert.ok(copied.length > 0);
    for (const path of copied) assert.ok(path === '.' || allowed.includes(path), path);
    for (const needed of ['src', 'scripts', 'bin', 'web', 'tsconfig.json', 'LICENSE'])
      assert.ok(allowed.includes(needed), needed);
  });

  test('uses stages and scripts that exist', () => {
    const named = stages.flatMap(({ lines }) =>
      lines.flatMap((line) => [...line.matchAll(/--from=(\S+)/g)].map(([, name = '']) => name)),
    );
    assert.ok(named.length > 0);
    for (const name of named)
      assert.ok(
        stages.some((stage) => stage.name === name),
        name,
      );
    const scripts = stages.flatMap(({ lines }) =>
      lines.flatMap((line) => [...line.matchAll(/npm run (?:--\S+ )*(\S+)/g)].map(([, name = '']) => name)),
    );
    assert.deepEqual(scripts, ['pack']);
    assert.ok(manifest.scripts['pack'] !== undefined);
  });

  test('runs the program as the first process and not as root, in folders that docs/docker.md describes', () => {
    const lines = everyLineOf(image);
    assert.equal(lines.filter((line) => line.startsWith('USER ')).at(-1), 'USER node');
    const entry = lines.find((line) => line.startsWith('ENTRYPOINT '));
    assert.equal(entry, 'ENTRYPOINT ["cifar10"]');
    const link = lines.find((line) => line.includes('ln -s')) ?? '';
    assert.match(link, new RegExp(`ln -s /app/${manifest.bin['cifar10']} /usr/local/bin/cifar10 `));
    const [, made = ''] = /mkdir ([^&]*)/.exec(link) ?? [];
    const folders = made.trim().split(' ');
    assert.ok(folders.includes('/runs') && lines.includes('WORKDIR /runs'));
    for (const folder of folders) assert.ok(read('docs/docker.md').includes(`| \`${folder}\` |`), folder);
    assert.ok(lines.some((line) => line.includes(`image.licenses="${manifest.license}"`)));
  });
});

test('the development container is a stage of the Dockerfile, and its commands exist', () => {
  const container = JSON.parse(read('.devcontainer/devcontainer.json')) as {
    readonly build: { readonly dockerfile: string; readonly context: string; readonly target: string };
    readonly remoteUser: string;
    readonly postCreateCommand: string;
  };
  const { dockerfile, context, target } = container.build;
  assert.ok(existsSync(join(root, '.devcontainer', dockerfile)));
  assert.equal(join(root, '.devcontainer', context, '/'), root);
  const stage = stages.find(({ name }) => name === target);
  assert.ok(stage !== undefined, target);
  assert.ok(packagesIn(everyLineOf(stage)).includes('git'));
  assert.equal(everyLineOf(stage).at(-1), `USER ${container.remoteUser}`);
  for (const [, script = ''] of container.postCreateCommand.matchAll(/npm run (\S+)/g))
    assert.ok(manifest.scripts[script] !== undefined, script);
});
