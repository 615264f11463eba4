/** The flags that say which checkpoint is used: the group “Checkpoint” of the help. */

export const checkpointFlags = {
  checkpointDir: {
    kind: 'string',
    valueName: 'folder',
    default: '/tmp/cifar10_train',
    help: 'training folder, whose newest checkpoint is evaluated, or a checkpoint file',
    helpFor: {
      predict:
        'training folder, whose newest checkpoint is used, a checkpoint file, or an exported .onnx or .safetensors file (default: /tmp/cifar10_train)',
      export: 'the same as the argument <run> (default: /tmp/cifar10_train)',
    },
    group: 'Checkpoint',
    commands: ['eval', 'predict', 'export'],
  },
  weights: {
    kind: 'choice',
    choices: ['ema', 'raw'],
    default: 'ema',
    help: 'use the moving averages of the weights (if the run keeps them), or the weights themselves',
    helpFor: {
      export:
        'export the moving averages of the weights (if the run keeps them, the default), or the weights themselves',
    },
    group: 'Checkpoint',
    commands: ['eval', 'predict', 'export'],
  },
  runOnce: {
    kind: 'boolean',
    default: false,
    help: 'evaluate the newest checkpoint and exit; otherwise watch for new ones until Ctrl-C',
    group: 'Checkpoint',
    commands: ['eval'],
  },
  evalIntervalSecs: {
    kind: 'number',
    valueName: 'seconds',
    minimum: 0.1,
    maximum: 86_400,
    default: 300,
    help: 'how often to look for new checkpoints',
    group: 'Checkpoint',
    commands: ['eval'],
  },
} as const;
