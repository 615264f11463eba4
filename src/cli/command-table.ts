/** Every command of the program, one record each, in the order of the help. */
import type { Command } from './commands/context.ts';
import type { CommandName } from './flag.ts';

export interface CommandRecord<C extends CommandName> {
  /** Loads the command, so that help and errors of usage come at once. */
  readonly load: () => Promise<Command<C>>;
  /** Whether a first Ctrl-C asks the command to end, because it has something to save or to remove; else it ends the process. */
  readonly isStoppable: boolean;
  /** For the list of commands. */
  readonly summary: string;
  /** What it does, as paragraphs. */
  readonly description: string;
  /** What the help calls the words that are no flags; undefined where there are none. */
  readonly operand?: string;
  /** What follows `cifar10`, and what that is good for. */
  readonly examples: readonly (readonly [line: string, purpose: string])[];
}

export const commandTable: { readonly [C in CommandName]: CommandRecord<C> } = {
  download: {
    load: async () => (await import('./commands/download.ts')).downloadCommand,
    isStoppable: true,
    summary: 'fetch and verify CIFAR-10, or draw the generated set',
    description:
      'Puts a data set into the data folder: fetches the archive, continuing an earlier attempt, verifies ' +
      'size and MD5, unpacks it aside, verifies every file and label, and only then gives the folder its name. An ' +
      'archive that is there is unpacked, a folder that is there is verified and left. train and eval do the same ' +
      'where the data is missing.',
    examples: [
      ['download --data-dir data', 'CIFAR-10 from the page of its authors'],
      ['download --data-dir data --url https://mirror.example/cifar-10-binary.tar.gz', 'From somewhere else'],
      ['download --data-dir data --tarball cifar-10-binary.tar.gz', 'From a copy, without a network'],
      ['download --data-dir data --dataset synthetic', 'Ten drawn classes, made here'],
    ],
  },
  train: {
    load: async () => (await import('./commands/train.ts')).trainCommand,
    isStoppable: true,
    summary: 'train the network, or resume a training',
    description:
      'Trains the convolutional network of the CIFAR-10 tutorial and saves checkpoints. In a folder that holds ' +
      'checkpoints it resumes from the newest whole one, as if it had never stopped: data set, batch size, seed ' +
      'and recipe are those of the checkpoint, unless a flag says otherwise. Ctrl-C saves a checkpoint and leaves. Nothing is deleted ' +
      'but checkpoints beyond --keep.',
    examples: [
      ['train', 'Train on CIFAR-10 with the settings of the tutorial'],
      [
        'train --dataset synthetic --clip-norm 5 --max-steps 1000',
        'A first run without a download; simple pictures need a limit',
      ],
      ['train --train-dir runs/a --seed 1', 'Another run, beside the first'],
      ['train --train-dir runs/a --max-steps 20000', 'Go on with that run to step 20,000'],
      ['train --keep 0 --checkpoint-steps 500', 'Keep a checkpoint of every 500 steps'],
      [
        'train --holdout 0.1 --eval-every 1000',
        'Score images kept out of training, keep the best checkpoint',
      ],
      ['train --train-dir runs/a --restart', 'Start anew; the old run is moved to runs/a.1'],
    ],
  },
  eval: {
    load: async () => (await import('./commands/eval.ts')).evalCommand,
    isStoppable: true,
    summary: 'measure how often a trained network is right',
    description:
      'Classifies images by the checkpoints of a training folder and prints precision @ 1: the share of images ' +
      'whose highest score is that of the true class. Each image counts once. With --run-once it scores the newest ' +
      'whole checkpoint; without, it watches the folder beside a running training, scores each checkpoint once and ' +
      'watches until Ctrl-C. Results are added to <eval-dir>/evaluations.jsonl.',
    examples: [
      ['eval --run-once', 'The newest checkpoint on the 10,000 test images'],
      ['eval --run-once --checkpoint-dir runs/a', 'The same for another run'],
      ['eval --run-once --weights raw', 'The weights themselves instead of their moving averages'],
      ['eval --run-once --eval-data train_eval', 'Training images: how much is memorized?'],
      ['eval --run-once --report', 'Every class, the confusion matrix, files with every prediction'],
      ['eval --eval-interval-secs 30', 'Beside a training, every new checkpoint'],
    ],
  },
  inspect: {
    load: async () => (await import('./commands/inspect.ts')).inspectCommand,
    isStoppable: false,
    summary: 'look into the network, a checkpoint, event files, data or an ONNX file',
    operand: 'thing',
    description:
      'Tells what a thing holds. `graph`: the layers of the network with their parameters and multiply-adds. A ' +
      'checkpoint or a training folder: what run it belongs to, and every tensor in a few numbers. Event files, one or ' +
      'all of a folder: every tag with its points and its last value, without TensorBoard. A data folder: ' +
      'examples of every class, all files and labels verified. An .onnx file: inputs, outputs, operators.',
    examples: [
      ['inspect graph', 'The layers and their sums'],
      ['inspect graph --full', 'Every node of a training step, with its gradients'],
      ['inspect runs/a', 'The newest checkpoint of a run, and what its event files hold'],
      ['inspect data/cifar-10-batches-bin', 'Is the data whole?'],
    ],
  },
  doctor: {
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
    isStoppable: false,
    summary: 'see what this machine has and lacks, and whether training works',
    description:
      'Looks at versions, cores and quota, memory, folders and data; then trains one small batch with every engine, ' +
      'to see that training works here and about how fast, and says which engine --engine auto uses. Takes 3 to 15 ' +
      'seconds. Leaves with 1 where something is missing.',
    examples: [
      ['doctor', 'With the default folders'],
      ['doctor --data-dir data --train-dir runs/a', 'For a run that is planned'],
    ],
  },
  bench: {
    load: async () => (await import('./commands/bench.ts')).benchCommand,
    isStoppable: true,
    summary: 'time training on this machine, every engine and precision',
    description:
      'Times whole training steps, input and moving averages included, of every engine and precision that works here ' +
      '(emulated ones are marked, impossible ones named with the reason), ' +
      'with one thread and with all, for batches of 32, 128 and 512, in turn and after a warm-up; then input, ' +
      'evaluation, and a run of its own each: time to the first step and memory. The share of the roof compares with ' +
      'what a step would take if the engine computed it as fast as its best matrix product here. Takes about three ' +
      'minutes; --engine, --precision and --batch-size name one and are faster.',
    examples: [
      ['bench', 'Everything there is'],
      ['bench --engine onednn --batch-size 256 --steps 50', 'One engine, one size, more steps'],
      ['bench --profile --precision float32', 'Where the time of a step goes, in both engines'],
      ['bench --peers bench/peers/torch_step.py', 'In turn with PyTorch (in a clone), as ratios'],
      ['bench --out bench.json', 'Keep the measurements for comparison'],
    ],
  },
};

/** Commands of the finished program that this version refuses. */
export const laterCommands: readonly string[] = ['import', 'export', 'predict', 'dashboard'];

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commandTable, name);
}
