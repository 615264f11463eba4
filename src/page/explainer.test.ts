import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Explainer, type ExplainerState } from './explainer.ts';
import { OneAtATime } from './one-at-a-time.ts';

type State = ExplainerState<string, string, string>;

/** An explainer whose files are names of models. A model whose name begins with `bad` cannot be opened. */
function fixture() {
  const queue = new OneAtATime();
  const releases: (() => void)[] = [];
  let [state, inWorker, isHeld]: [State, string, boolean] = [{}, '', false];
  const wait = () => (isHeld ? new Promise<void>((resolve) => releases.push(resolve)) : Promise.resolve());
  const explainer = new Explainer<string, string, string>(
    {
      open: (file) =>
        queue.run(async () => {
          await wait();
          const name = new TextDecoder().decode(file);
          if (name.startsWith('bad')) throw new Error(`${name} is damaged`);
          inWorker = name;
          return name;
        }),
      explain: (picture, explained) =>
        queue.run(async () => {
          await wait();
          return `${picture} by ${inWorker}, class ${explained}`;
        }),
    },
    (next) => {
      state = next;
    },
  );
  return {
    explainer,
    shown: () => state.shown,
    model: () => state.model,
    hold: () => {
      isHeld = true;
    },
    release: async () => {
      isHeld = false;
      for (const release of releases.splice(0)) release();
      for (let turn = 0; turn < 5; turn++) await setImmediate();
    },
    open: (name: string, isSame = false) =>
      explainer.open(async () => new TextEncoder().encode(name), isSame),
  };
}

test('a picture that arrives while a model opens is explained when it is open', async () => {
  const { explainer, open, hold, release, shown } = fixture();
  hold();
  const opening = open('a');
  await explainer.take('cat');
  assert.equal(shown(), undefined);
  await release();
  assert.equal(await opening, true);
  assert.deepEqual(shown(), { model: 'a', picture: 'cat', insight: 'cat by a, class null' });
});

test('only the model and the picture that were chosen last are shown', async () => {
  const { explainer, open, hold, release, shown } = fixture();
  await open('a');
  hold();
  const works = [explainer.take('cat'), open('b'), open('c'), explainer.take('dog')];
  await release();
  assert.deepEqual(await Promise.all(works), [undefined, false, true, undefined]);
  assert.deepEqual(shown(), { model: 'c', picture: 'dog', insight: 'dog by c, class null' });
});

test('a newer version of the model keeps the class and what is shown, another one does not', async () => {
  const { explainer, open, hold, release, shown } = fixture();
  await open('a1');
  await explainer.take('cat');
  await explainer.explain(7);
  hold();
  const newer = open('a2', true);
  assert.equal(shown()?.insight, 'cat by a1, class 7');
  await release();
  await newer;
  assert.equal(shown()?.insight, 'cat by a2, class 7');
  hold();
  const other = open('b');
  assert.equal(shown(), undefined);
  await release();
  await other;
  assert.equal(shown()?.insight, 'cat by b, class null');
});

test('if a model cannot be opened, the one before it explains', async () => {
  const { explainer, open, shown, model } = fixture();
  await open('a');
  const opening = open('bad');
  await explainer.take('cat');
  await assert.rejects(opening, /bad is damaged/);
  assert.equal(model(), 'a');
  assert.equal(shown()?.insight, 'cat by a, class null');
});

test('without a model, a picture is refused with advice', async () => {
  const { explainer, open, model } = fixture();
  await assert.rejects(explainer.take('cat'), /Choose a model first/);
  await open('a');
  explainer.lose();
  assert.equal(model(), undefined);
  assert.equal(explainer.isEmpty, true);
  await assert.rejects(explainer.take('cat'), /Choose a model first/);
});
