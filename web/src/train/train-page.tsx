/** Train here: a network learns the user's own pictures, or the generated set, in the browser. */
import { useRef, useState } from 'preact/hooks';
import { messageOf } from '../../../src/errors.ts';
import { pageLearningRate, pageNetwork } from '../../../src/page/page-recipe.ts';
import { useRunList } from '../runs.ts';
import type { TrainingData } from '../worker/messages.ts';
import { ClassesEditor, type OwnClass } from './classes-editor.tsx';
import { chosenFiles, classesOf, droppedFiles } from './folders.ts';
import { Results } from './results.tsx';
import { useTraining } from './use-training.ts';

const firstClasses: readonly OwnClass[] = [
  { name: 'class 1', pictures: [] },
  { name: 'class 2', pictures: [] },
];
const rates = [0.001, 0.002, 0.005, 0.01, 0.02, pageLearningRate, 0.1] as const;

export function TrainPage() {
  const [state, actions] = useTraining();
  const { begun, step, isTraining, learningRate, loading, error, canContinue } = state;
  const [classes, setClasses] = useState(firstClasses);
  const { list } = useRunList();
  return (
    <section class="train" aria-label="Train here">
      <h1>Train here</h1>
      <p class="hint">A convolutional network learns in this browser. No picture leaves this machine.</p>
      {begun === undefined && loading === undefined && (
        <Choice
          classes={classes}
          onClasses={setClasses}
          onBegin={actions.begin}
          onError={actions.fail}
          onContinue={canContinue ? actions.continueStored : undefined}
        />
      )}
      <div role="status">
        {loading !== undefined && (
          <label class="loading">
            {loading.what} <progress max={1} value={loading.done} />
          </label>
        )}
      </div>
      {error !== undefined && error !== '' && (
        <p class="message failure" role="alert">
          {error}
        </p>
      )}
      {begun !== undefined && (
        <>
          <div class="toolbar">
            {isTraining ? (
              <button type="button" class="primary" onClick={actions.pause}>
                Pause
              </button>
            ) : (
              <button type="button" class="primary" onClick={actions.train}>
                Train on
              </button>
            )}
            <label>
              <span>Learning rate</span>
              <select
                value={learningRate}
                onChange={({ currentTarget: { value } }) => actions.setLearningRate(Number(value))}
              >
                {[...new Set([...rates, learningRate])]
                  .toSorted((a, b) => a - b)
                  .map((rate) => (
                    <option key={rate} value={rate}>
                      {rate}
                    </option>
                  ))}
              </select>
            </label>
            <button type="button" onClick={() => actions.download('onnx')}>
              Download the model (ONNX)
            </button>
            <button type="button" onClick={() => actions.download('checkpoint')}>
              Download the checkpoint
            </button>
            <button type="button" onClick={actions.forget}>
              Forget this run
            </button>
          </div>
          <p class="hint">
            Continue on a machine with the checkpoint:{' '}
            <code>
              {list?.program ?? 'cifar10'} train --init-from model.ckpt-{step}.safetensors{' '}
              {begun.isGenerated ? '--dataset synthetic' : '--data FOLDER'} --network {pageNetwork}
            </code>
          </p>
          <Results
            {...{ begun, step, learningRate, curves: state.curves, score: state.score }}
            imagesPerSecond={isTraining ? state.imagesPerSecond : undefined}
            filters={state.filters}
          />
        </>
      )}
    </section>
  );
}

interface ChoiceProps {
  readonly classes: readonly OwnClass[];
  readonly onClasses: (change: (classes: readonly OwnClass[]) => readonly OwnClass[]) => void;
  readonly onBegin: (data: TrainingData) => void;
  readonly onError: (error: string) => void;
  readonly onContinue: (() => void) | undefined;
}

function Choice({ classes, onClasses, onBegin, onError, onContinue }: ChoiceProps) {
  const folder = useRef<HTMLInputElement>(null);
  const take = (files: Parameters<typeof classesOf>[0]) =>
    classesOf(files).then(
      ({ classes: found, problems }) => {
        onClasses(() => found);
        if (problems.length > 0) onError(problems.slice(0, 3).join(' '));
      },
      (error: unknown) => onError(messageOf(error)),
    );
  const own = (): TrainingData => ({
    kind: 'pictures',
    classes: classes.map(({ name }) => name),
    pictures: classes.flatMap(({ pictures }, label) => pictures.map((picture) => ({ label, ...picture }))),
  });
  const isReady = classes.every(({ pictures }) => pictures.length >= 2);
  return (
    <>
      <div class="toolbar">
        {onContinue !== undefined && (
          <button type="button" class="primary" onClick={onContinue}>
            Continue the run that this browser has kept
          </button>
        )}
        <button type="button" onClick={() => onBegin({ kind: 'generated' })}>
          Train on ten classes of drawn shapes
        </button>
      </div>
      <fieldset
        class="drop panel"
        aria-label="Folders of pictures"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          const items = event.dataTransfer?.items;
          if (items !== undefined)
            droppedFiles(items).then(take, (error: unknown) => onError(messageOf(error)));
        }}
      >
        <p>Drop two to ten folders of pictures here, one for each class, or:</p>
        <button type="button" onClick={() => folder.current?.click()}>
          Choose a folder of such folders
        </button>
        <input
          ref={(element) => {
            folder.current = element;
            if (element !== null) element.webkitdirectory = true;
          }}
          type="file"
          hidden
          multiple
          aria-label="A folder of folders"
          onChange={({ currentTarget }) => {
            void take(chosenFiles([...(currentTarget.files ?? [])]));
          }}
        />
      </fieldset>
      <ClassesEditor {...{ classes, onError }} onChange={onClasses} />
      <div class="toolbar">
        <button type="button" class="primary" disabled={!isReady} onClick={() => onBegin(own())}>
          Train on these pictures
        </button>
        {!isReady && <span class="hint">Each class needs at least 2 pictures; 20 or more learn better.</span>}
      </div>
    </>
  );
}
